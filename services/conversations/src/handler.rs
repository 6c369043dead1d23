//! One question from its request to its recorded answer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_events::DomainEvent as _;
use infragpt_events::OrganizationId;
use infragpt_events::conversation::{AnswerRequested, AnswerState, Conversation, ConversationEvent, Refusal};
use infragpt_nats::agent::{Ask, Turn as Said};
use infragpt_nats::{
    AggregateSubject, Cause, Connection, EventStore, ExecuteError, Grant, GrantKey, Handler, HandlerError, Received,
    Route, decode_event,
};
use uuid::Uuid;

use crate::agent::{self, Reply};
use crate::attempt::{Attempt, Attempts, may_be_repeated};
use crate::connector::{self, Post};
use crate::error::Waiting;
use crate::history;
use crate::outcome::Outcome;
use crate::service::Settings;
use crate::watermark::Watermark;

/// The tools that every answer may use. Grants name tools one by one.
const TOOLS: [&str; 3] = [
    "tool.v1.infragpt.changes",
    "tool.v1.infragpt.integrations",
    "tool.v1.infragpt.status",
];

/// Who records answers.
pub(crate) const ACTOR: &str = "role:conversations";

/// Handles the requests for answers.
#[derive(Debug)]
pub(crate) struct Questions {
    pub connection: Connection,
    pub store: EventStore,
    pub grants: GrantKey,
    pub settings: Settings,
    pub clock: fn() -> DateTime<Utc>,
    pub attempts: Attempts,
    pub watermark: Watermark,
}

/// One request, decoded.
struct Question {
    organization: OrganizationId,
    conversation: Uuid,
    subject: AggregateSubject,
    requested: AnswerRequested,
    /// Since the log holds it.
    waited: Duration,
    /// Whether its answer may stand in the thread already.
    repeated: bool,
}

impl Handler for Questions {
    fn route(&self, received: &Received) -> Route {
        let token = |index| received.token(index).unwrap_or_default().to_owned();
        Route {
            key: token(3),
            tenant: token(2),
        }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        Ok(self.answer(&received).await?)
    }
}

/// What an agent is asked: at a time, and to be answered until another.
pub(crate) fn asked(
    requested: &AnswerRequested,
    conversation: &AggregateSubject,
    history: Vec<Said>,
    grants: &GrantKey,
    (now, deadline): (DateTime<Utc>, DateTime<Utc>),
) -> Ask {
    let grant = Grant {
        organization: conversation.organization().clone(),
        conversation: conversation.id(),
        tools: TOOLS.map(str::to_owned).to_vec(),
        expires: deadline,
    };
    Ask {
        conversation: conversation.id(),
        organization: conversation.organization().clone(),
        question: requested.message.text.clone(),
        history,
        grant: grants.sign(&grant),
        deadline,
        now,
    }
}

impl Questions {
    async fn answer(&self, received: &Received) -> Result<(), Waiting> {
        let now = (self.clock)();
        let decoded = decode_event::<ConversationEvent>(received)?;
        let ConversationEvent::AnswerRequested(requested) = decoded.event else {
            return Err(Waiting::NotARequest(decoded.event.name()));
        };
        let answer_id = requested.answer_id;
        let before = self.attempts.begin(answer_id);
        let question = Question {
            subject: AggregateSubject::new::<Conversation>(&decoded.organization, decoded.aggregate_id),
            organization: decoded.organization,
            conversation: decoded.aggregate_id,
            waited: (now - received.published).to_std().unwrap_or(Duration::ZERO),
            repeated: may_be_repeated(received, before.as_ref(), now)
                || !self.watermark.is_below(received.sequence).await,
            requested,
        };
        let outcome = match before {
            Some(Attempt::Decided(outcome)) => outcome,
            Some(Attempt::Begun) | None => {
                let Some(history) = self.history(&question).await? else {
                    self.attempts.end(answer_id);
                    return Ok(());
                };
                let settled = self.settle(&question, history, now).await;
                if settled.as_ref().is_err_and(Waiting::is_without_trace) && !question.repeated {
                    self.attempts.end(answer_id);
                }
                let outcome = settled?;
                self.attempts.decide(answer_id, outcome.clone());
                outcome
            }
        };
        self.record(&question, received, outcome).await?;
        self.attempts.end(answer_id);
        Ok(())
    }

