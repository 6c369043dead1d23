//! The connectors that there are: a new one is added here and nowhere else.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{Connector, github, slack};

/// Why a connector can't be made of its configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Slack.
    #[error(transparent)]
    Slack(#[from] slack::Error),
    /// GitHub.
    #[error(transparent)]
    Github(#[from] github::Error),
}

/// Every connector of which anything is configured. `clock` tells the time.
///
/// # Errors
/// [`Error`] when one is half configured, or a value can't work.
pub fn configured(
    slack: &slack::Configuration,
    github: &github::Configuration,
    clock: fn() -> DateTime<Utc>,
) -> Result<Vec<Arc<dyn Connector>>, Error> {
    let mut connectors: Vec<Arc<dyn Connector>> = Vec::new();
    if slack.is_configured() {
        connectors.push(Arc::new(slack::Slack::new(slack, clock)?));
    }
    if github.is_configured() {
        connectors.push(Arc::new(github::Github::new(github, clock)?));
    }
    Ok(connectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(slack: &str, github: &str) -> Result<Vec<String>, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (slack, github) = (
            serde_json::from_str(slack).unwrap(),
            serde_json::from_str(github).unwrap(),
        );
        let configured = configured(&slack, &github, || DateTime::UNIX_EPOCH).map_err(|error| error.to_string())?;
        Ok(configured
            .iter()
            .map(|connector| connector.kind().to_string())
            .collect())
    }

    #[test]
    fn what_is_not_configured_is_not_there() {
        let (slack, github) = (r#"{"signing_secret": "x"}"#, r#"{"webhook_secret": "x"}"#);
        assert_eq!(kinds("{}", "{}"), Ok(vec![]));
        assert_eq!(kinds(slack, "{}"), Ok(vec!["slack".to_owned()]));
        assert_eq!(kinds(slack, github), Ok(vec!["slack".to_owned(), "github".to_owned()]));
    }

    #[test]
    fn what_is_half_configured_is_an_error() {
        let error = kinds("{}", r#"{"app_id": 7}"#).unwrap_err();
        assert!(error.contains("github.private_key"), "{error}");
        let error = kinds(r#"{"client_secret": "x"}"#, "{}").unwrap_err();
        assert!(error.contains("slack.client_id"), "{error}");
    }
}
