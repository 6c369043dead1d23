//! A change, as the API shows it.

use chrono::{DateTime, Utc};
use infragpt_projections::changes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::words;

/// Something that changed in a repository.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// Its identity.
    id: Uuid,
    /// What kind of change.
    #[schema(value_type = words::ChangeKind)]
    kind: String,
    /// The repository, `owner/name`.
    repository: String,
    /// What it is, in a line.
    title: String,
    /// Where people find it.
    url: String,
    /// Who did it.
    actor: Actor,
    /// The branch, the tag, or the number with its `#`.
    reference: Option<String>,
    /// The revision that it brought or ran on.
    revision: Option<String>,
    /// More lines: the subjects of commits, what failed.
    details: Vec<String>,
    /// When it happened, in the clock of the system that told of it.
    occurred_at: DateTime<Utc>,
}

/// Who made a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Actor {
    /// The identifier in the external system.
    id: String,
    /// The name there.
    name: String,
    /// Where people find them.
    url: Option<String>,
}

impl From<changes::Change> for Change {
    fn from(change: changes::Change) -> Self {
        Self {
            id: change.id,
            kind: change.kind,
            repository: change.repository,
            title: change.title,
            url: change.url,
            actor: Actor {
                id: change.actor.id,
                name: change.actor.name,
                url: change.actor.url,
            },
            reference: change.reference,
            revision: change.revision,
            details: change.details,
            occurred_at: change.occurred_at,
        }
    }
}
