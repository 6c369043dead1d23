//! A session token, verified against a key: pure, and what every request goes through.
//!
//! Source: <https://clerk.com/docs/backend-requests/resources/session-tokens>.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use infragpt_connectors::text::Text;
use infragpt_events::OrganizationId;
use serde::{Deserialize, de::IgnoredAny};

use super::{Error, jwks::Key};
use crate::{configuration::Issuer, identifier::is_identifier};

/// Longer than any token that fits in a cookie.
const LONGEST: usize = 16 * 1024;

/// How far Clerk's clock may be from ours, in seconds.
const SKEW: i64 = 5;

/// Somebody who is signed in, as their token says. What they may do is not taken from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The person, as Clerk calls them.
    pub user: String,
    /// The session.
    pub id: String,
    /// The organization that they act for, if they chose one.
    pub organization: Option<OrganizationId>,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
}

/// A token in its three parts. <https://www.rfc-editor.org/rfc/rfc7515>
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'token> {
    header: &'token str,
    payload: &'token str,
    signature: &'token str,
    /// The first two, with the full stop between them.
    message: &'token str,
}

/// What a token's header says. Keys that it brings along (`jwk`, `jku`, `x5c`, `x5u`) are not among it.
#[derive(Debug, Deserialize)]
pub(super) struct Header<'json> {
    #[serde(borrow)]
    alg: Option<Text<'json>>,
    #[serde(borrow)]
    kid: Option<Text<'json>>,
    #[serde(borrow)]
    typ: Option<Text<'json>>,
    /// What has to be understood. Nothing of it is.
    crit: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Claims<'json> {
    #[serde(borrow)]
    iss: Option<Text<'json>>,
    #[serde(borrow)]
    sub: Option<Text<'json>>,
    #[serde(borrow)]
    sid: Option<Text<'json>>,
    #[serde(borrow)]
    azp: Option<Text<'json>>,
    #[serde(borrow)]
    sts: Option<Text<'json>>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    act: Option<IgnoredAny>,
    v: Option<u32>,
    #[serde(borrow)]
    o: Option<Chosen<'json>>,
    #[serde(borrow)]
    org_id: Option<Text<'json>>,
}

#[derive(Debug, Deserialize)]
struct Chosen<'json> {
    #[serde(borrow)]
    id: Text<'json>,
}

impl<'token> Token<'token> {
    /// Takes a token apart.
    pub fn split(token: &'token str) -> Result<Self, Error> {
        if token.len() > LONGEST {
            return Err(Error::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Error::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Error::Malformed)?;
        if payload.contains('.') {
            return Err(Error::Malformed);
        }
        Ok(Self {
            header,
            payload,
            signature,
            message,
        })
    }

    /// The JSON of its header.
    pub fn header(&self) -> Result<Vec<u8>, Error> {
        decode(self.header)
    }

    /// Who it says somebody is, if `key` signed it, `issuer` made it, and it is good at `now` or expired less than `grace`
    /// seconds ago.
    pub fn verify(&self, key: &Key, issuer: &Issuer, now: DateTime<Utc>, grace: i64) -> Result<Session, Error> {
        let signature = decode(self.signature)?;
        if !key.signed(self.message.as_bytes(), &signature) {
            return Err(Error::Signature);
        }
        let payload = decode(self.payload)?;
        let claims: Claims<'_> = serde_json::from_slice(&payload).map_err(|_| Error::Malformed)?;
        claims.check(issuer, now.timestamp(), grace)?;
        claims.session()
    }
}

impl<'json> Header<'json> {
    /// Reads a header.
    pub fn read(json: &'json [u8]) -> Result<Self, Error> {
        let header: Self = serde_json::from_slice(json).map_err(|_| Error::Malformed)?;
        if header.alg.as_deref() != Some("RS256") {
            return Err(Error::Algorithm);
        }
        if header.crit.is_some() {
            return Err(Error::Malformed);
        }
        if header
            .typ
            .as_deref()
            .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"))
        {
            return Err(Error::NoSession);
        }
        Ok(header)
    }

    /// The key that it says it is signed with.
    pub fn key(&self) -> Result<&str, Error> {
        self.kid.as_deref().ok_or(Error::UnknownKey)
    }
}

impl Claims<'_> {
    fn check(&self, issuer: &Issuer, now: i64, grace: i64) -> Result<(), Error> {
        if self.iss.as_deref() != Some(issuer.name.as_str()) {
            return Err(Error::Issuer);
        }
        let until = self.exp.ok_or(Error::Expired)?.saturating_add(SKEW + grace);
        if until <= now {
            return Err(Error::Expired);
        }
        let from = self.nbf.max(self.iat).unwrap_or(now);
        if from.saturating_sub(SKEW) > now {
            return Err(Error::NotYet);
        }
        let party = self.azp.as_deref().ok_or(Error::AuthorizedParty)?;
        if !issuer.parties.iter().any(|allowed| allowed == party) {
            return Err(Error::AuthorizedParty);
        }
        if self.act.is_some() {
            return Err(Error::Impersonation);
        }
        if self.sts.as_deref() == Some("pending") {
            return Err(Error::Pending);
        }
        Ok(())
    }

    fn session(&self) -> Result<Session, Error> {
        let named = |claim: &Option<Text<'_>>, absent: Error| match claim.as_deref() {
            None | Some("") => Err(absent),
            Some(text) if is_identifier(text) => Ok(text.to_owned()),
            Some(_) => Err(Error::Malformed),
        };
        Ok(Session {
            user: named(&self.sub, Error::NoSubject)?,
            id: named(&self.sid, Error::NoSession)?,
            organization: self.organization()?,
            expires_at: self
                .exp
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
                .ok_or(Error::Malformed)?,
        })
    }

    /// The organization, where the version of the claims has it: in another place the same name is anybody's own claim.
    fn organization(&self) -> Result<Option<OrganizationId>, Error> {
        let chosen = match self.v {
            None | Some(0 | 1) => self.org_id.as_deref(),
            Some(2..) => self.o.as_ref().map(|chosen| &*chosen.id),
        };
        let Some(id) = chosen else { return Ok(None) };
        let organization = OrganizationId::parse(id).map_err(|_| Error::Malformed)?;
        if organization.is_nobody() {
            return Err(Error::Malformed);
        }
        Ok(Some(organization))
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Malformed)
}
