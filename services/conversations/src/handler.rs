//! One question from its request to its recorded answer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_events::DomainEvent as _;
use infragpt_events::OrganizationId;
use infragpt_events::conversation::{
    AnswerRequested, Audience, Conversation, ConversationCommand, ConversationEvent, Refusal,
};
use infragpt_nats::agent::{Ask, Turn as Said};
use infragpt_nats::{
    AggregateSubject, Cause, Connection, EventStore, ExecuteError, Grant, GrantKey, Handler, HandlerError, Received,
    Route, decode_event,
};
use uuid::Uuid;

use crate::agent::Reply;
use crate::attempt::{Attempt, Attempts, may_be_repeated};
use crate::connector::{self, Chat, Post};
use crate::error::Waiting;
use crate::follow::Followed;
use crate::outcome::Outcome;
use crate::prepare::{Prepared, Question as Asked};
use crate::running::Running;
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

/// What stands at the end of an answer that somebody stopped.
const STOPPED: &str = "_Stopped._";

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
    pub running: Running,
}

/// One request, decoded.
pub(crate) struct Question {
    pub organization: OrganizationId,
    pub conversation: Uuid,
    pub subject: AggregateSubject,
    pub requested: AnswerRequested,
    /// Since the log holds it.
    pub waited: Duration,
    /// Whether its answer may stand in the thread already.
    pub repeated: bool,
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
    question: String,
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
        action: None,
    };
    Ask {
        conversation: conversation.id(),
        organization: conversation.organization().clone(),
        question,
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
        let command = match before {
            Some(Attempt::Decided(outcome)) => outcome.command(&question.requested),
            Some(Attempt::Begun) | None => {
                let Some(command) = self.find(&question, received, now).await? else {
                    self.attempts.end(answer_id);
                    return Ok(());
                };
                command
            }
        };
        self.record(&question, received, command).await?;
        self.attempts.end(answer_id);
        Ok(())
    }

    /// Finds out what came of it, and what is to be recorded; nothing where that is recorded already.
    async fn find(
        &self,
        question: &Question,
        received: &Received,
        now: DateTime<Utc>,
    ) -> Result<Option<ConversationCommand>, Waiting> {
        let answer_id = question.requested.answer_id;
        let asked = match self.prepare(question).await? {
            Prepared::Settled => return Ok(None),
            Prepared::Merge { into } => return Ok(Some(ConversationCommand::MergeAnswer { answer_id, into })),
            Prepared::Stopped { is_drafted } => {
                let outcome = self.end(question, is_drafted).await?;
                return Ok(Some(outcome.command(&question.requested)));
            }
            Prepared::Ask(asked) => asked,
        };
        let settled = self.settle(question, received, asked, now).await;
        if settled.as_ref().is_err_and(Waiting::is_without_trace) && !question.repeated {
            self.attempts.end(answer_id);
        }
        let outcome = settled?;
        self.attempts.decide(answer_id, outcome.clone());
        Ok(Some(outcome.command(&question.requested)))
    }

    /// Ends what was stopped before anybody here worked on it; somebody who was killed may have begun to write.
    async fn end(&self, question: &Question, is_drafted: bool) -> Result<Outcome, Waiting> {
        let mut posted_id = None;
        if is_drafted {
            match self.post(question, STOPPED, None, true).await {
                Ok(posted) => posted_id = Some(posted.posted_id),
                Err(connector::Error::Refused(_)) => {}
                Err(error) => return Err(Waiting::Post(error)),
            }
        }
        let reason = "Somebody stopped it.".to_owned();
        Ok(Outcome::Failed { reason, posted_id })
    }

    /// Finds an answer and posts it, or posts that there is none.
    async fn settle(
        &self,
        question: &Question,
        received: &Received,
        asked: Asked,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Waiting> {
        let given_up = question.waited >= self.settings.give_up_after;
        let deadline = now + self.settings.answer_within;
        let Asked { text, history, apology } = asked;
        let ask = self::asked(text, &question.subject, history, &self.grants, (now, deadline));
        let cause = Cause::of(received, ACTOR);
        let answering = self.running.begin(question.requested.answer_id);
        let followed = self.follow(question, &ask, &cause, &answering).await;
        drop(answering);
        let answer = match followed.reply {
            None => Err(stopped(&followed.pieces)),
            Some(Reply::Answer(ref text)) => {
                Ok(apology.map_or_else(|| text.clone(), |apology| format!("{apology}\n\n{text}")))
            }
            Some(Reply::Refusal(ref reason)) => Err(reason.clone()),
            Some(Reply::Nobody) if given_up => {
                Err("Nobody was there to answer this in time. Please ask again later.".to_owned())
            }
            Some(Reply::Nobody) => return Err(Waiting::NoAgent),
        };
        if answer.is_ok() {
            self.propose(question, &cause, &followed.proposals).await?;
        }
        let text = answer.as_ref().unwrap_or_else(|reason| reason);
        let posted = self.post_followed(question, text, &followed).await;
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

    async fn post_followed(
        &self,
        question: &Question,
        text: &str,
        followed: &Followed,
    ) -> Result<connector::Posted, connector::Error> {
        let look_first = question.repeated || followed.is_uncertain;
        let posted = self.post(question, text, followed.draft.as_ref(), look_first).await;
        if let Some(shown) = followed.status.clone().filter(connector::Shown::stays) {
            let (connection, organization) = (self.connection.clone(), question.organization.clone());
            let requested = question.requested.clone();
            tokio::spawn(async move {
                let chat = Chat::at(&connection, &organization, &requested.place);
                if let Err(error) = chat.clear(&requested.message.id, &shown).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "A status stays");
                }
            });
        }
        posted
    }

    async fn post(
        &self,
        question: &Question,
        text: &str,
        draft: Option<&connector::Draft>,
        look_first: bool,
    ) -> Result<connector::Posted, connector::Error> {
        let AnswerRequested {
            place,
            message,
            answer_id,
            audience,
            ..
        } = &question.requested;
        let post = Post {
            answer_id: *answer_id,
            message: &message.id,
            text,
            look_first,
            draft,
            audience: (*audience == Audience::Author).then_some(message.author.id.as_str()),
        };
        let mut chat = Chat::at(&self.connection, &question.organization, place);
        if *audience == Audience::Author {
            // A command has no message that a thread could hang on.
            chat.thread = None;
        }
        chat.post(&post).await
    }

    async fn record(
        &self,
        question: &Question,
        received: &Received,
        command: ConversationCommand,
    ) -> Result<(), Waiting> {
        let answer_id = question.requested.answer_id;
        let cause = Cause {
            time: (self.clock)(),
            ..Cause::of(received, ACTOR)
        };
        let recorded = self
            .store
            .execute::<Conversation>(&question.subject, &cause, command)
            .await;
        let conversation = question.conversation;
        match recorded {
            Ok(executed) => match executed.events.first() {
                Some(ConversationEvent::AnswerFailed(failed)) => {
                    tracing::warn!(conversation.id = %conversation, answer.id = %answer_id, "Gave up a question of conversation `{conversation}`: {}", failed.reason);
                }
                Some(ConversationEvent::AnswerMerged(_)) => {
                    tracing::info!(conversation.id = %conversation, answer.id = %answer_id, "A question of conversation `{conversation}` is answered with a later one");
                }
                _ => {
                    tracing::info!(conversation.id = %conversation, answer.id = %answer_id, "Answered a question of conversation `{conversation}`");
                }
            },
            Err(ExecuteError::Refused(refusal @ (Refusal::AlreadyFailed(_) | Refusal::NotRequested(_)))) => {
                tracing::error!(answer.id = %answer_id, "An answer was posted and can't be recorded: {refusal}");
            }
            Err(error @ ExecuteError::Store(_)) => return Err(Waiting::Record(Box::new(error))),
        }
        Ok(())
    }
}

/// What stands in the thread of an answer that somebody stopped.
fn stopped(pieces: &str) -> String {
    let pieces = pieces.trim_end();
    if pieces.is_empty() {
        STOPPED.to_owned()
    } else {
        format!("{pieces}…\n\n{STOPPED}")
    }
}
