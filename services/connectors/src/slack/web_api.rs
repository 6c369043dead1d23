//! The few methods of Slack's Web API that are needed, and what its words mean. <https://docs.slack.dev/apis/web-api>

use std::time::Duration;

use infragpt_nats::ServiceError;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::manifest::scopes;
use crate::http::{self, Answer, Call, Client};

/// Why a method gave no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Slack said no, in its own word.
    #[error("Slack refuses: {0}")]
    Refused(String),
    /// The token isn't allowed to.
    #[error("Slack did not allow `{0}`: connect the workspace again")]
    MissingScope(String),
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
            Self::MissingScope(_) => 401,
            Self::RateLimited(_) | Self::NotSent(_) | Self::Unknown(_) => 503,
        };
        ServiceError::new(code, self.to_string())
    }

    /// For an operation that posts: 504 says that it may have happened, so look before trying again.
    pub fn of_write(&self) -> ServiceError {
        let code = match self {
            Self::Refused(word) => code_of(word),
            Self::MissingScope(_) => 401,
            Self::RateLimited(_) | Self::NotSent(_) => 503,
            Self::Unknown(_) => 504,
        };
        ServiceError::new(code, self.to_string())
    }

    /// Whether another token of the same connection may work: the answer came before anything was done.
    pub fn is_about_token(&self) -> bool {
        matches!(self, Self::Refused(word) if matches!(word.as_str(), "invalid_auth" | "token_expired" | "token_revoked"))
    }

    /// Whether the token leads nowhere any more, for good.
    pub fn is_dead_token(&self) -> bool {
        self.is_about_token()
            || matches!(self, Self::Refused(word) if word == "account_inactive" || word == "not_authed")
    }

    /// Whether Slack does not do it and never will: nothing happened, and another way may work.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused(word) => !self.is_about_token() && !matches!(code_of(word), 503 | 504),
            Self::MissingScope(_) => true,
            Self::RateLimited(_) | Self::NotSent(_) | Self::Unknown(_) => false,
        }
    }

    /// Whether what was asked for may have happened.
    pub fn is_unclear(&self) -> bool {
        self.of_write().code == 504
    }

    /// Whether the message is still being streamed, so that it can't be changed.
    pub fn is_about_open_stream(&self) -> bool {
        matches!(self, Self::Refused(word) if word == "streaming_state_conflict")
    }

    /// Whether the message isn't streamed any more, so that nothing can be appended.
    pub fn is_about_ended_stream(&self) -> bool {
        matches!(self, Self::Refused(word) if word == "message_not_in_streaming_state")
    }

    /// Whether a message of ours can't be changed any more, by anybody.
    pub fn is_about_unchangeable(&self) -> bool {
        matches!(self, Self::Refused(word) if matches!(
            word.as_str(),
            "message_not_found" | "edit_window_closed" | "cant_update_message"
        ))
    }

    /// Whether we, or the one who is spoken to, are not where it was to be said.
    pub fn is_about_absence(&self) -> bool {
        matches!(self, Self::Refused(word) if matches!(
            word.as_str(),
            "not_in_channel" | "channel_not_found" | "user_not_in_channel"
        ))
    }

    /// Whether Slack dislikes the blocks, so that text alone may work.
    pub fn is_about_blocks(&self) -> bool {
        matches!(self, Self::Refused(word) if word.starts_with("invalid_blocks") || word == "unsupported_block_type")
    }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        match error {
            http::Error::NotSent(text) => Self::NotSent(text),
            http::Error::Unclear(text) => Self::Unknown(text),
            http::Error::RateLimited(wait) => Self::RateLimited(wait),
        }
    }
}

