//! A question that was asked, asked again: the same conversation so far, and nothing is posted or recorded.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_events::conversation::{Conversation, ConversationEvent};
use infragpt_nats::{
    AggregateSubject, Cause, EventStore, ExecuteError, GrantKey, HandlerError, Received, Rehearsal, agent::Ask,
    decode_event,
};

use crate::{
    handler::{ACTOR, asked},
    outcome::Outcome,
    prepare::{Prepared, prepare},
};

/// How a question is asked again.
#[derive(Debug, Clone)]
pub struct Again<'question> {
    /// Signs what the agent may call tools with.
    pub grants: &'question GrantKey,
    /// Until when it is to be answered.
    pub deadline: DateTime<Utc>,
    /// The message that its answer stood in, if it had one.
    pub posted_id: Option<String>,
}

/// Asks `answer` what the agent was asked by the request in `received`, at the time of then, and decides on what it says.
///
/// # Errors
/// [`HandlerError`], as the role has it.
pub async fn rehearse(
    rehearsal: &Rehearsal,
    received: &Received,
    again: Again<'_>,
    answer: impl AsyncFnOnce(&Ask) -> Result<String, String>,
) -> Result<(), HandlerError> {
    let decoded = decode_event::<ConversationEvent>(received).map_err(HandlerError::discard)?;
    let ConversationEvent::AnswerRequested(requested) = decoded.event else {
        return Ok(());
    };
    let subject = AggregateSubject::new::<Conversation>(&decoded.organization, decoded.aggregate_id);
    let store = EventStore::rehearse(rehearsal);
    let conversation = store
        .load::<Conversation>(&subject)
        .await
        .map_err(HandlerError::retry)?;
    let Prepared::Ask(question) = prepare(&conversation.state, requested.answer_id, Duration::ZERO, None) else {
        return Ok(());
    };
    let times = (received.published, again.deadline);
    let ask = asked(question.text, &subject, question.history, again.grants, times);
    let outcome = match answer(&ask).await {
        Ok(text) => Outcome::Posted {
            posted_id: again.posted_id.unwrap_or_default(),
            text,
        },
        Err(reason) => Outcome::Failed {
            reason,
            posted_id: again.posted_id,
        },
    };
    let cause = Cause::of(received, ACTOR);
    match store
        .execute::<Conversation>(&subject, &cause, outcome.command(&requested))
        .await
    {
        Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
        Err(ExecuteError::Store(error)) => Err(HandlerError::retry(error)),
    }
}
