//! What each event is as an entry of the audit.

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind, DomainEvent, OrganizationId,
    action::ActionEvent,
    audit::{AuditEvent, AuditedAction},
    channel::ChannelEvent,
    conversation::ConversationEvent,
    integration::IntegrationEvent,
    organization::OrganizationEvent,
    policy::PolicyEvent,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Recorded;

/// Whether something came to what whoever did it wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// They may not.
    Refused,
    /// It did not work.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    /// The outcome as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The outcome of a stored word; this build stores no other.
    pub(super) fn read(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
            .unwrap_or(Self::Done)
    }
}

/// An event as an entry, before it becomes columns.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub organization: &'a OrganizationId,
    pub id: Uuid,
    pub action: String,
    pub subject_kind: &'static str,
    pub subject_id: String,
    pub connector: Option<&'a ConnectorKind>,
    pub purpose: Option<&'a str>,
    pub outcome: Outcome,
    pub reason: Option<&'a str>,
    pub count: u64,
    pub actor: Option<&'a str>,
    pub address: Option<&'a str>,
    pub request: Option<&'a str>,
    pub correlation: Option<&'a str>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub sequence: u64,
}

impl<'a> Entry<'a> {
    /// What all events have in common: they were done, once.
    fn of<E: DomainEvent>(event: &'a Recorded<E>) -> Self {
        Self {
            organization: &event.organization,
            id: identity(&event.id),
            action: format!("{}.{}", E::AGGREGATE, event.event.name()),
            subject_kind: E::AGGREGATE,
            subject_id: event.aggregate.to_string(),
            connector: None,
            purpose: None,
            outcome: Outcome::Done,
            reason: None,
            count: 1,
            actor: event.actor.as_deref(),
            address: event.address.as_deref(),
            request: event.request.as_deref(),
            correlation: event.correlation.as_deref(),
            first_at: event.time,
            last_at: event.time,
            sequence: event.sequence,
        }
    }

    fn because(self, reason: &'a str) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    fn failed(self, reason: &'a str) -> Self {
        Self {
            outcome: Outcome::Failed,
            ..self.because(reason)
        }
    }

    fn refused(self, reason: &'a str) -> Self {
        Self {
            outcome: Outcome::Refused,
            ..self.because(reason)
        }
    }

    fn about_member(self, user: &str) -> Self {
        Self {
            subject_kind: "member",
            subject_id: user.to_owned(),
            ..self
        }
    }
}

impl<'a> From<&'a Recorded<IntegrationEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<IntegrationEvent>) -> Self {
        use IntegrationEvent as Event;
        let entry = Self::of(event);
        let connector = match &event.event {
            Event::AuthorizationStarted(started) => Some(&started.connector),
            Event::Authorized(authorized) => Some(&authorized.connector),
            Event::ResourceGranted(granted) => Some(&granted.connector),
            Event::ResourceWithdrawn(withdrawn) => Some(&withdrawn.connector),
            _ => None,
        };
        let entry = Self { connector, ..entry };
        match &event.event {
            Event::AuthorizationFailed(failed) => entry.failed(&failed.reason),
            Event::Degraded(degraded) => entry.because(&degraded.reason),
            Event::Suspended(suspended) => entry.because(&suspended.reason),
            Event::Disconnected(disconnected) => entry.because(&disconnected.reason),
            Event::AuthorizationStarted(_)
            | Event::AuthorizationReturned(_)
            | Event::Authorized(_)
            | Event::ResourceGranted(_)
            | Event::ResourceWithdrawn(_)
            | Event::Synchronized(_)
            | Event::PermissionsChanged(_)
            | Event::Recovered(_)
            | Event::Resumed(_) => entry,
        }
    }
}

impl<'a> From<&'a Recorded<ConversationEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<ConversationEvent>) -> Self {
        let entry = Self::of(event);
        match &event.event {
            ConversationEvent::AnswerRequested(requested) => Self {
                connector: Some(&requested.place.connector),
                ..entry
            },
            ConversationEvent::Muted(muted) => Self {
                connector: Some(&muted.place.connector),
                ..entry
            },
            ConversationEvent::AnswerFailed(failed) => entry.failed(&failed.reason),
            ConversationEvent::AnswerDrafted(_)
            | ConversationEvent::AnswerPosted(_)
            | ConversationEvent::AnswerMerged(_)
            | ConversationEvent::Stopped(_)
            | ConversationEvent::Unmuted(_)
            | ConversationEvent::FeedbackGiven(_)
            | ConversationEvent::ExplanationRequested(_)
            | ConversationEvent::MessageEdited(_)
            | ConversationEvent::MessageDeleted(_) => entry,
        }
    }
}

