//! Who verifies sessions.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use infragpt_connectors::http::Client;

use super::{
    Error, Session,
    keys::{Keys, Pace},
    token::{Header, Token},
};
use crate::{
    Configuration,
    configuration::{self, Issuer},
};

/// How long ago a token may have expired that somebody brings back from elsewhere, in seconds: the time that they had there.
const RETURN_GRACE: i64 = 15 * 60;

/// Verifies session tokens. Cheap to clone; clones share the keys.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    issuer: Issuer,
    keys: Keys,
    clock: fn() -> DateTime<Utc>,
}

impl Sessions {
    /// The verifier, if the configuration names an issuer; one that [`check`](Configuration::check) refuses has none.
    pub fn new(configuration: &Configuration, clock: fn() -> DateTime<Utc>) -> Option<Self> {
        Self::paced(configuration, clock, Pace::default()).ok()?
    }

    pub(super) fn paced(
        configuration: &Configuration,
        clock: fn() -> DateTime<Utc>,
        pace: Pace,
    ) -> Result<Option<Self>, configuration::Error> {
        let Some(issuer) = configuration.issuer()? else {
            return Ok(None);
        };
        let client = Client::new("clerk", clock)
            .inspect_err(|error| tracing::error!(%error, "The HTTP client for Clerk can't be built"))
            .ok();
        let keys = Keys::new(client, issuer.jwks_url.clone(), pace);
        Ok(Some(Self(Arc::new(Parts { issuer, keys, clock }))))
    }

    /// Fetches the keys, so that the first token does not wait for them.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; they are fetched when they are needed then.
    pub async fn ready(&self) -> Result<(), Error> {
        self.0.keys.ready().await
    }

    /// Verifies a token. Nothing that it says is believed before its signature is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn verify(&self, token: &str) -> Result<Session, Error> {
        self.verify_within(token, 0).await
    }

    /// As [`verify`](Self::verify), and takes a token that expired up to fifteen minutes ago: only for the end of an
    /// authorization, whose state names the person anyhow. Their page could not renew it while they were elsewhere.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn verify_return(&self, token: &str) -> Result<Session, Error> {
        self.verify_within(token, RETURN_GRACE).await
    }

    async fn verify_within(&self, token: &str, grace: i64) -> Result<Session, Error> {
        let Parts { issuer, keys, clock } = &*self.0;
        let token = Token::split(token)?;
        let json = token.header()?;
        let header = Header::read(&json)?;
        let key = keys.find(header.key()?).await?;
        token.verify(&key, issuer, clock(), grace)
    }
}
