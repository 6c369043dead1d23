//! What the vault keeps for a connection to Slack.

use infragpt_vault::{Secret, ShapeError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::web_api::Caller;
use crate::http;

/// A bot token, with whose it is: a post needs to ask nobody.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Token {
    #[serde(rename = "access_token", serialize_with = "exposed")]
    pub access: SecretString,
    /// What gives the next one, where tokens rotate. It works once.
    #[serde(
        rename = "refresh_token",
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_if_there"
    )]
    pub refresh: Option<SecretString>,
    /// The workspace or, for a token of the whole organization, the organization (`E…`).
    pub account: String,
    /// The user that it speaks as.
    pub bot_user: String,
    /// Whether it is good for every workspace of the organization.
    #[serde(default)]
    pub organization_wide: bool,
}

impl Token {
    pub fn open(secret: &Secret) -> Result<Self, ShapeError> {
        secret.parse()
    }

    pub fn seal(&self) -> Result<Secret, ShapeError> {
        Secret::json(self)
    }

    /// Whether it may speak in this workspace. Of a workspace in its organization only Slack knows.
    pub fn speaks_in(&self, account: &str) -> bool {
        self.account == account || (self.organization_wide && account.starts_with('T'))
    }

    pub fn caller(&self) -> Caller<'_> {
        Caller {
            token: &self.access,
            account: Some(&self.account),
            patience: http::PATIENCE,
        }
    }
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn exposed_if_there<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(organization_wide: bool) -> Token {
        Token {
            access: "xoxb-hush".into(),
            refresh: Some("xoxe-hush".into()),
            account: if organization_wide { "E0ACME" } else { "T0ACME" }.to_owned(),
            bot_user: "U0BOT".to_owned(),
            organization_wide,
        }
    }

    #[test]
    fn it_comes_back_as_it_was_and_is_not_shown() {
        let sealed = token(false).seal().unwrap();
        let opened = Token::open(&sealed).unwrap();
        assert_eq!(opened.access.expose_secret(), "xoxb-hush");
        assert_eq!(opened.refresh.as_ref().unwrap().expose_secret(), "xoxe-hush");
        assert_eq!(
            opened.seal().unwrap().expose(),
            sealed.expose(),
            "the same token is the same bytes"
        );
        assert!(!format!("{opened:?}").contains("hush"));
        let json: serde_json::Value = sealed.parse().unwrap();
        assert_eq!(json["access_token"], "xoxb-hush", "as Slack calls it");
    }

    #[test]
    fn it_speaks_where_it_belongs() {
        assert!(token(false).speaks_in("T0ACME"));
        assert!(!token(false).speaks_in("T0OTHER"));
        assert!(token(true).speaks_in("T0ANY") && token(true).speaks_in("E0ACME"));
        assert!(!token(true).speaks_in("E0OTHER"));
    }
}
