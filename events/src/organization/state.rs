//! What is known of an organization.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Utc};

use super::{
    Profile,
    event::{OrganizationEvent, Role},
};

/// An organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Organization {
    /// Nobody has heard of it.
    #[default]
    Unknown,
    /// It is there.
    Known(Box<Known>),
    /// It is gone, and what was kept of it is to be erased.
    Deleted,
    /// It is gone, and so is what was kept of it.
    Erased,
}

/// What is known of an organization that is there. Its parts come in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// What it is called, once that was said.
    pub description: Option<Description>,
    /// What it says about itself, if it did.
    pub profile: Option<Profile>,
    /// Memberships that did not end, by their identifier. A person can have several for a while: the end of the older can
    /// come after the beginning of the newer.
    pub members: BTreeMap<String, Member>,
    /// Memberships that ended, also those of which nothing else was heard yet.
    pub ended: BTreeSet<String>,
}

/// What an organization is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The name for people.
    pub name: String,
    /// The name in addresses.
    pub slug: Option<String>,
    /// As of when, where it comes from.
    pub updated_at: DateTime<Utc>,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// As of when, where it comes from.
    pub updated_at: DateTime<Utc>,
}

impl Organization {
    /// What is known of it, if it is there.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::Known(known) => Some(known),
            Self::Unknown | Self::Deleted | Self::Erased => None,
        }
    }

    /// Whether it is gone, erased or not.
    pub fn is_deleted(&self) -> bool {
        match self {
            Self::Deleted | Self::Erased => true,
            Self::Unknown | Self::Known(_) => false,
        }
    }

    /// Whether it is gone, and so is what was kept of it.
    pub fn is_erased(&self) -> bool {
        matches!(self, Self::Erased)
    }

    /// What a person may do, if they belong to it: what the newest of their memberships says that did not end.
    pub fn role_of(&self, user: &str) -> Option<Role> {
        let members = self.known()?.members.iter();
        members
            .filter(|(_, member)| member.user == user)
            .max_by_key(|(id, member)| (member.updated_at, *id))
            .map(|(_, member)| member.role)
    }

    /// What it says about itself, if it did.
    pub fn profile(&self) -> Option<&Profile> {
        self.known()?.profile.as_ref()
    }

    pub(super) fn after(self, event: &OrganizationEvent) -> Self {
        match (self, event) {
            (_, OrganizationEvent::Erased(_)) => Self::Erased,
            (Self::Unknown | Self::Known(_), OrganizationEvent::Deleted(_)) => Self::Deleted,
            (Self::Unknown, event) => Self::Known(Box::new(Known::default().with(event))),
            (Self::Known(known), event) => Self::Known(Box::new(known.with(event))),
            (gone @ (Self::Deleted | Self::Erased), _) => gone,
        }
    }
}

impl Known {
    fn with(mut self, event: &OrganizationEvent) -> Self {
        match event {
            OrganizationEvent::Created(created) => {
                self.description = Some(Description {
                    name: created.name.clone(),
                    slug: created.slug.clone(),
                    updated_at: created.updated_at,
                });
            }
            OrganizationEvent::Renamed(renamed) => {
                self.description = Some(Description {
                    name: renamed.name.clone(),
                    slug: renamed.slug.clone(),
                    updated_at: renamed.updated_at,
                });
            }
            OrganizationEvent::Confirmed(confirmed) => {
                if let Some(description) = &mut self.description {
                    description.updated_at = confirmed.updated_at;
                }
            }
            OrganizationEvent::ProfileSet(set) => self.profile = Some(set.profile.clone()),
            OrganizationEvent::MemberAdded(added) => {
                self.take(&added.membership, &added.user, added.role, added.updated_at);
            }
            OrganizationEvent::MemberRoleChanged(changed) => {
                self.take(&changed.membership, &changed.user, changed.role, changed.updated_at);
            }
            OrganizationEvent::MemberConfirmed(confirmed) => {
                if let Some(member) = self.members.get_mut(&confirmed.membership) {
                    member.updated_at = confirmed.updated_at;
                }
            }
            OrganizationEvent::MemberRemoved(removed) => {
                self.members.remove(&removed.membership);
                self.ended.insert(removed.membership.clone());
            }
            OrganizationEvent::Deleted(_) | OrganizationEvent::Erased(_) => {}
        }
        self
    }

    fn take(&mut self, membership: &str, user: &str, role: Role, updated_at: DateTime<Utc>) {
        let member = Member {
            user: user.to_owned(),
            role,
            updated_at,
        };
        self.members.insert(membership.to_owned(), member);
    }
}

impl Description {
    /// What is compared.
    pub(super) fn content(&self) -> (&str, Option<&str>) {
        (&self.name, self.slug.as_deref())
    }
}

impl Member {
    /// What is compared: of two roles that were given at the same time, the lesser is taken.
    pub(super) fn content(&self) -> (Reverse<Role>, &str) {
        (Reverse(self.role), &self.user)
    }
}
