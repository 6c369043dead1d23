//! Why something is not erased yet. Each is tried again, for as long as it takes.

use std::time::Duration;

use infragpt_events::{ConnectorKind, organization, user};
use infragpt_nats::{DecodeFailure, ExecuteError, HandlerError, account, erase, event_store, log, request};

/// Why something is not erased yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It can't be listed, or not deleted.
    #[error(transparent)]
    Erase(#[from] erase::Error),
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// An aggregate can't be loaded.
    #[error(transparent)]
    Load(#[from] event_store::Error),
    /// An event can't be read.
    #[error("an event that says what has to be erased can't be read")]
    Decode(#[from] DecodeFailure),
    /// Nobody knows whose an account is.
    #[error(transparent)]
    Account(#[from] account::Error),
    /// The role `integrations` can't be asked, or refuses.
    #[error("the connections can't be ended")]
    Connections(#[source] request::Error),
    /// A connection has not ended yet.
    #[error("the connection with {connector} has not ended yet: {remaining}")]
    Connected {
        /// With which kind of system.
        connector: ConnectorKind,
        /// What remains to be done there.
        remaining: String,
    },
    /// `erased` can't be appended to an organization.
    #[error("it can't be recorded that the organization is erased")]
    Organization(#[from] ExecuteError<organization::Refusal>),
    /// `erased` can't be appended to a person.
    #[error("it can't be recorded that the person is erased")]
    Person(#[from] ExecuteError<user::Refusal>),
    /// A copy of the log does not say so yet.
    #[error("it is not deleted, as far as the log can tell yet")]
    NotDeleted,
    /// The role ends.
    #[error("the rest is erased when the role runs again")]
    Ending,
    /// Somebody may still append something about it.
    #[error("what there was is erased; it is looked once more when nobody works any more on what came before")]
    NotQuiet(Duration),
}

impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        let after = match &error {
            Error::NotQuiet(after) => *after,
            _ => Duration::ZERO,
        };
        Self::retry(error).after(after)
    }
}
