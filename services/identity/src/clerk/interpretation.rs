//! What a stored webhook from Clerk means: pure, so that a replay says the same.

use chrono::{DateTime, Utc};
use infragpt_connectors::text::json_problem;
use infragpt_events::{
    OrganizationId,
    organization::{Description, Member, OrganizationCommand, Role},
    user::{Person, UserCommand},
};
use infragpt_nats::Received;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{
    EventType,
    payload::{EndedMembership, Event, Gone, Membership, Organization, User},
};
use crate::identifier::is_identifier;

/// What is to be done about a webhook.
#[derive(Clone, Debug, PartialEq)]
pub enum Interpretation {
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// Do it.
    Act {
        /// `clerk:<instance>`, or `clerk` where none is named.
        actor: String,
        /// What to do.
        action: Action,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something was said of an organization.
    Organization {
        /// Which.
        organization: OrganizationId,
        /// What, in the order in which it is to be heard.
        commands: Vec<OrganizationCommand>,
    },
    /// Something was said of a person.
    User {
        /// Which.
        user: String,
        /// What.
        command: UserCommand,
    },
}

impl Action {
    /// Whether somebody is gone for good.
    pub fn deletes(&self) -> bool {
        match self {
            Self::Organization { commands, .. } => commands.contains(&OrganizationCommand::Delete),
            Self::User { command, .. } => matches!(command, UserCommand::Delete { .. }),
        }
    }
}

/// A payload that isn't what its type documents. It goes to the dead letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload can't be read as Clerk's `{kind}`: {problem}")]
pub struct Malformed {
    /// What it should have been.
    pub kind: String,
    /// Where it is wrong.
    pub problem: String,
}

/// Reads a webhook.
///
/// # Errors
/// [`Malformed`] when it isn't JSON, or not what its own type documents.
pub fn interpret(received: &Received) -> Result<Interpretation, Malformed> {
    let kind = received.envelope.kind.as_str();
    let kind = kind.strip_prefix("dev.clerk.").unwrap_or(kind);
    let reading = Reading { kind, received };
    match EventType::parse(kind) {
        EventType::UserCreated | EventType::UserUpdated => reading.user(),
        EventType::UserDeleted => reading.user_gone(),
        EventType::OrganizationCreated | EventType::OrganizationUpdated => reading.organization(),
        EventType::OrganizationDeleted => reading.organization_gone(),
        EventType::OrganizationMembershipCreated | EventType::OrganizationMembershipUpdated => reading.membership(),
        EventType::OrganizationMembershipDeleted => reading.membership_ended(),
        EventType::EmailCreated | EventType::SmsCreated => {
            reading.nothing("what was sent to somebody is between Clerk and them")
        }
        EventType::SessionCreated
        | EventType::SessionEnded
        | EventType::SessionPending
        | EventType::SessionRemoved
        | EventType::SessionRevoked => reading.nothing("a session's token ends within a minute of the session"),
        _ => reading.nothing("its type means nothing to us"),
    }
}

struct Reading<'fact> {
    kind: &'fact str,
    received: &'fact Received,
}

impl Reading<'_> {
    fn user(&self) -> Result<Interpretation, Malformed> {
        let event: Event<User> = self.read()?;
        let updated_at = self.at(event.data.updated_at, &event);
        let user = self.identifier(&event.data.id)?;
        let person = Person {
            user: user.clone(),
            name: event.data.name(),
            email: event.data.email(),
            updated_at,
        };
        let command = UserCommand::Describe(person);
        Ok(act(&event, Action::User { user, command }))
    }

    fn user_gone(&self) -> Result<Interpretation, Malformed> {
        let event: Event<Gone> = self.read()?;
        let user = self.identifier(&event.data.id)?;
        let command = UserCommand::Delete { user: user.clone() };
        Ok(act(&event, Action::User { user, command }))
    }

    fn organization(&self) -> Result<Interpretation, Malformed> {
        let event: Event<Organization> = self.read()?;
        let description = Description {
            name: event.data.name.clone(),
            slug: event.data.slug.clone(),
            updated_at: self.at(event.data.updated_at, &event),
        };
        self.say(&event, &event.data.id, vec![OrganizationCommand::Describe(description)])
    }

    fn organization_gone(&self) -> Result<Interpretation, Malformed> {
        let event: Event<Gone> = self.read()?;
        self.say(&event, &event.data.id, vec![OrganizationCommand::Delete])
    }

    /// A membership also tells what its organization is called: its own webhook may have been before ours were set up.
    fn membership(&self) -> Result<Interpretation, Malformed> {
        let event: Event<Membership> = self.read()?;
        let Membership {
            id,
            role,
            organization,
            public_user_data,
            updated_at,
        } = &event.data;
        let mut commands = Vec::new();
        if let (Some(name), Some(updated_at)) = (&organization.name, organization.updated_at) {
            commands.push(OrganizationCommand::Describe(Description {
                name: name.clone(),
                slug: organization.slug.clone(),
                updated_at,
            }));
        }
        commands.push(OrganizationCommand::Admit {
            membership: self.identifier(id)?,
            member: Member {
                user: self.identifier(&public_user_data.user_id)?,
                role: role_named(role),
                updated_at: self.at(*updated_at, &event),
            },
        });
        self.say(&event, &organization.id, commands)
    }

    fn membership_ended(&self) -> Result<Interpretation, Malformed> {
        let event: Event<EndedMembership> = self.read()?;
        let command = OrganizationCommand::Dismiss {
            membership: self.identifier(&event.data.id)?,
            user: self.identifier(&event.data.public_user_data.user_id)?,
        };
        self.say(&event, &event.data.organization.id, vec![command])
    }

    fn nothing(&self, reason: &'static str) -> Result<Interpretation, Malformed> {
        self.read::<IgnoredAny>()?;
        Ok(Interpretation::Nothing(reason))
    }

    fn say<D>(
        &self,
        event: &Event<D>,
        organization: &str,
        commands: Vec<OrganizationCommand>,
    ) -> Result<Interpretation, Malformed> {
        let organization = OrganizationId::parse(organization)
            .ok()
            .filter(|organization| !organization.is_nobody())
            .ok_or_else(|| self.malformed("the organization's identifier isn't one"))?;
        Ok(act(event, Action::Organization { organization, commands }))
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        serde_json::from_slice(&self.received.payload).map_err(|error| self.malformed(json_problem(&error)))
    }

    /// As of when something was so: as it says, or when the webhook was made, or when it came.
    fn at<D>(&self, said: Option<DateTime<Utc>>, event: &Event<D>) -> DateTime<Utc> {
        said.or(event.timestamp).unwrap_or(self.received.published)
    }

    fn identifier(&self, id: &str) -> Result<String, Malformed> {
        if is_identifier(id) {
            Ok(id.to_owned())
        } else {
            Err(self.malformed("an identifier isn't one"))
        }
    }

    fn malformed(&self, problem: impl Into<String>) -> Malformed {
        Malformed {
            kind: self.kind.to_owned(),
            problem: problem.into(),
        }
    }
}

fn act<D>(event: &Event<D>, action: Action) -> Interpretation {
    let instance = event.instance_id.as_deref().filter(|id| is_identifier(id));
    Interpretation::Act {
        actor: instance.map_or_else(|| "clerk".to_owned(), |id| format!("clerk:{id}")),
        action,
    }
}

/// Clerk's own administrators are ours. Who has a role that somebody made up may do what members may.
fn role_named(role: &str) -> Role {
    match role {
        "org:admin" | "admin" => Role::Admin,
        _ => Role::Member,
    }
}

#[cfg(test)]
mod tests;
