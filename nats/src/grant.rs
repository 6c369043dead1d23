//! What lets an agent call a tool: for one organization, one conversation, named tools and a short time.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The fewest characters of a grant key.
pub const LEAST_KEY_LENGTH: usize = 32;

/// What an agent may do. Whoever owns a tool checks it; the agent is not trusted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose data.
    pub organization: OrganizationId,
    /// For which conversation.
    pub conversation: Uuid,
    /// The subjects of the tools that it may call.
    pub tools: Vec<String>,
    /// Until when.
    pub expires: DateTime<Utc>,
    /// The action that somebody approved. Only with it may a tool change anything, and for the same action only once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Uuid>,
}

/// Why a grant does not let a tool be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key that it was to be signed with is too short.
    #[error("the grant key has fewer than {LEAST_KEY_LENGTH} characters")]
    ShortKey,
    /// It was altered, or signed by somebody else.
    #[error("the grant is not one of this installation")]
    Forged,
    /// Its time is over.
    #[error("the grant expired at {0}")]
    Expired(DateTime<Utc>),
    /// It is for other tools.
    #[error("the grant does not cover `{0}`")]
    NotCovered(String),
}

/// The key that signs and verifies grants (HMAC-SHA256).
#[derive(Clone)]
pub struct GrantKey {
    key: hmac::Key,
}

impl std::fmt::Debug for GrantKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("GrantKey(..)")
    }
}

impl GrantKey {
    /// A key from the configured secret.
    ///
    /// # Errors
    /// [`Error::ShortKey`].
    pub fn new(secret: &SecretString) -> Result<Self, Error> {
        let secret = secret.expose_secret();
        if secret.len() < LEAST_KEY_LENGTH {
            return Err(Error::ShortKey);
        }
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        })
    }

    /// The grant as text that can travel: its JSON and the signature, both base64url.
    pub fn sign(&self, grant: &Grant) -> String {
        let claims = URL_SAFE_NO_PAD.encode(serde_json::json!(grant).to_string());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, claims.as_bytes()));
        format!("{claims}.{signature}")
    }

    /// Verifies that `signed` lets `tool` be called at `now`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn verify(&self, signed: &str, now: DateTime<Utc>, tool: &str) -> Result<Grant, Error> {
        let (claims, signature) = signed.split_once('.').ok_or(Error::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Error::Forged)?;
        hmac::verify(&self.key, claims.as_bytes(), &signature).map_err(|_| Error::Forged)?;
        let json = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Error::Forged)?;
        let grant: Grant = serde_json::from_slice(&json).map_err(|_| Error::Forged)?;
        if grant.expires <= now {
            return Err(Error::Expired(grant.expires));
        }
        if !grant.tools.iter().any(|granted| granted == tool) {
            return Err(Error::NotCovered(tool.to_owned()));
        }
        Ok(grant)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn key() -> GrantKey {
        GrantKey::new(&"k".repeat(32).into()).unwrap()
    }

    fn grant() -> Grant {
        Grant {
            organization: OrganizationId::parse("acme").unwrap(),
            conversation: Uuid::nil(),
            tools: vec!["tool.v1.a".into()],
            expires: DateTime::UNIX_EPOCH + TimeDelta::minutes(1),
            action: None,
        }
    }

    #[test]
    fn a_grant_covers_its_tools_until_it_expires() {
        let signed = key().sign(&grant());
        assert_eq!(key().verify(&signed, DateTime::UNIX_EPOCH, "tool.v1.a"), Ok(grant()));
        assert_eq!(
            key().verify(&signed, DateTime::UNIX_EPOCH, "tool.v1.b"),
            Err(Error::NotCovered("tool.v1.b".into()))
        );
        assert_eq!(
            key().verify(&signed, grant().expires, "tool.v1.a"),
            Err(Error::Expired(grant().expires))
        );
    }

    #[test]
    fn another_key_does_not_verify_and_a_short_one_is_refused() {
        let other = GrantKey::new(&"o".repeat(32).into()).unwrap();
        assert_eq!(
            other.verify(&key().sign(&grant()), DateTime::UNIX_EPOCH, "tool.v1.a"),
            Err(Error::Forged)
        );
        assert_eq!(GrantKey::new(&"short".into()).unwrap_err(), Error::ShortKey);
    }

    proptest! {
        #[test]
        fn an_altered_grant_is_forged(position in 0_usize..1000, replacement in "[A-Za-z0-9_.-]") {
            let signed = key().sign(&grant());
            let position = position % signed.len();
            let mut altered = signed.clone();
            altered.replace_range(position..=position, &replacement);
            prop_assume!(altered != signed);
            prop_assert_eq!(key().verify(&altered, DateTime::UNIX_EPOCH, "tool.v1.a"), Err(Error::Forged));
        }
    }
}
