//! A proposed action from its proposal to its end: people are asked, what they allow is done once, and the message that
//! asked them says what came of it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::{
    OrganizationId,
    action::{Action, ActionCommand, ActionEvent, Executed, Failed, Presented, Progress, Proposed, Refused},
    conversation::{AnswerState, Conversation},
};
use infragpt_nats::{
    AggregateSubject, Cause, Connection, EventStore, ExecuteError, Grant, GrantKey, Handler, HandlerError, Received,
    Route, decode_event, request,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    connector::{self, Chat, Posted},
    handler::ACTOR,
    words,
};

/// How long an approved action may take.
const LONGEST_RUN: Duration = Duration::from_mins(2);

/// How soon a proposal is looked at again whose answer is not posted yet.
const SOON: Duration = Duration::from_millis(200);

/// Handles what happens to actions.
#[derive(Debug)]
pub(crate) struct Actions {
    pub connection: Connection,
    pub store: EventStore,
    pub grants: GrantKey,
    pub clock: fn() -> DateTime<Utc>,
}

/// What a tool says that it has done.
#[derive(Debug, Deserialize)]
struct Done {
    /// What came of it, for people.
    outcome: String,
}

/// An action as the log has it now.
struct Known {
    organization: OrganizationId,
    id: Uuid,
    subject: AggregateSubject,
    proposal: Box<Proposed>,
    posted_id: Option<String>,
    progress: Progress,
}

impl Handler for Actions {
    fn route(&self, received: &Received) -> Route {
        let token = |index| received.token(index).unwrap_or_default().to_owned();
        Route {
            key: token(3),
            tenant: token(2),
        }
    }

    /// Acts on what the action has come to, whatever event says so: what is delivered again finds it done.
    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let Some(known) = self.load(&received).await? else {
            return Ok(());
        };
        if let Ok(ActionEvent::Refused(refused)) = decode_event(&received).map(|decoded| decoded.event) {
            return self.tell_refused(&known, &refused).await;
        }
        if known.posted_id.is_none() {
            return self.present(&known, &received).await;
        }
        match &known.progress {
            Progress::Proposed => Ok(()),
            Progress::Approved { .. } => {
                self.tell(&known).await?;
                self.run(&known, &received).await
            }
            Progress::Denied { .. } | Progress::Expired | Progress::Executed { .. } | Progress::Failed { .. } => {
                self.tell(&known).await
            }
        }
    }
}

impl Actions {
    async fn load(&self, received: &Received) -> Result<Option<Known>, HandlerError> {
        let organization = received.token(2).and_then(|token| OrganizationId::parse(token).ok());
        let id = received.token(3).and_then(|token| Uuid::try_parse(token).ok());
        let (Some(organization), Some(id)) = (organization, id) else {
            return Ok(None);
        };
        let subject = AggregateSubject::new::<Action>(&organization, id);
        let loaded = self.store.load::<Action>(&subject).await.map_err(HandlerError::retry)?;
        Ok(match loaded.state {
            Action::Unknown => None,
            Action::Known {
                proposal,
                posted_id,
                progress,
            } => Some(Known {
                organization,
                id,
                subject,
                proposal,
                posted_id,
                progress,
            }),
        })
    }

    /// Asks people, below the answer that speaks of it.
    async fn present(&self, known: &Known, received: &Received) -> Result<(), HandlerError> {
        let Some(chat) = self.chat(known) else {
            return Ok(());
        };
        if !self.is_answered(known).await? {
            return Err(HandlerError::wait(SOON, NotAnswered));
        }
        let mut body = card(known);
        body["look_first"] = (received.delivered != 1).into();
        let posted: Posted = match chat.ask("propose", body).await {
            Ok(posted) => posted,
            Err(connector::Error::Refused(reason)) => {
                tracing::warn!(action.id = %known.id, "Nobody can be asked about an action: {reason}");
                return Ok(());
            }
            Err(error) => return Err(HandlerError::retry(error)),
        };
        let presented = Presented {
            posted_id: posted.posted_id,
        };
        self.execute(known, received, ActionCommand::Present(presented)).await
    }

    /// Whether what the proposal follows from stands in the thread.
    async fn is_answered(&self, known: &Known) -> Result<bool, HandlerError> {
        let subject = AggregateSubject::new::<Conversation>(&known.organization, known.proposal.conversation);
        let conversation = self
            .store
            .load::<Conversation>(&subject)
            .await
            .map_err(HandlerError::retry)?;
        let turn = conversation.state.turn(known.proposal.answer);
        Ok(turn.is_none_or(|turn| turn.answer != AnswerState::Requested))
    }

