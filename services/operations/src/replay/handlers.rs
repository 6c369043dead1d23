//! The handlers of facts and questions, as they run live.

use chrono::{DateTime, Utc};
use infragpt_agent::Agent;
use infragpt_connectors::{github, slack};
use infragpt_conversations::{Again, rehearse};
use infragpt_identity::clerk;
use infragpt_nats::{
    GrantKey, Handler as _, HandlerError, Received, Rehearsal, Stage,
    rehearsal::{Decided, Moment},
};

/// The streams of facts, which are handled by a decision alone.
pub(super) const FACTS: [&str; 3] = ["RAW_SLACK", "RAW_GITHUB", "RAW_CLERK"];

/// The last word of a question's subject in EVENTS.
pub(super) const QUESTION: &str = "answer_requested";

/// Who answers questions that are asked again: this build's own agent, with the tools that are there now.
#[derive(Debug, Clone)]
pub struct Answerer {
    agent: Agent,
    grants: GrantKey,
    deadline: fn() -> DateTime<Utc>,
}

impl Answerer {
    /// `grants` has to be the key that the tools check with; `deadline` says until when a question that is asked now has to be
    /// answered.
    pub fn new(agent: Agent, grants: GrantKey, deadline: fn() -> DateTime<Utc>) -> Self {
        Self {
            agent,
            grants,
            deadline,
        }
    }
}

/// Whether something is decided about `received`: a fact, or a question.
pub(super) fn is_handled(received: &Received) -> bool {
    FACTS.contains(&received.stream.as_str()) || is_question(received)
}

fn is_question(received: &Received) -> bool {
    received.stream == "EVENTS" && received.subject.ends_with(&format!(".{QUESTION}"))
}

/// What a fact or a question keeps its order with; nothing where no handler takes it.
pub(super) fn key(stage: &Stage, received: &Received) -> Option<String> {
    let nowhere = stage.at(Moment::Before(0));
    let route = match received.stream.as_str() {
        "RAW_SLACK" => slack::Handler::rehearse(&nowhere).route(received),
        "RAW_GITHUB" => github::Handler::rehearse(&nowhere).route(received),
        "RAW_CLERK" => clerk::Handler::rehearse(&nowhere).route(received),
        _ => return received.token(3).map(str::to_owned),
    };
    Some(route.key)
}

/// What is decided about `received` on the log as of a moment. `posted_id` is where the answer of a question stands.
///
/// # Errors
/// What the handler can't do: a retry means that the log can't be read.
pub(super) async fn decide(
    rehearsal: &Rehearsal,
    received: &Received,
    (answerer, posted_id): (Option<&Answerer>, Option<String>),
) -> Result<Vec<Decided>, HandlerError> {
    match (received.stream.as_str(), answerer) {
        ("RAW_SLACK", _) => slack::Handler::rehearse(rehearsal).handle(received.clone()).await?,
        ("RAW_GITHUB", _) => github::Handler::rehearse(rehearsal).handle(received.clone()).await?,
        ("RAW_CLERK", _) => clerk::Handler::rehearse(rehearsal).handle(received.clone()).await?,
        (_, Some(answerer)) => {
            let again = Again {
                grants: &answerer.grants,
                deadline: (answerer.deadline)(),
                posted_id,
            };
            rehearse(rehearsal, received, again, async |ask| {
                answerer.agent.rehearse(ask).await
            })
            .await?;
        }
        _ => {}
    }
    Ok(rehearsal.decided())
}
