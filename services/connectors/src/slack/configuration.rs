//! `[slack]`: what has to be known of the Slack application.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Slack's own Web API.
pub const API_URL: &str = "https://slack.com/api";

/// Slack's own consent page.
pub const AUTHORIZE_URL: &str = "https://slack.com/oauth/v2/authorize";

/// The Slack application. Each secret turns one door on: without it, that door isn't there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// "Signing Secret" of the application: opens the HTTP endpoints for events, commands and interactions.
    pub signing_secret: Option<SecretString>,
    /// An app-level token (`xapp-…`) with `connections:write`: opens Socket Mode.
    pub app_token: Option<SecretString>,
    /// "Client ID" of the application: with the secret, opens connecting through Slack's consent page.
    pub client_id: Option<String>,
    /// "Client Secret" of the application.
    pub client_secret: Option<SecretString>,
    /// A bot token (`xoxb-…`). It is only what `infragpt integrations connect slack` hands over to the vault: no role needs it.
    pub bot_token: Option<SecretString>,
    /// The consent page; another one than Slack's is for tests and demos.
    pub authorize_url: String,
    /// The Web API without a trailing slash; another one than Slack's is for tests and demos.
    pub api_url: String,
    /// The largest body that the HTTP endpoints take, in bytes.
    pub max_body_bytes: usize,
    /// Socket Mode connections held at the same time, 1 to 10. Slack may send any payload over any of them.
    pub socket_connections: u8,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            signing_secret: None,
            app_token: None,
            client_id: None,
            client_secret: None,
            bot_token: None,
            authorize_url: AUTHORIZE_URL.to_owned(),
            api_url: API_URL.to_owned(),
            max_body_bytes: 1024 * 1024,
            socket_connections: 2,
        }
    }
}

impl Configuration {
    /// Whether anything of the Slack application is configured: else there is no such connector.
    pub fn is_configured(&self) -> bool {
        let secrets = [
            &self.signing_secret,
            &self.app_token,
            &self.client_secret,
            &self.bot_token,
        ];
        self.client_id.is_some() || secrets.into_iter().any(Option::is_some)
    }

    /// The OAuth client, if it is configured.
    pub(super) fn client(&self) -> Option<(&str, &SecretString)> {
        Some((self.client_id.as_deref()?, self.client_secret.as_ref()?))
    }

    /// Checks what the types can't.
    ///
    /// # Errors
    /// The first key that can't work, by its name.
    pub fn check(&self) -> Result<(), Error> {
        self.check_secrets()?;
        match (&self.client_id, &self.client_secret) {
            (Some(id), _) if id.trim().is_empty() || id.trim() != id => return Err(Error::Blank { key: "client_id" }),
            (Some(_), None) => {
                return Err(Error::Half {
                    missing: "client_secret",
                });
            }
            (None, Some(_)) => return Err(Error::Half { missing: "client_id" }),
            (Some(_), Some(_)) | (None, None) => {}
        }
        for (key, value) in [("api_url", &self.api_url), ("authorize_url", &self.authorize_url)] {
            let url = url::Url::parse(value).ok();
            if value.ends_with('/') || !url.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
                let value = value.clone();
                return Err(Error::Url { key, value });
            }
        }
        if self.max_body_bytes == 0 {
            return Err(Error::MaxBodyBytes);
        }
        if !(1..=10).contains(&self.socket_connections) {
            return Err(Error::SocketConnections(self.socket_connections));
        }
        Ok(())
    }

    fn check_secrets(&self) -> Result<(), Error> {
        for (key, secret, mistaken, belongs) in [
            ("signing_secret", &self.signing_secret, "xox", "bot_token"),
            ("app_token", &self.app_token, "xox", "bot_token"),
            ("client_secret", &self.client_secret, "xox", "bot_token"),
            ("bot_token", &self.bot_token, "xapp-", "app_token"),
        ] {
            let Some(secret) = secret.as_ref().map(ExposeSecret::expose_secret) else {
                continue;
            };
            if secret.trim().is_empty() || secret.trim() != secret {
                return Err(Error::Blank { key });
            }
            if secret.starts_with(mistaken) {
                return Err(Error::Mistaken { key, belongs });
            }
        }
        Ok(())
    }
}

/// A value of `[slack]` that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing, or spaces around it.
    #[error("slack.{key} is empty or has spaces around it: leave it out to turn this door off")]
    Blank {
        /// Which one.
        key: &'static str,
    },
    /// Another kind of secret.
    #[error("slack.{key} looks like what belongs in slack.{belongs}")]
    Mistaken {
        /// Which one.
        key: &'static str,
        /// Where it should stand.
        belongs: &'static str,
    },
    /// One of two that belong together.
    #[error("slack.{missing} is missing: slack.client_id and slack.client_secret are set together or not at all")]
    Half {
        /// Which one.
        missing: &'static str,
    },
    /// Not an address.
    #[error("slack.{key} `{value}` isn't an http(s) address without a trailing slash")]
    Url {
        /// Which one.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// Nothing would be taken.
    #[error("slack.max_body_bytes is 0: nothing would be taken")]
    MaxBodyBytes,
    /// Slack allows at most ten.
    #[error("slack.socket_connections is {0}: Slack allows 1 to 10")]
    SocketConnections(u8),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Configuration, String> {
        let configuration: Configuration = serde_json::from_str(json).map_err(|error| error.to_string())?;
        configuration.check().map_err(|error| error.to_string())?;
        Ok(configuration)
    }

    #[test]
    fn nothing_is_enough() {
        let configuration = read("{}").unwrap();
        assert_eq!(configuration.api_url, API_URL);
        assert_eq!(configuration.max_body_bytes, 1_048_576);
        assert!(!configuration.is_configured());
        assert!(read(r#"{"signing_secret": "x"}"#).unwrap().is_configured());
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        for (json, expected) in [
            (r#"{"sining_secret": "x"}"#, "sining_secret"),
            (r#"{"signing_secret": ""}"#, "slack.signing_secret is empty"),
            (r#"{"app_token": "xoxb-1"}"#, "slack.app_token looks like"),
            (r#"{"bot_token": "xapp-1"}"#, "slack.bot_token looks like"),
            (r#"{"api_url": "https://slack.com/api/"}"#, "slack.api_url"),
            (r#"{"api_url": "slack.com"}"#, "slack.api_url"),
            (r#"{"authorize_url": "slack.com"}"#, "slack.authorize_url"),
            (r#"{"client_id": "1.2"}"#, "slack.client_secret is missing"),
            (r#"{"client_secret": "hush"}"#, "slack.client_id is missing"),
            (
                r#"{"client_id": " ", "client_secret": "hush"}"#,
                "slack.client_id is empty",
            ),
            (r#"{"socket_connections": 11}"#, "slack.socket_connections is 11"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let configuration = read(r#"{"signing_secret": "hush-hush"}"#).unwrap();
        assert!(!format!("{configuration:?}").contains("hush-hush"));
    }
}
