//! The NATS service in front of the built-in agent.

use std::{sync::atomic::AtomicUsize, time::Duration};

use chrono::{DateTime, Utc};
use infragpt_nats::agent::{Ask, SUBJECT};
use infragpt_nats::{Call, Connection, FrameSink, Service, service};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::builtin;
use crate::tool::Tools;

/// No question is worked on for longer, whatever its deadline says.
const LONGEST: Duration = Duration::from_mins(5);

const TOO_LATE: &str = "Looking that up took too long. Please ask again in a minute.";

/// The role `agent`.
#[derive(Debug, Clone)]
pub struct Agent {
    connection: Connection,
    clock: fn() -> DateTime<Utc>,
}

impl Agent {
    /// An agent with the permissions of `connection`'s role. `clock` only measures what is left until a question's
    /// deadline: 'now' for the answer comes with the question.
    pub fn new(connection: &Connection, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            connection: connection.clone(),
            clock,
        }
    }

    /// Answers `agent.v1.ask` until `shutdown`, then finishes what it is answering.
    ///
    /// # Errors
    /// When the service can't be started.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), service::Error> {
        let connection = self.connection.clone();
        Service::new(
            &connection,
            "agent",
            env!("CARGO_PKG_VERSION"),
            "Answers questions from what InfraGPT recorded, and proposes re-runs (built in, without a language model)",
        )
        .frames(SUBJECT, move |call, frames| {
            let agent = self.clone();
            async move { agent.answer(&call, &frames).await }
        })
        .run(shutdown)
        .await
    }

    async fn answer(&self, call: &Call, frames: &FrameSink) {
        let ask: Ask = match call.json() {
            Ok(ask) => ask,
            Err(error) => {
                tracing::warn!(%error, "Refused a question that can't be read");
                frames
                    .error("The question did not have the form that this agent reads.")
                    .await;
                return;
            }
        };
        let tools = self.tools(&ask, Some(frames));
        match timeout(self.left(&ask), builtin::answer(&ask, &tools)).await {
            Ok(Ok(answer)) => {
                if let Some(proposal) = &answer.proposal {
                    frames.proposal(proposal).await;
                }
                frames.answer(&answer.text).await;
            }
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(conversation.id = %ask.conversation, cause, "A question was not answered: {error}");
                frames.error(&error.sentence()).await;
            }
            Err(_) => {
                tracing::warn!(conversation.id = %ask.conversation, "A question ran into its deadline");
                frames.error(TOO_LATE).await;
            }
        }
    }

    /// Answers as the service would, here and now: for a question that is asked again to see what this build says.
    ///
    /// # Errors
    /// The sentence that would be said instead of an answer.
    pub async fn rehearse(&self, ask: &Ask) -> Result<String, String> {
        let tools = self.tools(ask, None);
        match timeout(self.left(ask), builtin::answer(ask, &tools)).await {
            Ok(answer) => answer.map(|answer| answer.text).map_err(|error| error.sentence()),
            Err(_) => Err(TOO_LATE.to_owned()),
        }
    }

    fn tools<'question>(&'question self, ask: &Ask, frames: Option<&'question FrameSink>) -> Tools<'question> {
        Tools {
            connection: &self.connection,
            frames,
            clock: self.clock,
            deadline: ask.deadline,
            called: AtomicUsize::new(0),
        }
    }

    fn left(&self, ask: &Ask) -> Duration {
        let left = (ask.deadline - (self.clock)()).to_std();
        left.unwrap_or(Duration::ZERO).min(LONGEST)
    }
}
