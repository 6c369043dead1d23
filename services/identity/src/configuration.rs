//! `[clerk]`: where sessions come from, and what Clerk signs its webhooks with.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// The Clerk instance that people sign in with.
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
    /// What its webhooks are signed with (`whsec_…`); it turns `/webhooks/clerk` on.
    #[serde(default)]
    pub webhook_secret: Option<SecretString>,
    /// The largest webhook that is taken, in bytes.
    pub max_body_bytes: usize,
}
