//! Messages of one stream on their way into the read models.

use infragpt_events::{
    DomainEvent, action::ActionEvent, audit::AuditEvent, change::ChangeEvent, channel::ChannelEvent,
    conversation::ConversationEvent, integration::IntegrationEvent, organization::OrganizationEvent,
    policy::PolicyEvent, user::UserEvent,
};
use infragpt_nats::{DecodeFailure, Received, decode_event};
use sqlx::PgConnection;

use crate::{
    Recorded, actions, audit, changes, conversations,
    erasure::{self, Gone},
    event_index, integrations, members, organizations, resources, users,
};

/// Messages of one stream in its order, decoded for the read models that take them.
#[derive(Debug, Default)]
pub struct Batch {
    received: Vec<Received>,
    events: Events,
    unreadable: Vec<(usize, DecodeFailure)>,
}

/// The domain events of a batch by what they happened to, each in the order of the log.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub organizations: Vec<Recorded<OrganizationEvent>>,
    pub users: Vec<Recorded<UserEvent>>,
    pub integrations: Vec<Recorded<IntegrationEvent>>,
    pub changes: Vec<Recorded<ChangeEvent>>,
    pub conversations: Vec<Recorded<ConversationEvent>>,
    pub actions: Vec<Recorded<ActionEvent>>,
    pub channels: Vec<Recorded<ChannelEvent>>,
    pub policies: Vec<Recorded<PolicyEvent>>,
    pub audit: Vec<Recorded<AuditEvent>>,
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
            let events = &mut batch.events;
            let decoded = match message.token(1) {
                Some(OrganizationEvent::AGGREGATE) => recorded(message).map(|event| events.organizations.push(event)),
                Some(UserEvent::AGGREGATE) => recorded(message).map(|event| events.users.push(event)),
                Some(IntegrationEvent::AGGREGATE) => recorded(message).map(|event| events.integrations.push(event)),
                Some(ChangeEvent::AGGREGATE) => recorded(message).map(|event| events.changes.push(event)),
                Some(ConversationEvent::AGGREGATE) => recorded(message).map(|event| events.conversations.push(event)),
                Some(ActionEvent::AGGREGATE) => recorded(message).map(|event| events.actions.push(event)),
                Some(ChannelEvent::AGGREGATE) => recorded(message).map(|event| events.channels.push(event)),
                Some(PolicyEvent::AGGREGATE) => recorded(message).map(|event| events.policies.push(event)),
                Some(AuditEvent::AGGREGATE) => recorded(message).map(|event| events.audit.push(event)),
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
        let Events {
            organizations: of_organizations,
            users: of_users,
            integrations: of_integrations,
            changes: of_changes,
            conversations: of_conversations,
            actions: of_actions,
            channels: of_channels,
            policies: of_policies,
            audit: of_audit,
        } = &self.events;
        // Who is gone comes first: nothing of them is written any more, and what was written goes.
        organizations::apply(connection, of_organizations).await?;
        users::apply(connection, of_users).await?;
        let gone = Gone::find(connection, &self.events).await?;
        erasure::apply(connection, of_organizations, of_users).await?;

        let of_members = gone.keep_members(of_organizations);
        let of_organizations = gone.keep(of_organizations);
        let of_integrations = gone.keep(of_integrations);
        let of_changes = gone.keep(of_changes);
        let of_conversations = gone.keep(of_conversations);
        let of_actions = gone.keep(of_actions);
        let of_channels = gone.keep(of_channels);
        let of_policies = gone.keep(of_policies);
        let of_audit = gone.keep(of_audit);
        members::apply(connection, &of_members).await?;
        integrations::apply(connection, &of_integrations).await?;
        resources::apply(connection, &of_integrations).await?;
        changes::apply(connection, &of_changes).await?;
        conversations::apply(connection, &of_conversations).await?;
        actions::apply(connection, &of_actions).await?;
        let mut entries: Vec<audit::entry::Entry<'_>> = Vec::new();
        entries.extend(of_organizations.iter().map(Into::into));
        entries.extend(of_integrations.iter().map(Into::into));
        entries.extend(of_conversations.iter().map(Into::into));
        entries.extend(of_actions.iter().map(Into::into));
        entries.extend(of_channels.iter().map(Into::into));
        entries.extend(of_policies.iter().map(Into::into));
        entries.extend(of_audit.iter().map(Into::into));
        audit::apply(connection, entries).await
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
        id: message.envelope.id.clone(),
        address: message.envelope.client_address.clone(),
        request: message.envelope.request.clone(),
        event: decoded.event,
    })
}