impl From<Failure> for crate::Failure {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match failure {
            failure if failure.is_dead_token() => Self::Unauthorized(format!(
                "Slack no longer takes the token ({failure}): connect the workspace again"
            )),
            Failure::RateLimited(wait) => Self::RateLimited(wait),
            Failure::NotSent(_) | Failure::Unknown(_) => Self::Unavailable(text),
            Failure::Refused(word) if matches!(code_of(&word), 503 | 504) => Self::Unavailable(text),
            Failure::Refused(_) | Failure::MissingScope(_) => Self::Refused(text),
        }
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

/// Who a token is. <https://docs.slack.dev/reference/methods/auth.test>
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Identity {
    pub team: Option<String>,
    pub team_id: String,
    pub user_id: String,
    pub enterprise_id: Option<String>,
    #[serde(default)]
    pub is_enterprise_install: bool,
}

impl Identity {
    /// What the token is good for: the organization if it is good for all of it, else the workspace.
    pub fn account(&self) -> &str {
        match &self.enterprise_id {
            Some(enterprise) if self.is_enterprise_install => enterprise,
            _ => &self.team_id,
        }
    }
}

/// Whose token a call is made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'token> {
    pub token: &'token SecretString,
    /// Whose circuit and limits it shares; none where the account isn't known yet.
    pub account: Option<&'token str>,
    /// How long a call may wait for a limit of Slack.
    pub patience: Duration,
}

/// Slack takes about one message a second in a channel, and some at once.
///
/// Source: <https://docs.slack.dev/apis/web-api/rate-limits>.
const BETWEEN_MESSAGES: Duration = Duration::from_secs(1);

/// So many messages may come at once in a channel.
const MESSAGES_AT_ONCE: u32 = 5;

/// The Web API, with no token of its own.
#[derive(Clone, Debug)]
pub(super) struct WebApi {
    http: Client,
    api_url: String,
}

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    error: Option<String>,
    needed: Option<String>,
}

/// What a list says about its next page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    pub next_cursor: String,
}

impl WebApi {
    pub fn new(http: Client, api_url: &str) -> Self {
        Self {
            http,
            api_url: api_url.to_owned(),
        }
    }

    /// `auth.test`, with the scopes that the token has, where Slack tells.
    pub async fn identity(&self, caller: Caller<'_>) -> Result<(Identity, Option<Vec<String>>), Failure> {
        let call = self.read("auth.test", caller, [])?;
        let read = |answer: &Answer| Ok((reading(answer)?, answer.header("x-oauth-scopes").map(scopes)));
        let (identity, scopes) = self.http.send(&call, read).await?;
        Ok((identity?, scopes))
    }

    /// Calls a method that changes something; it takes JSON.
    pub async fn json<T: DeserializeOwned>(
        &self,
        caller: Caller<'_>,
        method: &'static str,
        body: &Value,
    ) -> Result<T, Failure> {
        let call = self.call(method, caller.account)?.bearer(caller.token).json(body);
        let call = paced(call, caller, method, body["channel"].as_str());
        self.http.send(&call, reading).await?
    }

