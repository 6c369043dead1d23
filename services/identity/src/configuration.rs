//! `[clerk]`: where sessions come from, and what Clerk signs its webhooks with.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::clerk::verification::WebhookSecrets;

/// Where an instance's keys are, below its issuer.
const JWKS_PATH: &str = "/.well-known/jwks.json";

/// The Clerk instance that people sign in with. The issuer turns sign-in on, the webhook secret the webhooks: the roles
/// that need the one may run where the other isn't known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The frontend API's address, which is the issuer of its session tokens; without it nobody can sign in.
    #[serde(default)]
    pub issuer: Option<Url>,
    /// Where its keys are, if not below the issuer at `/.well-known/jwks.json`.
    #[serde(default)]
    pub jwks_url: Option<Url>,
    /// The origins whose tokens are taken (`azp`), separated by commas; required with an issuer.
    #[serde(default)]
    pub authorized_parties: Option<String>,
    /// Where people sign in, for pages that send them there.
    #[serde(default)]
    pub sign_in_url: Option<Url>,
    /// What its webhooks are signed with (`whsec_…`); it turns `/webhooks/clerk` on. While the secret is changed, both,
    /// separated by a comma.
    #[serde(default)]
    pub webhook_secret: Option<SecretString>,
    /// The largest webhook that is taken, in bytes.
    pub max_body_bytes: usize,
}

/// What sessions are verified against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// Its name as the tokens have it.
    pub name: String,
    /// Where its keys are.
    pub jwks_url: Url,
    /// The origins whose tokens are taken.
    pub parties: Vec<String>,
}

impl Configuration {
    /// Checks what the types can't.
    ///
    /// # Errors
    /// The first key that can't work, by its name.
    pub fn check(&self) -> Result<(), Error> {
        self.issuer()?;
        for (key, url) in [("sign_in_url", &self.sign_in_url), ("jwks_url", &self.jwks_url)] {
            if let Some(url) = url {
                if self.issuer.is_none() {
                    return Err(Error::WithoutIssuer { key });
                }
                check_address(key, url)?;
            }
        }
        self.webhook_secrets()?;
        if self.max_body_bytes == 0 {
            return Err(Error::MaxBodyBytes);
        }
        Ok(())
    }

    /// What sessions are verified against, if the configuration has it.
    pub(crate) fn issuer(&self) -> Result<Option<Issuer>, Error> {
        let (issuer, parties) = match (&self.issuer, &self.authorized_parties) {
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(Error::WithoutIssuer {
                    key: "authorized_parties",
                });
            }
            (Some(_), None) => return Err(Error::WithoutParties),
            (Some(issuer), Some(parties)) => (issuer, parties),
        };
        check_address("issuer", issuer)?;
        if issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(Error::Address { key: "issuer" });
        }
        let parties: Vec<&str> = parties.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        if parties.is_empty() {
            return Err(Error::WithoutParties);
        }
        let parties = parties.into_iter().map(party).collect::<Result<_, _>>()?;
        let name = issuer.as_str().trim_end_matches('/').to_owned();
        let jwks_url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => Url::parse(&format!("{name}{JWKS_PATH}")).map_err(|_| Error::Address { key: "issuer" })?,
        };
        Ok(Some(Issuer {
            name,
            jwks_url,
            parties,
        }))
    }

    /// What webhooks are verified with, if the configuration has it.
    pub(crate) fn webhook_secrets(&self) -> Result<Option<WebhookSecrets>, Error> {
        let Some(secret) = &self.webhook_secret else {
            return Ok(None);
        };
        WebhookSecrets::parse(secret.expose_secret())
            .map(Some)
            .ok_or(Error::WebhookSecret)
    }
}

/// An origin as a browser writes it: scheme, host and port, and no slash at the end.
fn party(text: &str) -> Result<String, Error> {
    let wrong = || Error::Party { value: text.to_owned() };
    let origin = text.strip_suffix('/').unwrap_or(text);
    let url = Url::parse(origin).map_err(|_| wrong())?;
    let is_origin = url.host_str().is_some_and(|host| !host.is_empty())
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_origin {
        return Err(wrong());
    }
    // Browsers write the origin of an http(s) page without its default port and in lower case; others as they are.
    Ok(if url.origin().is_tuple() {
        url.origin().ascii_serialization()
    } else {
        origin.to_owned()
    })
}

fn check_address(key: &'static str, url: &Url) -> Result<(), Error> {
    let is_address = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !is_address || !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Address { key });
    }
    Ok(())
}

