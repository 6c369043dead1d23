//! Why a credential can't be had.

use std::sync::Arc;

use infragpt_nats::{credential_key, event_store};

/// Why an external system gave no new credential. The text is a sentence for people, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// It never will.
    #[error("{0}")]
    Refused(String),
    /// It may later.
    #[error("{0}")]
    Unavailable(String),
}

/// Why a credential can't be had. Its text is for operators and carries no secret; callers that waited for the same
/// refresh get the same error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There never was one.
    #[error("no credential is stored for this integration")]
    NotStored,
    /// Every generation was shredded.
    #[error("the credential was shredded: connect the integration again")]
    Shredded,
    /// It was altered, or belongs to something else; which of them is nobody's business.
    #[error("the stored credential can't be opened: connect the integration again")]
    Unreadable,
    /// Its data key is wrapped under a key that this process does not have.
    #[error(
        "the data key is wrapped under a key that is not configured: INFRAGPT_ENCRYPTION_KEYS lacks the one with the \
         identifier {key}"
    )]
    KeyMissing {
        /// The identifier of the missing key.
        key: String,
    },
    /// It expired, or was refused, and there is no new one.
    #[error("the credential could not be refreshed")]
    Refresh(#[source] RefreshError),
    /// The log of credentials can't be read or written.
    #[error("the log of credentials can't be used")]
    Store(#[source] Arc<event_store::Error>),
    /// The wrapped data keys can't be read or written.
    #[error("the data keys of credentials can't be used")]
    Keys(#[source] Arc<credential_key::Error>),
    /// Others were faster every time.
    #[error("other writers of the same credential were faster every time")]
    Contended,
    /// The system's random number generator failed.
    #[error("the operating system gives no random numbers")]
    Random,
}

impl From<event_store::Error> for Error {
    fn from(error: event_store::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<credential_key::Error> for Error {
    fn from(error: credential_key::Error) -> Self {
        Self::Keys(Arc::new(error))
    }
}