    /// Calls a method that only reads; it takes a form.
    pub async fn form<'field, T: DeserializeOwned>(
        &self,
        caller: Caller<'_>,
        method: &'static str,
        fields: impl IntoIterator<Item = (&'static str, &'field str)>,
    ) -> Result<T, Failure> {
        self.http.send(&self.read(method, caller, fields)?, reading).await?
    }

    /// Sends what a file contains to the address that Slack gave for it. It can be sent again: nobody sees it yet.
    pub async fn upload(&self, caller: Caller<'_>, url: &str, content: &str) -> Result<(), Failure> {
        let url = Url::parse(url).map_err(|_| Failure::Refused("the address for a file is none".to_owned()))?;
        let is_private = url.scheme() == "https" || (url.scheme() == "http" && self.api_url.starts_with("http://"));
        if !is_private {
            return Err(Failure::Refused("the address for a file isn't private".to_owned()));
        }
        let mut call = Call::new("files.upload", Method::POST, url).text(content).repeatable();
        if let Some(account) = caller.account {
            call = call.of(account);
        }
        let call = paced(call, caller, "files.upload", None);
        self.http
            .send(&call, |answer| {
                Ok(match answer.status {
                    status if status.is_success() => Ok(()),
                    status => Err(Failure::Refused(format!("the file, with status {status}"))),
                })
            })
            .await?
    }

    /// Calls a method that ends something; it takes a form, and finds what it has ended before.
    pub async fn end(
        &self,
        caller: Caller<'_>,
        method: &'static str,
        client: Option<(&str, &SecretString)>,
    ) -> Result<(), Failure> {
        let fields = client.map(|(id, secret)| [("client_id", id), ("client_secret", secret.expose_secret())]);
        let call = self.read(method, caller, fields.into_iter().flatten())?;
        let _: serde::de::IgnoredAny = self.http.send(&call, reading).await??;
        Ok(())
    }

    /// `oauth.v2.access` as the application, on a circuit of its own, if on one. What it is given works once, so it is asked once.
    pub async fn exchange<'field, T: DeserializeOwned>(
        &self,
        (id, secret): (&str, &SecretString),
        circuit: Option<&str>,
        fields: impl IntoIterator<Item = (&'static str, &'field str)>,
    ) -> Result<T, Failure> {
        let call = self.call("oauth.v2.access", circuit)?.basic(id, secret).form(fields);
        self.http.send(&call, reading).await?
    }

    fn read<'field>(
        &self,
        method: &'static str,
        caller: Caller<'_>,
        fields: impl IntoIterator<Item = (&'static str, &'field str)>,
    ) -> Result<Call, Failure> {
        let call = self.call(method, caller.account)?.bearer(caller.token);
        Ok(paced(call.form(fields).repeatable(), caller, method, None))
    }

    fn call(&self, method: &'static str, circuit: Option<&str>) -> Result<Call, Failure> {
        let url = Url::parse(&format!("{}/{method}", self.api_url));
        let url = url.map_err(|error| Failure::NotSent(error.to_string()))?;
        let call = Call::new(method, Method::POST, url);
        Ok(match circuit {
            Some(account) => call.of(account),
            None => call,
        })
    }
}

/// Limits are those of a method in a workspace, and where it writes messages, in a channel.
fn paced(call: Call, caller: Caller<'_>, method: &str, channel: Option<&str>) -> Call {
    let Some(account) = caller.account else {
        return call;
    };
    let call = call.patience(caller.patience);
    match channel.filter(|_| method.starts_with("chat.")) {
        Some(channel) if method == "chat.postMessage" => call.paced(
            format!("{account} {method} {channel}"),
            BETWEEN_MESSAGES,
            MESSAGES_AT_ONCE,
        ),
        Some(channel) => call.paced(format!("{account} {method} {channel}"), Duration::ZERO, 1),
        None => call.paced(format!("{account} {method}"), Duration::ZERO, 1),
    }
}

/// Reads what a method gives, or Slack's refusal, which is a clear answer.
fn reading<T: DeserializeOwned>(answer: &Answer) -> Result<Result<T, Failure>, http::Error> {
    if !answer.status.is_success() {
        return Err(http::Error::Unclear(format!("status {}", answer.status)));
    }
    let envelope: Envelope = answer.json()?;
    if envelope.ok {
        return Ok(Ok(answer.json()?));
    }
    let word = envelope.error.unwrap_or_else(|| "no reason given".to_owned());
    if matches!(word.as_str(), "ratelimited" | "rate_limited") {
        return Err(http::Error::RateLimited(Duration::from_secs(1)));
    }
    Ok(Err(match envelope.needed {
        Some(needed) if word == "missing_scope" => Failure::MissingScope(needed),
        _ => Failure::Refused(word),
    }))
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
            (Failure::MissingScope("chat:write".to_owned()), 401, 401),
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
        for (failure, is_final) in [
            (refused("unknown_method"), true),
            (refused("channel_type_not_supported"), true),
            (Failure::MissingScope("chat:write".to_owned()), true),
            (refused("token_expired"), false),
            (refused("fatal_error"), false),
            (refused("ratelimited"), false),
            (Failure::Unknown("timed out".to_owned()), false),
        ] {
            assert_eq!(failure.is_final(), is_final, "{failure}");
            assert!(!(failure.is_final() && failure.is_unclear()), "{failure}");
        }
        assert!(refused("invalid_blocks_format").is_about_blocks());
        assert!(!refused("invalid_auth").is_about_blocks());
    }
}