/// A value of `[clerk]` that can't work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody's tokens would be taken.
    #[error("clerk.authorized_parties is missing: clerk.issuer is set, and only tokens of listed origins are taken")]
    WithoutParties,
    /// One of several that belong together.
    #[error("clerk.issuer is missing: it belongs to clerk.{key}, which is set")]
    WithoutIssuer {
        /// What it belongs to.
        key: &'static str,
    },
    /// Not an address.
    #[error("clerk.{key} isn't an http(s) address without a user's name")]
    Address {
        /// Which one.
        key: &'static str,
    },
    /// Not an origin.
    #[error("clerk.authorized_parties has `{value}`, which isn't an origin such as `https://app.example.com`")]
    Party {
        /// What stands there.
        value: String,
    },
    /// Not a signing secret. It isn't shown.
    #[error("clerk.webhook_secret isn't `whsec_` and base64, as the endpoint's page shows it")]
    WebhookSecret,
    /// Nothing would be taken.
    #[error("clerk.max_body_bytes is 0: nothing would be taken")]
    MaxBodyBytes,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(mut settings: Value) -> Result<Configuration, String> {
        if settings["max_body_bytes"].is_null() {
            settings["max_body_bytes"] = 1_000.into();
        }
        let configuration: Configuration = serde_json::from_value(settings).map_err(|error| error.to_string())?;
        configuration.check().map_err(|error| error.to_string())?;
        Ok(configuration)
    }

    #[test]
    fn nothing_is_enough() {
        let configuration = read(json!({})).unwrap();
        assert_eq!(configuration.issuer(), Ok(None));
        assert!(configuration.webhook_secrets().unwrap().is_none());
    }

    #[test]
    fn the_keys_are_below_the_issuer_unless_told() {
        let mut settings = json!({
            "issuer": "http://127.0.0.1:9/clerk/",
            "authorized_parties": "https://App.example.com:443/, http://localhost:3000,chrome-extension://abc",
        });
        let issuer = read(settings.clone()).unwrap().issuer().unwrap().unwrap();
        assert_eq!(issuer.name, "http://127.0.0.1:9/clerk");
        assert_eq!(
            issuer.jwks_url.as_str(),
            "http://127.0.0.1:9/clerk/.well-known/jwks.json"
        );
        assert_eq!(
            issuer.parties,
            [
                "https://app.example.com",
                "http://localhost:3000",
                "chrome-extension://abc"
            ]
        );
        settings["issuer"] = "https://clerk.example.com".into();
        settings["jwks_url"] = "https://api.example.com/keys".into();
        let issuer = read(settings).unwrap().issuer().unwrap().unwrap();
        assert_eq!(issuer.name, "https://clerk.example.com");
        assert_eq!(issuer.jwks_url.as_str(), "https://api.example.com/keys");
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        let issuer = "https://clerk.example.com";
        for (settings, expected) in [
            (json!({"isuer": issuer}), "isuer"),
            (json!({"issuer": issuer}), "clerk.authorized_parties is missing"),
            (
                json!({"issuer": issuer, "authorized_parties": " , "}),
                "clerk.authorized_parties is missing",
            ),
            (
                json!({"authorized_parties": "https://a"}),
                "clerk.issuer is missing: it belongs to clerk.authorized_parties",
            ),
            (
                json!({"sign_in_url": "https://a"}),
                "clerk.issuer is missing: it belongs to clerk.sign_in_url",
            ),
            (
                json!({"jwks_url": "https://a"}),
                "clerk.issuer is missing: it belongs to clerk.jwks_url",
            ),
            (
                json!({"issuer": "ftp://a", "authorized_parties": "https://a"}),
                "clerk.issuer isn't",
            ),
            (
                json!({"issuer": "https://a?b=c", "authorized_parties": "https://a"}),
                "clerk.issuer isn't",
            ),
            (
                json!({"issuer": issuer, "authorized_parties": "https://a", "sign_in_url": "javascript:x"}),
                "clerk.sign_in_url isn't",
            ),
            (
                json!({"issuer": issuer, "authorized_parties": "https://a/path"}),
                "`https://a/path`",
            ),
            (json!({"issuer": issuer, "authorized_parties": "*"}), "`*`"),
            (json!({"webhook_secret": "MfKQ9r8G"}), "clerk.webhook_secret isn't"),
            (json!({"webhook_secret": "whsec_"}), "clerk.webhook_secret isn't"),
            (json!({"webhook_secret": "whsec_%%"}), "clerk.webhook_secret isn't"),
            (json!({"webhook_secret": ""}), "clerk.webhook_secret isn't"),
            (json!({"max_body_bytes": 0}), "clerk.max_body_bytes is 0"),
        ] {
            let error = read(settings.clone()).unwrap_err();
            assert!(error.contains(expected), "{settings}: {error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let configuration = read(json!({"webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})).unwrap();
        assert!(!format!("{configuration:?}").contains("MfKQ"));
        let error = read(json!({"webhook_secret": "whsec_leaked!"})).unwrap_err();
        assert!(!error.contains("leaked"), "{error}");
    }
}
