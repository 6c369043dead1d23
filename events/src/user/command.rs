//! What a person's account can be asked, and how it decides.

use super::{
    event::{Confirmed, Deleted, Erased, Registered, Updated, UserEvent},
    state::{Person, User},
};
use crate::{
    Aggregate,
    newest::{News, news},
};

/// What a person's account can be asked. What comes from where it is kept may come in any order, and twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCommand {
    /// They are called so, as of a time.
    Describe(Person),
    /// Their account is gone.
    Delete {
        /// The person.
        user: String,
    },
    /// What was kept of them is erased.
    Erase(Erased),
}

/// Why an account refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only what is gone can be erased.
    #[error("the account has to be deleted before it is erased")]
    NotDeleted,
}

impl Aggregate for User {
    type Event = UserEvent;
    type Command = UserCommand;
    type Error = Refusal;

    fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, Refusal> {
        Ok(match (self, command) {
            (Self::Unknown, UserCommand::Describe(person)) => {
                let Person {
                    user,
                    name,
                    email,
                    updated_at,
                } = person;
                vec![
                    Registered {
                        user,
                        name,
                        email,
                        updated_at,
                    }
                    .into(),
                ]
            }
            (Self::Known(known), UserCommand::Describe(said)) => known.describe(said),
            (Self::Unknown | Self::Known(_), UserCommand::Delete { user }) => vec![Deleted { user }.into()],
            (Self::Unknown | Self::Known(_), UserCommand::Erase(_)) => return Err(Refusal::NotDeleted),
            (Self::Deleted, UserCommand::Erase(erased)) => vec![erased.into()],
            (Self::Deleted | Self::Erased, UserCommand::Describe(_) | UserCommand::Delete { .. })
            | (Self::Erased, UserCommand::Erase(_)) => vec![],
        })
    }

    fn evolve(self, event: &UserEvent) -> Self {
        self.after(event)
    }
}

impl Person {
    fn describe(&self, said: Self) -> Vec<UserEvent> {
        let is = news((self.updated_at, &self.content()), (said.updated_at, &said.content()));
        let Self {
            user,
            name,
            email,
            updated_at,
        } = said;
        match is {
            News::None => vec![],
            News::Confirms => vec![Confirmed { user, updated_at }.into()],
            News::Changes => vec![
                Updated {
                    user,
                    name,
                    email,
                    updated_at,
                }
                .into(),
            ],
        }
    }
}

#[cfg(test)]
mod tests;
