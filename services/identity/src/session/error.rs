//! Why a token is not taken.

/// Why a token is not taken. All but [`Unavailable`](Self::Unavailable) are the token's own fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no JWT, or what it says is not written as Clerk writes it.
    #[error("the token isn't a session token")]
    Malformed,
    /// It is signed in another way than RS256, or not at all.
    #[error("the token isn't signed with RS256")]
    Algorithm,
    /// It names a key that Clerk does not have, or no key.
    #[error("the token is signed with a key that isn't known")]
    UnknownKey,
    /// It was changed, or somebody else signed it.
    #[error("the token's signature doesn't match")]
    Signature,
    /// It was made by another instance.
    #[error("the token comes from another issuer")]
    Issuer,
    /// Its time is over, or it does not say when that is.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token isn't good yet")]
    NotYet,
    /// It was made for an application that isn't among those that are allowed, or does not say for which.
    #[error("the token was made for another application")]
    AuthorizedParty,
    /// It is not of a session: Clerk signs other tokens with the same keys.
    #[error("the token isn't of a session")]
    NoSession,
    /// It does not say who somebody is.
    #[error("the token names nobody")]
    NoSubject,
    /// Somebody else acts in this person's name, and what is done could not be said to be theirs.
    #[error("the token lets somebody act as somebody else")]
    Impersonation,
    /// The person has to do something before they are signed in, such as choosing an organization.
    #[error("the session isn't complete: finish signing in")]
    Pending,
    /// Whether Clerk has such a key can't be found out right now.
    #[error("the keys of sessions can't be read right now")]
    Unavailable,
}
