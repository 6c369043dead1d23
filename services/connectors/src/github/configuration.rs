//! `[github]`: what has to be known of the GitHub App.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::application::{Key, KeyError};

/// GitHub's own REST API.
pub const API_URL: &str = "https://api.github.com";

/// GitHub's own pages.
pub const WEB_URL: &str = "https://github.com";

/// The GitHub App. Each part turns something on: without it, that isn't there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// "Webhook secret" of the App: opens the HTTP endpoint for deliveries.
    pub webhook_secret: Option<SecretString>,
    /// The largest body that the HTTP endpoint takes, in bytes. GitHub caps deliveries at 25 MiB.
    pub max_body_bytes: usize,
    /// "App ID": with a private key, lets the outbound half ask GitHub.
    pub app_id: Option<u64>,
    /// A private key of the App, as the PEM that GitHub generates.
    pub private_key: Option<SecretString>,
    /// A file with it.
    pub private_key_file: Option<PathBuf>,
    /// "Client ID" of the App: with the secret, lets people prove which installations are theirs.
    pub client_id: Option<String>,
    /// A client secret of the App.
    pub client_secret: Option<SecretString>,
    /// The App's name in addresses, `https://github.com/apps/<slug>`.
    pub slug: Option<String>,
    /// The REST API without a trailing slash; another one than GitHub's is for GitHub Enterprise Server, tests and demos.
    pub api_url: String,
    /// The pages without a trailing slash; as above.
    pub web_url: String,
    /// How often GitHub's deliveries are compared with what is stored, in seconds; 0 turns that off.
    pub reconcile_seconds: u64,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            webhook_secret: None,
            max_body_bytes: 25 * 1024 * 1024,
            app_id: None,
            private_key: None,
            private_key_file: None,
            client_id: None,
            client_secret: None,
            slug: None,
            api_url: API_URL.to_owned(),
            web_url: WEB_URL.to_owned(),
            reconcile_seconds: 300,
        }
    }
}

impl Configuration {
    /// Whether anything of the App is configured: else there is no such connector.
    pub fn is_configured(&self) -> bool {
        let secrets = [&self.webhook_secret, &self.private_key, &self.client_secret];
        secrets.into_iter().any(Option::is_some)
            || self.app_id.is_some()
            || self.private_key_file.is_some()
            || self.client_id.is_some()
    }

    /// The OAuth client, if it is configured.
    pub(super) fn client(&self) -> Option<(&str, &SecretString)> {
        Some((self.client_id.as_deref()?, self.client_secret.as_ref()?))
    }

    /// The App's number and key, if they are configured.
    ///
    /// # Errors
    /// When they are half configured, or the key can't be used. The file is read every time.
    pub(super) fn application(&self) -> Result<Option<(u64, Key)>, Error> {
        let pem = match (&self.private_key, &self.private_key_file) {
            (Some(_), Some(_)) => return Err(Error::TwoKeys),
            (Some(pem), None) => Some(("private_key", pem.clone())),
            (None, Some(path)) => {
                let pem = std::fs::read_to_string(path).map_err(|source| Error::KeyFile {
                    path: path.clone(),
                    problem: source.to_string(),
                })?;
                Some(("private_key_file", SecretString::from(pem)))
            }
            (None, None) => None,
        };
        match (self.app_id, pem) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::Half {
                missing: "private_key (or github.private_key_file)",
                with: "app_id",
            }),
            (None, Some((with, _))) => Err(Error::Half {
                missing: "app_id",
                with,
            }),
            (Some(id), Some((key, pem))) => match Key::read(&pem) {
                Ok(read) => Ok(Some((id, read))),
                Err(problem) => Err(Error::Key { key, problem }),
            },
        }
    }

    /// Checks what the types can't; it reads the key's file.
    ///
    /// # Errors
    /// The first key that can't work, by its name.
    pub fn check(&self) -> Result<(), Error> {
        let secret = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        for (key, value) in [
            ("webhook_secret", secret(&self.webhook_secret)),
            ("client_id", self.client_id.clone()),
            ("client_secret", secret(&self.client_secret)),
            ("slug", self.slug.clone()),
        ] {
            if value.is_some_and(|value| value.trim().is_empty() || value.trim() != value) {
                return Err(Error::Blank { key });
            }
        }
        match (&self.client_id, &self.client_secret) {
            (Some(_), None) => {
                return Err(Error::Half {
                    missing: "client_secret",
                    with: "client_id",
                });
            }
            (None, Some(_)) => {
                return Err(Error::Half {
                    missing: "client_id",
                    with: "client_secret",
                });
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if let Some(slug) = &self.slug
            && !slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(Error::Slug { value: slug.clone() });
        }
        for (key, value) in [("api_url", &self.api_url), ("web_url", &self.web_url)] {
            let url = url::Url::parse(value).ok();
            if value.ends_with('/') || !url.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
                let value = value.clone();
                return Err(Error::Url { key, value });
            }
        }
        if self.max_body_bytes == 0 {
            return Err(Error::MaxBodyBytes);
        }
        self.application().map(drop)
    }
}

