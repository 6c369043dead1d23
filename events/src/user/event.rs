//! What happens to a person's account.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::{aggregate::domain_events, organization::ErasedFacts};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a07");

/// A person's identity as an aggregate, from what the identity provider calls them.
pub fn id(user: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, user.as_bytes())
}

domain_events! {
    /// What happens to a person's account.
    pub enum UserEvent of "user" {
        /// They are known by their name.
        Registered = "registered" v 1,
        /// They are called something else, or are reached elsewhere.
        Updated = "updated" v 1,
        /// They are still called so, and reached there.
        Confirmed = "confirmed" v 1,
        /// Their account is gone, for good.
        Deleted = "deleted" v 1,
        /// Everything that was kept of them is erased.
        Erased = "erased" v 1,
    }
}

/// They are known by their name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// The person, as the identity provider calls them.
    pub user: String,
    /// The name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where mail reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When that was last changed where it comes from; the newest wins.
    pub updated_at: DateTime<Utc>,
}

/// They are called something else, or are reached elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Updated {
    /// The person.
    pub user: String,
    /// The name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where mail reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When that was last changed where it comes from; the newest wins.
    pub updated_at: DateTime<Utc>,
}

/// They are still called so, and reached there. It changes nothing for anybody; what is older and comes later does not count any
/// more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmed {
    /// The person.
    pub user: String,
    /// As of when, where it comes from.
    pub updated_at: DateTime<Utc>,
}

/// Their account is gone, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The person.
    pub user: String,
}

/// Everything that was kept of them is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    /// The person.
    pub user: String,
    /// How many events of them were erased from the log.
    pub events: u64,
    /// How many facts about them were.
    pub facts: u64,
    /// Which facts, so that what points at them can be erased too.
    pub erased: Vec<ErasedFacts>,
}
