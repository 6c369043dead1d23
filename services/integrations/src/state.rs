//! The `state` that travels with a person through an external system: signed, so that it can't be made up; bound to an
//! organization, a connector and who started; and good for ten minutes. That it is used once is the log's business.
//!
//! <https://www.rfc-editor.org/rfc/rfc6749#section-10.12>

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_vault::KeyRing;
use ring::hmac;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

/// How long somebody may take.
pub(crate) const LIFETIME: chrono::Duration = chrono::Duration::minutes(10);

/// What a key of the vault's key ring is derived for, to sign this.
const PURPOSE: &str = "authorization-state";

/// What a state says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The attempt.
    pub attempt: Uuid,
    /// Which of its journeys, from 1.
    pub leg: u32,
    /// For whom.
    pub organization: OrganizationId,
    /// With which kind of system.
    pub connector: ConnectorKind,
    /// Who started, as `<kind>:<id>`.
    pub requested_by: String,
    /// The account that was chosen before this journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Why a state is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// It was made up or altered.
    #[error("this authorization was not started here: start again")]
    Forged,
    /// It is another connector's.
    #[error("this authorization belongs to another kind of system: start again")]
    Foreign,
    /// Its time is over.
    #[error("this authorization took too long: start again")]
    Expired,
}

/// Signs states and believes those that it signed (HMAC-SHA256). Keys that are no longer the current one are still
/// believed, so that a rotation ends nobody's journey.
pub(crate) struct Signer(Vec<hmac::Key>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Signer(..)")
    }
}

impl Signer {
    pub fn new(keys: &KeyRing) -> Self {
        Self(keys.derive(PURPOSE))
    }

    /// The state as text: its JSON and the signature, both base64url.
    pub fn sign(&self, state: &State) -> String {
        let claims = URL_SAFE_NO_PAD.encode(serde_json::json!(state).to_string());
        let signature = self
            .0
            .first()
            .map(|key| URL_SAFE_NO_PAD.encode(hmac::sign(key, claims.as_bytes())))
            .unwrap_or_default();
        format!("{claims}.{signature}")
    }

    /// Adds the signed state to the address that somebody is sent to.
    pub fn add(&self, state: &State, url: &mut Url) {
        url.query_pairs_mut().append_pair("state", &self.sign(state));
    }

    /// What a signed state says, whether or not it is still good.
    pub fn read(&self, signed: &str) -> Result<State, Error> {
        let (claims, signature) = signed.split_once('.').ok_or(Error::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Error::Forged)?;
        let is_ours = self
            .0
            .iter()
            .any(|key| hmac::verify(key, claims.as_bytes(), &signature).is_ok());
        if !is_ours {
            return Err(Error::Forged);
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Error::Forged)?;
        serde_json::from_slice(&claims).map_err(|_| Error::Forged)
    }
}

impl State {
    /// Checks that it is for `connector` and that there is time left at `now`.
    pub fn check(&self, connector: &ConnectorKind, now: DateTime<Utc>) -> Result<(), Error> {
        if self.connector != *connector {
            return Err(Error::Foreign);
        }
        if self.expires_at <= now {
            return Err(Error::Expired);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(key: u8) -> Signer {
        Signer(vec![hmac::Key::new(hmac::HMAC_SHA256, &[key; 32])])
    }

    fn state() -> State {
        State {
            attempt: Uuid::from_u128(1),
            leg: 1,
            organization: OrganizationId::parse("acme").unwrap(),
            connector: ConnectorKind::parse("forge").unwrap(),
            requested_by: "user:maya".into(),
            account: None,
            expires_at: DateTime::from_timestamp(600, 0).unwrap(),
        }
    }

    #[test]
    fn what_was_signed_here_is_believed() {
        assert_eq!(signer(1).read(&signer(1).sign(&state())), Ok(state()));
        let both = Signer(vec![
            hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]),
            hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]),
        ]);
        assert_eq!(both.read(&signer(1).sign(&state())), Ok(state()), "an older key");
    }

    #[test]
    fn what_was_made_up_is_not() {
        let signed = signer(1).sign(&state());
        assert_eq!(signer(2).read(&signed), Err(Error::Forged));
        assert_eq!(signer(1).read("nonsense"), Err(Error::Forged));
        assert_eq!(signer(1).read(""), Err(Error::Forged));
        for position in 0..signed.len() {
            let mut altered = signed.clone().into_bytes();
            altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
            if altered != signed.as_bytes() {
                let altered = String::from_utf8(altered).unwrap();
                // The last character of a base64 text may hold bits that mean nothing; the text is then the same.
                assert!(
                    signer(1).read(&altered).is_err_and(|error| error == Error::Forged)
                        || signer(1).read(&altered) == Ok(state())
                );
            }
        }
    }

    #[test]
    fn a_state_is_for_one_connector_and_ten_minutes() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let forge = ConnectorKind::parse("forge").unwrap();
        assert_eq!(state().check(&forge, at(599)), Ok(()));
        assert_eq!(state().check(&forge, at(600)), Err(Error::Expired));
        assert_eq!(
            state().check(&ConnectorKind::parse("chat").unwrap(), at(1)),
            Err(Error::Foreign)
        );
    }
}
