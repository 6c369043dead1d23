//! A change as it is shown, and as its row keeps it.

use chrono::{DateTime, Utc};
use infragpt_events::change::Recorded;
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::column;

/// A change, as tools and people see it. Its JSON is what the rows hold, so another shape needs a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its identity.
    pub id: Uuid,
    /// What kind of change, as [`ChangeKind::as_str`](infragpt_events::change::ChangeKind::as_str).
    pub kind: String,
    /// The repository, `owner/name`.
    pub repository: String,
    /// What it is, in a line.
    pub title: String,
    /// Where people find it.
    pub url: String,
    /// Who did it.
    pub actor: Actor,
    /// The branch, tag or number.
    pub reference: Option<String>,
    /// The revision that it brought or ran on.
    pub revision: Option<String>,
    /// More lines: the subjects of commits, what failed.
    pub details: Vec<String>,
    /// When it happened, in the clock of the system that told of it.
    pub occurred_at: DateTime<Utc>,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The identifier in the external system.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where people find them.
    pub url: Option<String>,
}

impl Change {
    /// The change that an event tells of, in the form that PostgreSQL can hold.
    pub(super) fn new(id: Uuid, recorded: &Recorded) -> Self {
        Self {
            id,
            kind: recorded.kind.as_str().to_owned(),
            repository: column::key(&recorded.repository),
            title: column::text(&recorded.title),
            url: column::text(&recorded.url),
            actor: Actor {
                id: column::text(&recorded.actor.id),
                name: column::text(&recorded.actor.name),
                url: column::optional(recorded.actor.url.as_deref()),
            },
            reference: column::optional(recorded.reference.as_deref()),
            revision: column::optional(recorded.revision.as_deref()),
            details: recorded.details.iter().map(|line| column::text(line)).collect(),
            occurred_at: column::time(recorded.occurred_at),
        }
    }
}

/// A [`Change`] as the JSON that its row keeps. It serializes as that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document(String);

impl Document {
    pub(super) fn new(json: String) -> Self {
        Self(json)
    }

    /// The JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The change that it says.
    pub(super) fn read(&self) -> Result<Change, sqlx::Error> {
        serde_json::from_str(&self.0).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}