    /// What was said before; `None` where the question is answered already.
    ///
    /// The question that starts a thread has nothing before it, so unless it may have been worked on, the log need not
    /// be read at all.
    async fn history(&self, question: &Question) -> Result<Option<Vec<Said>>, Waiting> {
        let AnswerRequested {
            place,
            message,
            answer_id,
        } = &question.requested;
        if !question.repeated && message.id == place.thread {
            return Ok(Some(Vec::new()));
        }
        let conversation = self
            .store
            .load::<Conversation>(&question.subject)
            .await
            .map_err(Waiting::Load)?
            .state;
        let open = conversation
            .turn(*answer_id)
            .is_none_or(|turn| turn.answer == AnswerState::Requested);
        Ok(open.then(|| history::before(conversation.turns(), *answer_id)))
    }

    /// Finds an answer and posts it, or posts that there is none.
    async fn settle(&self, question: &Question, history: Vec<Said>, now: DateTime<Utc>) -> Result<Outcome, Waiting> {
        let given_up = question.waited >= self.settings.give_up_after;
        let answer = match self.ask(question, history, now).await {
            Reply::Answer(text) => Ok(text),
            Reply::Refusal(reason) => Err(reason),
            Reply::Nobody if given_up => {
                Err("Nobody was there to answer this in time. Please ask again later.".to_owned())
            }
            Reply::Nobody => return Err(Waiting::NoAgent),
        };
        let text = answer.as_ref().unwrap_or_else(|reason| reason);
        let posted = self.post(question, text).await;
        match (answer, posted) {
            (Ok(text), Ok(posted)) => Ok(Outcome::Posted {
                posted_id: posted.posted_id,
                text: posted.text.unwrap_or(text),
            }),
            (Err(reason), Ok(posted)) => Ok(match posted.text {
                // Somebody before us had an answer and posted it, and fell before recording it.
                Some(found) if found != reason => Outcome::Posted {
                    posted_id: posted.posted_id,
                    text: found,
                },
                _ => Outcome::Failed {
                    reason,
                    posted_id: Some(posted.posted_id),
                },
            }),
            (_, Err(connector::Error::Refused(reason))) => Ok(Outcome::Failed {
                reason,
                posted_id: None,
            }),
            (_, Err(error)) if given_up => Ok(Outcome::Failed {
                reason: error.to_string(),
                posted_id: None,
            }),
            (_, Err(error)) => Err(Waiting::Post(error)),
        }
    }

    async fn ask(&self, question: &Question, history: Vec<Said>, now: DateTime<Utc>) -> Reply {
        let deadline = now + self.settings.answer_within;
        let ask = asked(
            &question.requested,
            &question.subject,
            history,
            &self.grants,
            (now, deadline),
        );
        agent::ask(&self.connection, &ask, self.settings.answer_within).await
    }

    async fn post(&self, question: &Question, text: &str) -> Result<connector::Posted, connector::Error> {
        let place = &question.requested.place;
        let post = Post {
            organization: &question.organization,
            account: &place.account,
            channel: &place.channel,
            thread: &place.thread,
            answer_id: question.requested.answer_id,
            text,
            look_first: question.repeated,
        };
        connector::post(&self.connection, place, &post).await
    }

    async fn record(&self, question: &Question, received: &Received, outcome: Outcome) -> Result<(), Waiting> {
        let answer_id = question.requested.answer_id;
        let cause = Cause {
            time: (self.clock)(),
            ..Cause::of(received, ACTOR)
        };
        let failed = match &outcome {
            Outcome::Failed { reason, .. } => Some(reason.clone()),
            Outcome::Posted { .. } => None,
        };
        match self
            .store
            .execute::<Conversation>(&question.subject, &cause, outcome.command(&question.requested))
            .await
        {
            Ok(_) => {}
            Err(ExecuteError::Refused(refusal @ (Refusal::AlreadyFailed(_) | Refusal::NotRequested(_)))) => {
                tracing::error!(answer.id = %answer_id, "An answer was posted and can't be recorded: {refusal}");
            }
            Err(error @ ExecuteError::Store(_)) => return Err(Waiting::Record(Box::new(error))),
        }
        let conversation = question.conversation;
        if let Some(reason) = failed {
            tracing::warn!(conversation.id = %conversation, answer.id = %answer_id, "Gave up a question of conversation `{conversation}`: {reason}");
        } else {
            tracing::info!(conversation.id = %conversation, answer.id = %answer_id, "Answered a question of conversation `{conversation}`");
        }
        Ok(())
    }
}
