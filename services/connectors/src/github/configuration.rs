//! `[github]`: what has to be known of the GitHub App.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The GitHub App.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// "Webhook secret" of the App: opens the HTTP endpoint for deliveries.
    pub webhook_secret: Option<SecretString>,
    /// The largest body that the HTTP endpoint takes, in bytes. GitHub caps deliveries at 25 MiB.
    pub max_body_bytes: usize,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            webhook_secret: None,
            max_body_bytes: 25 * 1024 * 1024,
        }
    }
}

impl Configuration {
    /// Checks what the types can't.
    ///
    /// # Errors
    /// The first key that can't work, by its name.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(secret) = self.webhook_secret.as_ref().map(ExposeSecret::expose_secret)
            && (secret.trim().is_empty() || secret.trim() != secret)
        {
            return Err(Error::Blank { key: "webhook_secret" });
        }
        if self.max_body_bytes == 0 {
            return Err(Error::MaxBodyBytes);
        }
        Ok(())
    }
}

/// A value of `[github]` that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing, or spaces around it.
    #[error("github.{key} is empty or has spaces around it: leave it out to turn this door off")]
    Blank {
        /// Which one.
        key: &'static str,
    },
    /// Nothing would be taken.
    #[error("github.max_body_bytes is 0: nothing would be taken")]
    MaxBodyBytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_with_their_key() {
        let unknown = serde_json::from_str::<Configuration>(r#"{"webhok_secret": "x"}"#).unwrap_err();
        assert!(unknown.to_string().contains("webhok_secret"));
        let blank: Configuration = serde_json::from_str(r#"{"webhook_secret": " "}"#).unwrap();
        assert_eq!(blank.check(), Err(Error::Blank { key: "webhook_secret" }));
        assert_eq!(Configuration::default().check(), Ok(()));
    }
}
