use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{event::Event, membership::Membership, organization::Organization, role::Role, user::User};
use crate::configuration::ClerkInstance;

/// When everything that a configuration has was made, in milliseconds: the same in every sandbox, so that telling it again
/// says nothing new.
const START: i64 = 1_704_099_600_000;

/// Why nothing was changed: a sentence.
pub(crate) type Refused = String;

/// Who and what exists.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) users: Vec<User>,
    pub(super) organizations: Vec<Organization>,
    pub(super) memberships: Vec<Membership>,
    /// How often somebody joined an organization: person and organization.
    pub(super) joined: HashMap<(String, String), u32>,
    /// Every id of a person or organization that was ever given; none is given again.
    given: HashSet<String>,
}

impl Kept {
    fn new(clerk: &ClerkInstance) -> Self {
        let mut kept = Self::default();
        let organization = |it: &crate::configuration::ClerkOrganization| Organization {
            id: it.id.clone(),
            name: it.name.clone(),
            slug: it.slug.clone(),
            created_by: it.created_by.clone(),
            created_at: START,
            updated_at: START,
        };
        let user = |it: &crate::configuration::ClerkUser| User {
            id: it.id.clone(),
            first_name: it.first_name.clone(),
            last_name: it.last_name.clone(),
            email: it.email.clone(),
            created_at: START,
            updated_at: START,
        };
        kept.users = clerk.users.iter().map(user).collect();
        kept.organizations = clerk.organizations.iter().map(organization).collect();
        kept.given.extend(clerk.users.iter().map(|it| it.id.clone()));
        kept.given.extend(clerk.organizations.iter().map(|it| it.id.clone()));
        for it in &clerk.memberships {
            // One that names nobody or nothing does not exist.
            let _ = kept.create_membership(&it.user, &it.organization, &Role::new(&it.role), START);
        }
        kept
    }

    pub(super) fn user(&self, id: &str) -> Result<&User, Refused> {
        self.users.iter().find(|it| it.id == id).ok_or_else(|| nobody(id))
    }

    pub(super) fn user_mut(&mut self, id: &str) -> Result<&mut User, Refused> {
        self.users.iter_mut().find(|it| it.id == id).ok_or_else(|| nobody(id))
    }

    pub(super) fn organization(&self, id: &str) -> Result<&Organization, Refused> {
        self.organizations
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(|| nothing(id))
    }

    pub(super) fn organization_mut(&mut self, id: &str) -> Result<&mut Organization, Refused> {
        self.organizations
            .iter_mut()
            .find(|it| it.id == id)
            .ok_or_else(|| nothing(id))
    }

    pub(super) fn membership(&self, user: &str, organization: &str) -> Option<&Membership> {
        let mut memberships = self.memberships.iter();
        memberships.find(|it| it.user == user && it.organization == organization)
    }

    /// What somebody belongs to, with the role there.
    pub(super) fn memberships_of(&self, user: &str) -> Vec<(Organization, Role)> {
        let theirs = self.memberships.iter().filter(|it| it.user == user);
        theirs
            .filter_map(|it| Some((self.organization(&it.organization).ok()?.clone(), it.role.clone())))
            .collect()
    }

    /// Who belongs to an organization, with their role.
    pub(super) fn members_of(&self, organization: &str) -> Vec<(User, Role)> {
        let members = self.memberships.iter().filter(|it| it.organization == organization);
        members
            .filter_map(|it| Some((self.user(&it.user).ok()?.clone(), it.role.clone())))
            .collect()
    }

    /// Everything that exists, as if it had just been made.
    pub(super) fn created(&self) -> Vec<Event> {
        let users = self.users.iter();
        let users = users.map(|it| Event::new("user.created", it.shown(), it.updated_at));
        let organizations = self.organizations.iter();
        let organizations = organizations.map(|it| Event::new("organization.created", it.shown(), it.updated_at));
        let memberships = self.memberships.iter();
        let memberships =
            memberships.map(|it| Event::new("organizationMembership.created", self.shown(it), it.updated_at));
        users.chain(organizations).chain(memberships).collect()
    }

    /// Keeps an id for something new.
    pub(super) fn take_id(&mut self, id: &str) -> Result<(), Refused> {
        let is_fine = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        if id.is_empty() || id.len() > 64 || !id.chars().all(is_fine) {
            return Err(format!(
                "`{id}` is no id: it has to be letters, digits, `_` and `-`, 64 at most."
            ));
        }
        if !self.given.insert(id.to_owned()) {
            return Err(format!("`{id}` exists or existed, and Clerk gives an id once."));
        }
        Ok(())
    }
}

/// Who and what exists, shared.
#[derive(Debug)]
pub(super) struct Directory(Mutex<Kept>);

impl Directory {
    pub(super) fn new(clerk: &ClerkInstance) -> Self {
        Self(Mutex::new(Kept::new(clerk)))
    }

    pub(super) fn reset(&self, clerk: &ClerkInstance) {
        *self.lock() = Kept::new(clerk);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of a change: later than the one before it.
pub(super) fn after(before: i64, now: i64) -> i64 {
    now.max(before + 1)
}

/// An id that follows from what it stands for, and is the same in every sandbox.
pub(super) fn derived(prefix: &str, parts: &[&str]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, parts.join("\n").as_bytes());
    format!("{prefix}_{}", hex::encode(&digest.as_ref()[..12]))
}

fn nobody(id: &str) -> Refused {
    format!("There is nobody with the id `{id}`.")
}

fn nothing(id: &str) -> Refused {
    format!("There is no organization with the id `{id}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_is_the_same_in_every_sandbox() {
        let (one, two) = (
            Kept::new(&ClerkInstance::default()),
            Kept::new(&ClerkInstance::default()),
        );
        assert_eq!(one.created(), two.created());
        let kinds: Vec<String> = one.created().into_iter().map(|event| event.kind).collect();
        assert_eq!(
            (kinds.len(), &*kinds[0], &*kinds[3]),
            (8, "user.created", "organization.created")
        );
        assert_eq!(one.memberships[0].id, "orgmem_293fc08ddb04f69c7d6c2c1f");
    }

    #[test]
    fn who_comes_back_has_another_membership() {
        let mut kept = Kept::new(&ClerkInstance::default());
        let first = kept.membership("user_tom", "acme").unwrap().id.clone();
        let ended = kept.delete_membership("user_tom", "acme", START).unwrap();
        assert_eq!(
            (&*ended[0].kind, &ended[0].data["id"]),
            ("organizationMembership.deleted", &first.clone().into())
        );
        assert_eq!(ended[0].data["updated_at"], START + 1);
        kept.create_membership("user_tom", "acme", &Role::new("admin"), START)
            .unwrap();
        assert_ne!(kept.membership("user_tom", "acme").unwrap().id, first);
        assert!(
            kept.create_membership("user_tom", "acme", &Role::new("admin"), START)
                .is_err()
        );
    }

    #[test]
    fn an_id_is_given_once() {
        let mut kept = Kept::new(&ClerkInstance::default());
        kept.delete_user("user_tom", START).unwrap();
        for id in ["user_tom", "user_maya", "acme", "", "user tom", &"u".repeat(65)] {
            assert!(kept.take_id(id).is_err(), "{id}");
        }
        assert_eq!(kept.take_id("org_2x-Y"), Ok(()));
    }
}
