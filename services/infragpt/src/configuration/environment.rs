//! `INFRAGPT_…` variables: `INFRAGPT_` and the key in capitals, its dots as underscores.

use figment::{
    Metadata, Profile, Provider,
    value::{Dict, Map, Tag, Value},
};

use super::NatsUser;

/// The keys that a variable can set.
const KEYS: &[&str] = &[
    "log.format",
    "log.level",
    "http.listen",
    "http.public_url",
    "http.operator_listen",
    "nats.url",
    "nats.replicas",
    "database.url",
    "grant.key",
    "encryption.keys",
    "integrations.probe_seconds",
    "integrations.synchronize_seconds",
    "erasure.delay_seconds",
    "api.cors_origins",
    "api.rate_per_minute",
    "api.rate_burst",
    "api.trusted_proxies",
    "clerk.issuer",
    "clerk.jwks_url",
    "clerk.authorized_parties",
    "clerk.sign_in_url",
    "clerk.webhook_secret",
    "clerk.max_body_bytes",
    "slack.signing_secret",
    "slack.app_token",
    "slack.bot_token",
    "slack.client_id",
    "slack.client_secret",
    "slack.api_url",
    "slack.authorize_url",
    "slack.max_body_bytes",
    "slack.socket_connections",
    "github.webhook_secret",
    "github.max_body_bytes",
    "github.app_id",
    "github.private_key",
    "github.private_key_file",
    "github.client_id",
    "github.client_secret",
    "github.slug",
    "github.api_url",
    "github.web_url",
    "github.reconcile_seconds",
];

/// Variables that others read: the servers that run beside us, and the command line.
const OTHERS: &[&str] = &[
    "INFRAGPT_CONFIGURATION",
    "INFRAGPT_NATS_SERVER",
    "INFRAGPT_NATS_HOST",
    "INFRAGPT_NATS_PORT",
    "INFRAGPT_NATS_STORE",
];

/// The variables of one environment.
#[derive(Debug)]
pub(super) struct Variables(Vec<(String, String)>);

impl Variables {
    /// Takes the variables that begin with `INFRAGPT_`.
    ///
    /// # Errors
    /// The name of one that nothing reads.
    pub fn new(all: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let mut known = Vec::new();
        for (name, value) in all.into_iter().filter(|(name, _)| name.starts_with("INFRAGPT_")) {
            match key_of(&name) {
                Some(key) => known.push((key, value)),
                None if OTHERS.contains(&name.as_str()) => {}
                None => return Err(name),
            }
        }
        Ok(Self(known))
    }
}

fn variable_of(key: &str) -> String {
    format!("INFRAGPT_{}", key.replace('.', "_").to_uppercase())
}

fn key_of(variable: &str) -> Option<String> {
    let user = NatsUser::ALL
        .into_iter()
        .find(|user| user.password_variable() == variable);
    user.map(|user| format!("nats.password.{}", user.as_str())).or_else(|| {
        KEYS.iter()
            .find(|key| variable_of(key) == variable)
            .map(|key| (*key).to_owned())
    })
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment").interpolater(|_, keys| format!("`{}`", variable_of(&keys.join("."))))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut root = Dict::new();
        for (key, text) in &self.0 {
            // An empty variable is one that nobody set: compose files pass them on like that.
            if text.is_empty() {
                continue;
            }
            let value = match text.parse::<u64>() {
                Ok(number) if is_number(key) => Value::from(number),
                _ => Value::from(text.as_str()),
            };
            insert(&mut root, key, value);
        }
        Ok(Map::from([(Profile::Default, root)]))
    }
}

/// Other keys are text although it may have digits only, such as a secret.
fn is_number(key: &str) -> bool {
    [
        "_bytes",
        "_connections",
        "_seconds",
        "_minute",
        "_burst",
        "replicas",
        "app_id",
    ]
    .iter()
    .any(|end| key.ends_with(end))
}

fn insert(dict: &mut Dict, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            dict.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let child = dict
                .entry(head.to_owned())
                .or_insert_with(|| Value::Dict(Tag::Default, Dict::new()));
            if let Value::Dict(_, child) = child {
                insert(child, rest, value);
            }
        }
    }
}
