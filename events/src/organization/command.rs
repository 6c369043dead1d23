//! What an organization can be asked, and how it decides.

use super::{
    Profile,
    event::{
        Confirmed, Created, Deleted, Erased, MemberAdded, MemberConfirmed, MemberRemoved, MemberRoleChanged,
        OrganizationEvent, ProfileSet, Renamed,
    },
    state::{Description, Known, Member, Organization},
};
use crate::{
    Aggregate,
    newest::{News, news},
};

/// What an organization can be asked. What comes from where it is kept may come in any order, and twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationCommand {
    /// It is called so, as of a time.
    Describe(Description),
    /// Somebody belongs to it, as of a time.
    Admit {
        /// The membership.
        membership: String,
        /// Whose, and what they may do.
        member: Member,
    },
    /// A membership ended, for good.
    Dismiss {
        /// The membership.
        membership: String,
        /// Whose it was.
        user: String,
    },
    /// It says this about itself.
    SetProfile {
        /// What.
        profile: Profile,
        /// What whoever says it believes that it said before.
        expected: Expected,
    },
    /// It is gone.
    Delete,
    /// What was kept of it is erased.
    Erase(Erased),
}

/// What somebody believes that an organization says about itself, who says something else in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// They did not look.
    Anything,
    /// That it said nothing yet.
    Nothing,
    /// That it said this.
    This(Profile),
}

/// Why an organization refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has heard of it.
    #[error("there is no such organization")]
    Unknown,
    /// It is gone.
    #[error("the organization was deleted")]
    Deleted,
    /// Somebody else was faster.
    #[error("the profile was changed meanwhile: look at it again")]
    ProfileChanged,
    /// Only what is gone can be erased.
    #[error("the organization has to be deleted before it is erased")]
    NotDeleted,
}

impl Aggregate for Organization {
    type Event = OrganizationEvent;
    type Command = OrganizationCommand;
    type Error = Refusal;

    fn decide(&self, command: OrganizationCommand) -> Result<Vec<OrganizationEvent>, Refusal> {
        let nothing_known = Known::default();
        let known = match self {
            Self::Unknown => &nothing_known,
            Self::Known(known) => known,
            Self::Deleted | Self::Erased => return self.decide_gone(command),
        };
        let decided = match command {
            OrganizationCommand::Describe(said) => known.describe(said),
            OrganizationCommand::Admit { membership, member } => known.admit(membership, member),
            OrganizationCommand::Dismiss { membership, user } => {
                let ends = !known.ended.contains(&membership);
                ends.then(|| MemberRemoved { membership, user }.into())
            }
            OrganizationCommand::SetProfile { .. } if *self == Self::Unknown => return Err(Refusal::Unknown),
            OrganizationCommand::SetProfile { profile, expected } => known.set_profile(profile, &expected)?,
            OrganizationCommand::Delete => Some(Deleted {}.into()),
            OrganizationCommand::Erase(_) => return Err(Refusal::NotDeleted),
        };
        Ok(decided.into_iter().collect())
    }

    fn evolve(self, event: &OrganizationEvent) -> Self {
        self.after(event)
    }
}

impl Organization {
    /// What comes late about what is gone asks for nothing; what somebody wants of it is refused.
    fn decide_gone(&self, command: OrganizationCommand) -> Result<Vec<OrganizationEvent>, Refusal> {
        match command {
            OrganizationCommand::SetProfile { .. } => Err(Refusal::Deleted),
            OrganizationCommand::Erase(erased) if !self.is_erased() => Ok(vec![erased.into()]),
            OrganizationCommand::Describe(_)
            | OrganizationCommand::Admit { .. }
            | OrganizationCommand::Dismiss { .. }
            | OrganizationCommand::Delete
            | OrganizationCommand::Erase(_) => Ok(vec![]),
        }
    }
}

impl Known {
    fn describe(&self, said: Description) -> Option<OrganizationEvent> {
        let Some(known) = &self.description else {
            let Description { name, slug, updated_at } = said;
            return Some(Created { name, slug, updated_at }.into());
        };
        let is = news((known.updated_at, &known.content()), (said.updated_at, &said.content()));
        let Description { name, slug, updated_at } = said;
        match is {
            News::None => None,
            News::Confirms => Some(Confirmed { updated_at }.into()),
            News::Changes => Some(Renamed { name, slug, updated_at }.into()),
        }
    }

    fn admit(&self, membership: String, said: Member) -> Option<OrganizationEvent> {
        if self.ended.contains(&membership) {
            return None;
        }
        let is = self
            .members
            .get(&membership)
            .map(|known| news((known.updated_at, &known.content()), (said.updated_at, &said.content())));
        let Member { user, role, updated_at } = said;
        match is {
            None => Some(
                MemberAdded {
                    membership,
                    user,
                    role,
                    updated_at,
                }
                .into(),
            ),
            Some(News::None) => None,
            Some(News::Confirms) => Some(
                MemberConfirmed {
                    membership,
                    user,
                    updated_at,
                }
                .into(),
            ),
            Some(News::Changes) => Some(
                MemberRoleChanged {
                    membership,
                    user,
                    role,
                    updated_at,
                }
                .into(),
            ),
        }
    }

    /// Saying again what it says is no change, whatever was believed: it is the same request after a lost reply.
    fn set_profile(&self, profile: Profile, expected: &Expected) -> Result<Option<OrganizationEvent>, Refusal> {
        let profile = profile.in_order();
        if self.profile.as_ref() == Some(&profile) {
            return Ok(None);
        }
        let as_expected = match expected {
            Expected::Anything => true,
            Expected::Nothing => self.profile.is_none(),
            Expected::This(expected) => self.profile.as_ref() == Some(&expected.clone().in_order()),
        };
        if !as_expected {
            return Err(Refusal::ProfileChanged);
        }
        Ok(Some(ProfileSet { profile }.into()))
    }
}

#[cfg(test)]
mod tests;