impl<'a> From<&'a Recorded<ActionEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<ActionEvent>) -> Self {
        let entry = Self::of(event);
        match &event.event {
            ActionEvent::Proposed(proposed) => entry.because(&proposed.reason),
            ActionEvent::Denied(denied) => Self {
                reason: denied.reason.as_deref(),
                ..entry
            },
            ActionEvent::Failed(failed) => entry.failed(&failed.reason),
            ActionEvent::Refused(refused) => entry.refused(&refused.reason),
            ActionEvent::Presented(_)
            | ActionEvent::Approved(_)
            | ActionEvent::Expired(_)
            | ActionEvent::Executed(_) => entry,
        }
    }
}

impl<'a> From<&'a Recorded<ChannelEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<ChannelEvent>) -> Self {
        let (spot, app) = match &event.event {
            ChannelEvent::Watched(watched) => (&watched.spot, None),
            ChannelEvent::Unwatched(unwatched) => (&unwatched.spot, None),
            ChannelEvent::AlertsWatched(watched) => (&watched.spot, Some(watched.app.as_str())),
            ChannelEvent::AlertsUnwatched(unwatched) => (&unwatched.spot, Some(unwatched.app.as_str())),
        };
        Self {
            connector: Some(&spot.connector),
            subject_id: spot.channel.clone(),
            purpose: app,
            ..Self::of(event)
        }
    }
}

impl<'a> From<&'a Recorded<PolicyEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<PolicyEvent>) -> Self {
        Self::of(event)
    }
}

impl<'a> From<&'a Recorded<OrganizationEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<OrganizationEvent>) -> Self {
        use OrganizationEvent as Event;
        let entry = Self {
            subject_id: event.organization.to_string(),
            ..Self::of(event)
        };
        match &event.event {
            Event::MemberAdded(added) => entry.about_member(&added.user),
            Event::MemberRoleChanged(changed) => entry.about_member(&changed.user),
            Event::MemberConfirmed(confirmed) => entry.about_member(&confirmed.user),
            Event::MemberRemoved(removed) => entry.about_member(&removed.user),
            Event::Created(_)
            | Event::Renamed(_)
            | Event::Confirmed(_)
            | Event::ProfileSet(_)
            | Event::Deleted(_)
            | Event::Erased(_) => entry,
        }
    }
}

impl<'a> From<&'a Recorded<AuditEvent>> for Entry<'a> {
    fn from(event: &'a Recorded<AuditEvent>) -> Self {
        let AuditEvent::Recorded(record) = &event.event;
        let (subject_kind, subject_id) = match record.integration {
            Some(integration) => ("integration", integration.to_string()),
            None => ("organization", event.organization.to_string()),
        };
        let outcome = match (&record.refused, record.action) {
            (None, _) => Outcome::Done,
            (Some(_), AuditedAction::AuthorizationRefused | AuditedAction::AccessRefused) => Outcome::Refused,
            (
                Some(_),
                AuditedAction::CredentialRead
                | AuditedAction::CredentialStored
                | AuditedAction::CredentialRefreshed
                | AuditedAction::CredentialRevoked
                | AuditedAction::CredentialShredded
                | AuditedAction::Redelivered
                | AuditedAction::DeadLetterRetried
                | AuditedAction::DeadLetterDiscarded,
            ) => Outcome::Failed,
        };
        Self {
            // A record is written once, whichever event says it.
            id: event.aggregate,
            action: record.action.as_str().to_owned(),
            subject_kind,
            subject_id,
            connector: record.connector.as_ref(),
            purpose: record.purpose.as_deref(),
            outcome,
            reason: record.refused.as_deref().or(record.reason.as_deref()),
            count: record.count,
            first_at: record.first_at,
            last_at: record.last_at,
            ..Self::of(event)
        }
    }
}

/// An event's id as an entry's: ours are UUIDs, and whatever else is one becomes one.
fn identity(id: &str) -> Uuid {
    Uuid::try_parse(id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()))
}
