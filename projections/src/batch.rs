//! Messages of one stream on their way into the read models.

use infragpt_events::{
    DomainEvent, audit::AuditEvent, change::ChangeEvent, conversation::ConversationEvent, integration::IntegrationEvent,
};
use infragpt_nats::{DecodeFailure, Received, decode_event};
use sqlx::PgConnection;

use crate::{Recorded, audit, changes, conversations, event_index, integrations, resources};

/// Messages of one stream in its order, decoded for the read models that take them.
#[derive(Debug, Default)]
pub struct Batch {
    received: Vec<Received>,
    integrations: Vec<Recorded<IntegrationEvent>>,
    changes: Vec<Recorded<ChangeEvent>>,
    conversations: Vec<Recorded<ConversationEvent>>,
    audit: Vec<Recorded<AuditEvent>>,
    unreadable: Vec<(usize, DecodeFailure)>,
}

impl Batch {
    /// Decodes the domain events among `received`. Facts, and aggregates that no read model takes, are only indexed; so
    /// are events that this build can't read, because one of them must not stop all the others.
    pub fn decode(received: Vec<Received>) -> Self {
        let mut batch = Self::default();
        for (index, message) in received.iter().enumerate() {
            if message.token(0) != Some("events") {
                continue;
            }
            let decoded = match message.token(1) {
                Some(IntegrationEvent::AGGREGATE) => recorded(message).map(|event| batch.integrations.push(event)),
                Some(ChangeEvent::AGGREGATE) => recorded(message).map(|event| batch.changes.push(event)),
                Some(ConversationEvent::AGGREGATE) => recorded(message).map(|event| batch.conversations.push(event)),
                Some(AuditEvent::AGGREGATE) => recorded(message).map(|event| batch.audit.push(event)),
                _ => Ok(()),
            };
            if let Err(failure) = decoded {
                batch.unreadable.push((index, failure));
            }
        }
        batch.received = received;
        batch
    }

    /// The messages, in the order of their stream.
    pub fn received(&self) -> &[Received] {
        &self.received
    }

    /// The events that this build can't read, and why.
    pub fn unreadable(&self) -> impl Iterator<Item = (&Received, &DecodeFailure)> {
        self.unreadable
            .iter()
            .map(|(index, failure)| (&self.received[*index], failure))
    }

    /// Writes every read model's rows; applying a batch again changes nothing.
    ///
    /// # Errors
    /// When PostgreSQL refuses or is gone; the transaction is to be rolled back.
    pub async fn apply(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.index(connection).await?;
        integrations::apply(connection, &self.integrations).await?;
        resources::apply(connection, &self.integrations).await?;
        changes::apply(connection, &self.changes).await?;
        conversations::apply(connection, &self.conversations).await?;
        audit::apply(connection, &self.audit).await
    }

    /// Writes only the index of events.
    ///
    /// # Errors
    /// As [`Batch::apply`].
    pub async fn index(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        event_index::apply(connection, &self.received).await
    }
}

fn recorded<E: DomainEvent>(message: &Received) -> Result<Recorded<E>, DecodeFailure> {
    let decoded = decode_event(message)?;
    Ok(Recorded {
        organization: decoded.organization,
        aggregate: decoded.aggregate_id,
        sequence: message.sequence,
        time: message.envelope.time.unwrap_or(message.published),
        actor: message.envelope.actor.clone(),
        correlation: message.envelope.correlation.clone(),
        event: decoded.event,
    })
}
