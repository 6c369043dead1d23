//! The few methods of Slack's Web API that are needed, over one pool of kept connections.

use std::time::Duration;

use infragpt_nats::ServiceError;
use reqwest::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Slack answers within a second or not at all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is waited for; a longer one is handed to the caller.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Tries in the face of 429.
const TRIES: u32 = 3;

/// Why a method gave no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Slack said no, in its own word.
    #[error("Slack refuses: {0}")]
    Refused(String),
    /// Slack wants fewer requests.
    #[error("Slack asks to wait {} seconds", .0.as_secs())]
    RateLimited(Duration),
    /// The request never left.
    #[error("Slack can't be reached: {0}")]
    NotSent(String),
    /// The request left and its answer didn't come: what it asked for may have happened.
    #[error("Slack didn't answer clearly: {0}")]
    Unknown(String),
}

impl Failure {
    /// For an operation that changes nothing: it can simply be tried again.
    pub fn of_read(&self) -> ServiceError {
        let code = match self {
            Self::Refused(word) => match code_of(word) {
                504 => 503,
                code => code,
            },
            Self::RateLimited(_) | Self::NotSent(_) | Self::Unknown(_) => 503,
        };
        ServiceError::new(code, self.to_string())
    }

    /// For an operation that posts: 504 says that it may have happened, so look before trying again.
    pub fn of_write(&self) -> ServiceError {
        let code = match self {
            Self::Refused(word) => code_of(word),
            Self::RateLimited(_) | Self::NotSent(_) => 503,
            Self::Unknown(_) => 504,
        };
        ServiceError::new(code, self.to_string())
    }

    /// Whether Slack dislikes the blocks, so that text alone may work.
    pub fn is_about_blocks(&self) -> bool {
        matches!(self, Self::Refused(word) if word.starts_with("invalid_blocks") || word == "unsupported_block_type")
    }
}

/// <https://docs.slack.dev/reference/methods/chat.postMessage/#errors>
fn code_of(word: &str) -> u16 {
    match word {
        "channel_not_found"
        | "not_in_channel"
        | "is_archived"
        | "thread_not_found"
        | "team_not_found"
        | "messages_tab_disabled" => 404,
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "no_permission"
        | "access_denied"
        | "org_login_required"
        | "ekm_access_denied"
        | "team_access_not_granted"
        | "not_allowed_token_type" => 401,
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => 503,
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => 504,
        _ => 400,
    }
}

/// Who a token is.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Identity {
    pub team: Option<String>,
    pub team_id: String,
    pub user_id: String,
    pub enterprise_id: Option<String>,
}

pub(super) struct WebApi {
    http: reqwest::Client,
    api_url: String,
    token: SecretString,
}

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    error: Option<String>,
}

impl WebApi {
    pub fn new(api_url: &str, token: SecretString) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(Duration::from_mins(5))
            .tcp_keepalive(Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("infragpt/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            api_url: api_url.to_owned(),
            token,
        })
    }

    /// `auth.test`
    pub async fn identity(&self) -> Result<Identity, Failure> {
        self.form("auth.test", &[]).await
    }

    /// Calls a method that takes JSON.
    pub async fn json<T: DeserializeOwned>(&self, method: &str, body: &Value) -> Result<T, Failure> {
        let body = body.to_string();
        self.send(|| {
            self.request(method)
                .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
                .body(body.clone())
        })
        .await
    }

    /// Calls a method that takes a form; all that only read do.
    pub async fn form<T: DeserializeOwned>(&self, method: &str, fields: &[(&str, &str)]) -> Result<T, Failure> {
        self.send(|| self.request(method).form(fields)).await
    }

    fn request(&self, method: &str) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/{method}", self.api_url))
            .bearer_auth(self.token.expose_secret())
    }

    async fn send<T: DeserializeOwned>(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Result<T, Failure> {
        let mut tries = 1;
        loop {
            match once(request()).await {
                Err(Failure::RateLimited(wait)) if wait <= LONGEST_WAIT && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
    }
}

async fn once<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Failure> {
    let response = request.send().await.map_err(|error| {
        if error.is_connect() || error.is_builder() {
            Failure::NotSent(error.to_string())
        } else {
            Failure::Unknown(error.to_string())
        }
    })?;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(Failure::RateLimited(Duration::from_secs(seconds.unwrap_or(1))));
    }
    if !status.is_success() {
        return Err(Failure::Unknown(format!("status {status}")));
    }
    let body = response
        .bytes()
        .await
        .map_err(|error| Failure::Unknown(error.to_string()))?;
    let unreadable = |error: serde_json::Error| Failure::Unknown(crate::text::json_problem(&error));
    let envelope: Envelope = serde_json::from_slice(&body).map_err(unreadable)?;
    if !envelope.ok {
        return Err(Failure::Refused(
            envelope.error.unwrap_or_else(|| "no reason given".to_owned()),
        ));
    }
    serde_json::from_slice(&body).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_tell_the_caller_what_to_do() {
        let refused = |word: &str| Failure::Refused(word.to_owned());
        for (failure, write, read) in [
            (refused("channel_not_found"), 404, 404),
            (refused("not_in_channel"), 404, 404),
            (refused("invalid_auth"), 401, 401),
            (refused("ratelimited"), 503, 503),
            (refused("fatal_error"), 504, 503),
            (refused("msg_too_long"), 400, 400),
            (Failure::RateLimited(Duration::from_secs(30)), 503, 503),
            (Failure::NotSent("connection refused".to_owned()), 503, 503),
            (Failure::Unknown("timed out".to_owned()), 504, 503),
        ] {
            assert_eq!(failure.of_write().code, write, "{failure}");
            assert_eq!(failure.of_read().code, read, "{failure}");
        }
        assert!(refused("invalid_blocks_format").is_about_blocks());
        assert!(!refused("invalid_auth").is_about_blocks());
    }
}