/// A value of `[github]` that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing, or spaces around it.
    #[error("github.{key} is empty or has spaces around it: leave it out to turn off what it is for")]
    Blank {
        /// Which one.
        key: &'static str,
    },
    /// Nothing would be taken.
    #[error("github.max_body_bytes is 0: nothing would be taken")]
    MaxBodyBytes,
    /// One of several that belong together.
    #[error("github.{missing} is missing: it belongs to github.{with}, which is set")]
    Half {
        /// Which one.
        missing: &'static str,
        /// What it belongs to.
        with: &'static str,
    },
    /// Nobody knows which one is meant.
    #[error("github.private_key and github.private_key_file are both set: leave one of them out")]
    TwoKeys,
    /// The file can't be read.
    #[error("github.private_key_file `{}` can't be read: {problem}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// No key that GitHub would take.
    #[error("github.{key} {problem}")]
    Key {
        /// Where it stands.
        key: &'static str,
        /// What is wrong with it.
        problem: KeyError,
    },
    /// Not the name of an App.
    #[error("github.slug `{value}` isn't the name of an App as its address has it: letters, digits and `-`")]
    Slug {
        /// What stands there.
        value: String,
    },
    /// Not an address.
    #[error("github.{key} `{value}` isn't an http(s) address without a trailing slash")]
    Url {
        /// Which one.
        key: &'static str,
        /// What stands there.
        value: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::application::tests::{PKCS1, SMALL};

    fn read(json: &str) -> Result<Configuration, String> {
        let configuration: Configuration = serde_json::from_str(json).map_err(|error| error.to_string())?;
        configuration.check().map_err(|error| error.to_string())?;
        Ok(configuration)
    }

    #[test]
    fn nothing_is_enough() {
        assert!(!read("{}").unwrap().is_configured());
        assert!(read(r#"{"webhook_secret": "x"}"#).unwrap().is_configured());
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        for (json, expected) in [
            (r#"{"webhok_secret": "x"}"#, "webhok_secret"),
            (r#"{"webhook_secret": " "}"#, "github.webhook_secret is empty"),
            (r#"{"slug": "a/b"}"#, "github.slug `a/b`"),
            (r#"{"api_url": "https://api.github.com/"}"#, "github.api_url"),
            (r#"{"web_url": "github.com"}"#, "github.web_url"),
            (r#"{"client_id": "Iv1"}"#, "github.client_secret is missing"),
            (r#"{"client_secret": "x"}"#, "github.client_id is missing"),
            (
                r#"{"app_id": 1}"#,
                "github.private_key (or github.private_key_file) is missing",
            ),
            (r#"{"private_key": "x"}"#, "github.app_id is missing"),
            (r#"{"app_id": 1, "private_key": "x"}"#, "github.private_key isn't"),
            (
                r#"{"app_id": 1, "private_key_file": "/nowhere.pem"}"#,
                "github.private_key_file `/nowhere.pem` can't be read",
            ),
            (
                r#"{"app_id": 1, "private_key": "x", "private_key_file": "/nowhere.pem"}"#,
                "both set",
            ),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }

    #[test]
    fn a_key_is_checked_and_not_shown() {
        let with = |pem: &str| serde_json::json!({"app_id": 1, "private_key": pem}).to_string();
        let error = read(&with(SMALL)).unwrap_err();
        assert!(
            error.contains("github.private_key isn't an RSA private key of 2048 bits or more"),
            "{error}"
        );
        let configuration = read(&with(PKCS1)).unwrap();
        assert!(!format!("{configuration:?}").contains("BEGIN RSA"));
    }
}
