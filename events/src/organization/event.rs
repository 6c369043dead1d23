//! What happens to an organization.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::Profile;
use crate::{OrganizationId, aggregate::domain_events};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a06");

/// An organization's identity as an aggregate.
pub fn id(organization: &OrganizationId) -> Uuid {
    Uuid::new_v5(&NAMESPACE, organization.as_str().as_bytes())
}

domain_events! {
    /// What happens to an organization.
    pub enum OrganizationEvent of "organization" {
        /// It is known by its name.
        Created = "created" v 1,
        /// It has another name.
        Renamed = "renamed" v 1,
        /// It is still known by that name.
        Confirmed = "confirmed" v 1,
        /// It said something about itself.
        ProfileSet = "profile_set" v 1,
        /// Somebody belongs to it.
        MemberAdded = "member_added" v 1,
        /// Somebody may do more or less than before.
        MemberRoleChanged = "member_role_changed" v 1,
        /// Somebody may still do what they could before.
        MemberConfirmed = "member_confirmed" v 1,
        /// Somebody does not belong to it any more.
        MemberRemoved = "member_removed" v 1,
        /// It is gone, for good.
        Deleted = "deleted" v 1,
        /// Everything that was kept of it is erased.
        Erased = "erased" v 1,
    }
}

/// What somebody may do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees what the organization sees.
    Member,
    /// Also connects, disconnects and reads the audit.
    Admin,
}

impl Role {
    /// The role as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// It is known by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The name for people.
    pub name: String,
    /// The name in addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// When that was last changed where it comes from; the newest wins.
    pub updated_at: DateTime<Utc>,
}

/// It has another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// The name for people.
    pub name: String,
    /// The name in addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// When that was last changed where it comes from; the newest wins.
    pub updated_at: DateTime<Utc>,
}

/// It is still known by that name. It changes nothing for anybody; what is older and comes later does not count any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmed {
    /// As of when, where it comes from.
    pub updated_at: DateTime<Utc>,
}

/// It said something about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileSet {
    /// What.
    pub profile: Profile,
}

/// Somebody belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberAdded {
    /// The membership. Leaving ends it for good: whoever comes back has another.
    pub membership: String,
    /// The person, as the identity provider calls them.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// When that was last changed where it comes from; the newest wins.
    pub updated_at: DateTime<Utc>,
}

/// Somebody may do more or less than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRoleChanged {
    /// The membership.
    pub membership: String,
    /// The person.
    pub user: String,
    /// What they may do now.
    pub role: Role,
    /// When that was last changed where it comes from; the newest wins.
    pub updated_at: DateTime<Utc>,
}

/// Somebody may still do what they could before. It changes nothing for anybody; what is older and comes later does not count any
/// more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberConfirmed {
    /// The membership.
    pub membership: String,
    /// The person.
    pub user: String,
    /// As of when, where it comes from.
    pub updated_at: DateTime<Utc>,
}

/// Somebody does not belong to it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRemoved {
    /// The membership, which nothing brings back.
    pub membership: String,
    /// The person.
    pub user: String,
}

/// It is gone, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {}

/// Everything that was kept of it is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    /// How many events of it were erased from the log.
    pub events: u64,
    /// How many facts about it were.
    pub facts: u64,
    /// Which facts, so that what points at them can be erased too.
    pub erased: Vec<ErasedFacts>,
}

/// Facts that were erased from one stream: those under a prefix up to a time, or single ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasedFacts {
    /// The stream.
    pub stream: String,
    /// What the subjects of all of them begin with, the last dot included; empty where they are listed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Where they stood, where they are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<u64>,
    /// Only what was stored until then.
    pub until: DateTime<Utc>,
}