    /// Has the tool do it. The tool does it once for each action, so asking again is no harm.
    async fn run(&self, known: &Known, received: &Received) -> Result<(), HandlerError> {
        let grant = Grant {
            organization: known.organization.clone(),
            conversation: known.proposal.conversation,
            tools: vec![known.proposal.tool.clone()],
            expires: (self.clock)() + TimeDelta::from_std(LONGEST_RUN).unwrap_or_default(),
            action: Some(known.id),
        };
        let mut arguments = known.proposal.arguments.clone();
        if !arguments.is_object() {
            arguments = json!({});
        }
        arguments["grant"] = self.grants.sign(&grant).into();
        let outcome = self
            .connection
            .request::<Value, Done>(&known.proposal.tool, &arguments, LONGEST_RUN)
            .await;
        let command = match outcome {
            Ok(done) => ActionCommand::Execute(Executed { outcome: done.outcome }),
            Err(request::Error::Service {
                code: 400..=499,
                message,
            }) => ActionCommand::Fail(Failed { reason: message }),
            Err(request::Error::Decode(error)) => ActionCommand::Fail(Failed {
                reason: format!("The tool did not say what came of it: {error}."),
            }),
            Err(error) => return Err(HandlerError::retry(error)),
        };
        self.execute(known, received, command).await
    }

    /// Has the message that asked people say how far the action came.
    async fn tell(&self, known: &Known) -> Result<(), HandlerError> {
        let (Some(chat), Some(posted_id)) = (self.chat(known), &known.posted_id) else {
            return Ok(());
        };
        let mut body = card(known);
        let (by, outcome) = words::progress(&known.progress);
        body["posted_id"] = posted_id.as_str().into();
        body["by"] = by.into();
        body["outcome"] = outcome.into();
        match chat.ask::<Value>("decided", body).await {
            Ok(_) => Ok(()),
            Err(connector::Error::Refused(reason)) => {
                tracing::warn!(action.id = %known.id, "A message can't say what came of an action: {reason}");
                Ok(())
            }
            Err(error) => Err(HandlerError::retry(error)),
        }
    }

    /// Tells somebody that they may not decide, where they tried.
    async fn tell_refused(&self, known: &Known, refused: &Refused) -> Result<(), HandlerError> {
        let Some((_, person)) = refused.by.split_once(':') else {
            return Ok(());
        };
        let chat = Chat {
            connection: &self.connection,
            organization: &known.organization,
            connector: &refused.spot.connector,
            account: &refused.spot.account,
            channel: &refused.spot.channel,
            thread: known.proposal.place.as_ref().map(|place| place.thread.as_str()),
        };
        match chat.tell(person, &refused.reason).await {
            Ok(()) | Err(connector::Error::Refused(_)) => Ok(()),
            Err(error) => Err(HandlerError::retry(error)),
        }
    }

    fn chat<'known>(&'known self, known: &'known Known) -> Option<Chat<'known>> {
        let place = known.proposal.place.as_ref()?;
        Some(Chat::at(&self.connection, &known.organization, place))
    }

    async fn execute(&self, known: &Known, received: &Received, command: ActionCommand) -> Result<(), HandlerError> {
        let cause = Cause {
            time: (self.clock)(),
            ..Cause::of(received, ACTOR)
        };
        match self.store.execute::<Action>(&known.subject, &cause, command).await {
            Ok(_) => Ok(()),
            Err(ExecuteError::Refused(refusal)) => {
                tracing::debug!(action.id = %known.id, "An action went on meanwhile: {refusal}");
                Ok(())
            }
            Err(ExecuteError::Store(error)) => Err(HandlerError::retry(error)),
        }
    }
}

/// What people read of an action.
fn card(known: &Known) -> Value {
    let proposal = &known.proposal;
    json!({
        "answer_id": proposal.answer,
        "action_id": known.id,
        "title": proposal.title,
        "what": proposal.title,
        "where": proposal.target.clone().unwrap_or_default(),
        "why": proposal.reason,
        "diff": proposal.diff,
        "expires_at": proposal.expires_at,
    })
}

/// The answer that a proposal follows from is not there yet.
#[derive(Debug, thiserror::Error)]
#[error("the answer that proposes it is not posted yet")]
struct NotAnswered;

/// Ends what nobody decided on.
#[derive(Debug)]
pub(crate) struct Expiries {
    pub store: EventStore,
    pub clock: fn() -> DateTime<Utc>,
}

/// There is still time to decide.
#[derive(Debug, thiserror::Error)]
#[error("there is still time to decide")]
struct NotYet;

impl Handler for Expiries {
    fn route(&self, received: &Received) -> Route {
        let token = |index| received.token(index).unwrap_or_default().to_owned();
        Route {
            key: token(3),
            tenant: token(2),
        }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let decoded = decode_event::<ActionEvent>(&received).map_err(HandlerError::discard)?;
        let ActionEvent::Proposed(proposed) = decoded.event else {
            return Ok(());
        };
        let now = (self.clock)();
        if let Ok(left) = (proposed.expires_at - now).to_std() {
            return Err(HandlerError::wait(left, NotYet));
        }
        let subject = AggregateSubject::new::<Action>(&decoded.organization, decoded.aggregate_id);
        let cause = Cause {
            time: now,
            ..Cause::of(&received, ACTOR)
        };
        match self
            .store
            .execute::<Action>(&subject, &cause, ActionCommand::Expire { at: now })
            .await
        {
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(ExecuteError::Store(error)) => Err(HandlerError::retry(error)),
        }
    }
}
