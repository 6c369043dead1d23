use serde_json::{Value, json};

use super::{
    directory::{Kept, Refused, after, derived},
    event::Event,
    organization::Organization,
    role::Role,
    user::User,
};

/// That somebody belongs to an organization.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) organization: String,
    pub(super) role: Role,
    /// In milliseconds, as all times here.
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

impl Kept {
    /// The membership object, with the organization and what is public of the person inside;
    /// <https://clerk.com/docs/reference/backend/types/backend-organization-membership>, in the spelling of webhooks.
    pub(super) fn shown(&self, membership: &Membership) -> Value {
        json!({
            "object": "organization_membership",
            "id": membership.id,
            "role": membership.role.key(),
            "role_name": membership.role.name(),
            "permissions": membership.role.permissions(),
            "public_metadata": {},
            "private_metadata": {},
            "organization": self.organization(&membership.organization).map(Organization::shown).ok(),
            "public_user_data": self.user(&membership.user).map(User::public).ok(),
            "created_at": membership.created_at,
            "updated_at": membership.updated_at,
        })
    }

    /// Somebody joins an organization. Whoever comes back gets another membership.
    pub(super) fn create_membership(
        &mut self,
        user: &str,
        organization: &str,
        role: &Role,
        now: i64,
    ) -> Result<Vec<Event>, Refused> {
        let (user, organization) = (self.user(user)?.id.clone(), self.organization(organization)?.id.clone());
        if self.membership(&user, &organization).is_some() {
            return Err(format!("`{user}` is a member of `{organization}` already."));
        }
        let count = self.joined.entry((user.clone(), organization.clone())).or_default();
        *count += 1;
        let membership = Membership {
            id: derived("orgmem", &[&organization, &user, &count.to_string()]),
            user,
            organization,
            role: role.clone(),
            created_at: now,
            updated_at: now,
        };
        let event = Event::new("organizationMembership.created", self.shown(&membership), now);
        self.memberships.push(membership);
        Ok(vec![event])
    }

    /// Somebody may do more or less than before.
    pub(super) fn update_membership(
        &mut self,
        user: &str,
        organization: &str,
        role: &Role,
        now: i64,
    ) -> Result<Vec<Event>, Refused> {
        let mut memberships = self.memberships.iter_mut();
        let found = memberships.find(|it| it.user == user && it.organization == organization);
        let membership = found.ok_or_else(|| no_member(user, organization))?;
        membership.role = role.clone();
        membership.updated_at = after(membership.updated_at, now);
        let membership = membership.clone();
        let data = self.shown(&membership);
        Ok(vec![Event::new(
            "organizationMembership.updated",
            data,
            membership.updated_at,
        )])
    }

    /// Somebody leaves or is removed.
    pub(super) fn delete_membership(
        &mut self,
        user: &str,
        organization: &str,
        now: i64,
    ) -> Result<Vec<Event>, Refused> {
        self.membership(user, organization)
            .ok_or_else(|| no_member(user, organization))?;
        Ok(self.end_memberships(now, |it| it.user == user && it.organization == organization))
    }

    /// Ends memberships, each of which is told whole.
    pub(super) fn end_memberships(&mut self, now: i64, is_over: impl Fn(&Membership) -> bool) -> Vec<Event> {
        let (over, rest) = self.memberships.drain(..).partition(|it| is_over(it));
        self.memberships = rest;
        let over: Vec<Membership> = over;
        let ended = |membership: &Membership| {
            let mut last = membership.clone();
            last.updated_at = after(last.updated_at, now);
            Event::new("organizationMembership.deleted", self.shown(&last), last.updated_at)
        };
        over.iter().map(ended).collect()
    }
}

fn no_member(user: &str, organization: &str) -> Refused {
    format!("`{user}` is no member of `{organization}`.")
}
