//! The parts of Clerk's payloads that are understood. <https://clerk.com/docs/webhooks/overview#payload-structure>

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

#[derive(Debug, Deserialize)]
pub(super) struct Event<D> {
    pub data: D,
    #[serde(default, deserialize_with = "moment")]
    pub timestamp: Option<DateTime<Utc>>,
    pub instance_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub id: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub username: Option<String>,
    #[serde(default)]
    pub email_addresses: Vec<EmailAddress>,
    pub primary_email_address_id: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EmailAddress {
    pub id: String,
    pub email_address: String,
}

/// What is left of what was deleted.
#[derive(Debug, Deserialize)]
pub(super) struct Gone {
    pub id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Organization {
    pub id: String,
    pub name: String,
    pub slug: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Membership {
    pub id: String,
    pub role: String,
    pub organization: OrganizationOfMembership,
    pub public_user_data: PublicUserData,
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// The organization as a membership carries it: whole, as of the organization's own time.
#[derive(Debug, Deserialize)]
pub(super) struct OrganizationOfMembership {
    pub id: String,
    pub name: Option<String>,
    pub slug: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PublicUserData {
    pub user_id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct EndedMembership {
    pub id: String,
    pub organization: Gone,
    pub public_user_data: PublicUserData,
}

impl User {
    /// The name for people.
    pub fn name(&self) -> Option<String> {
        let parts = [self.first_name.as_deref(), self.last_name.as_deref()];
        let full: Vec<&str> = parts
            .into_iter()
            .flatten()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        if full.is_empty() {
            self.username.clone().filter(|name| !name.is_empty())
        } else {
            Some(full.join(" "))
        }
    }

    /// Where mail reaches them.
    pub fn email(&self) -> Option<String> {
        let primary = self
            .email_addresses
            .iter()
            .find(|address| Some(&address.id) == self.primary_email_address_id.as_ref());
        primary
            .or(self.email_addresses.first())
            .map(|address| address.email_address.clone())
    }
}

/// Clerk writes moments as milliseconds.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.and_then(DateTime::from_timestamp_millis))
}
