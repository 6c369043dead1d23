//! What is known of a person.

use chrono::{DateTime, Utc};

use super::event::UserEvent;

/// A person's account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum User {
    /// Nobody has heard of it.
    #[default]
    Unknown,
    /// It is there.
    Known(Person),
    /// It is gone, and what was kept of it is to be erased.
    Deleted,
    /// It is gone, and so is what was kept of it.
    Erased,
}

/// What a person is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person, as the identity provider calls them.
    pub user: String,
    /// The name for people.
    pub name: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// As of when, where it comes from.
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// Whether the account is gone, erased or not.
    pub fn is_deleted(&self) -> bool {
        match self {
            Self::Deleted | Self::Erased => true,
            Self::Unknown | Self::Known(_) => false,
        }
    }

    pub(super) fn after(self, event: &UserEvent) -> Self {
        match (self, event) {
            (_, UserEvent::Erased(_)) => Self::Erased,
            (gone @ (Self::Deleted | Self::Erased), _) => gone,
            (Self::Unknown | Self::Known(_), UserEvent::Deleted(_)) => Self::Deleted,
            (_, UserEvent::Registered(registered)) => Self::Known(Person {
                user: registered.user.clone(),
                name: registered.name.clone(),
                email: registered.email.clone(),
                updated_at: registered.updated_at,
            }),
            (_, UserEvent::Updated(updated)) => Self::Known(Person {
                user: updated.user.clone(),
                name: updated.name.clone(),
                email: updated.email.clone(),
                updated_at: updated.updated_at,
            }),
            (Self::Known(person), UserEvent::Confirmed(confirmed)) => Self::Known(Person {
                updated_at: confirmed.updated_at,
                ..person
            }),
            (Self::Unknown, UserEvent::Confirmed(_)) => Self::Unknown,
        }
    }
}

impl Person {
    /// What is compared.
    pub(super) fn content(&self) -> (Option<&str>, Option<&str>) {
        (self.name.as_deref(), self.email.as_deref())
    }
}
