//! `[slack]`: what has to be known of the Slack application.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Slack's own Web API.
pub const API_URL: &str = "https://slack.com/api";

/// The Slack application. Each secret turns one door on: without it, that door isn't there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// "Signing Secret" of the application: opens the HTTP endpoints for events, commands and interactions.
    pub signing_secret: Option<SecretString>,
    /// An app-level token (`xapp-…`) with `connections:write`: opens Socket Mode.
    pub app_token: Option<SecretString>,
    /// A bot token (`xoxb-…`): lets the outbound half post.
    pub bot_token: Option<SecretString>,
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
            bot_token: None,
            api_url: API_URL.to_owned(),
            max_body_bytes: 1024 * 1024,
            socket_connections: 2,
        }
    }
}

impl Configuration {
    /// Checks what the types can't.
    ///
    /// # Errors
    /// The first key that can't work, by its name.
    pub fn check(&self) -> Result<(), Error> {
        for (key, secret, mistaken, belongs) in [
            ("signing_secret", &self.signing_secret, "xox", "bot_token"),
            ("app_token", &self.app_token, "xox", "bot_token"),
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
        let url = url::Url::parse(&self.api_url).ok();
        if self.api_url.ends_with('/') || !url.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(Error::ApiUrl {
                value: self.api_url.clone(),
            });
        }
        if self.max_body_bytes == 0 {
            return Err(Error::MaxBodyBytes);
        }
        if !(1..=10).contains(&self.socket_connections) {
            return Err(Error::SocketConnections(self.socket_connections));
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
    /// Not an address.
    #[error("slack.api_url `{value}` isn't an http(s) address without a trailing slash")]
    ApiUrl {
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
