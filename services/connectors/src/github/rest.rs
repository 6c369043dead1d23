//! GitHub's REST API, and the two pages of GitHub that are asked by programs. <https://docs.github.com/en/rest>

use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use url::Url;

use super::link;
use crate::{
    Failure,
    http::{self, Answer, Call, Client},
};

/// The version of the API that is written against. <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const VERSION: &str = "2022-11-28";

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// GitHub said no, with this status, in its own words.
    #[error("GitHub refuses: {1} ({0})")]
    Status(u16, String),
    /// GitHub wants fewer requests.
    #[error("GitHub asks to wait {} seconds", .0.as_secs())]
    RateLimited(Duration),
    /// It can't be reached, or what it answered can't be understood.
    #[error("GitHub didn't answer clearly: {0}")]
    Unavailable(String),
}

impl Refusal {
    pub fn is(&self, wanted: u16) -> bool {
        matches!(self, Self::Status(status, _) if *status == wanted)
    }
}

impl From<http::Error> for Refusal {
    fn from(error: http::Error) -> Self {
        match error {
            http::Error::NotSent(text) | http::Error::Unclear(text) => Self::Unavailable(text),
            http::Error::RateLimited(wait) => Self::RateLimited(wait),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::Status(401, _) => Self::Unauthorized(text),
            Refusal::Status(..) => Self::Refused(text),
            Refusal::RateLimited(wait) => Self::RateLimited(wait),
            Refusal::Unavailable(_) => Self::Unavailable(text),
        }
    }
}

/// A page of a list, or that it is as it was.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// What it lists; nothing where it is as it was when it had the given tag.
    pub content: Option<T>,
    /// What a later request asks with whether it changed.
    pub tag: Option<String>,
    /// The next page, at the same origin.
    pub next: Option<Url>,
}

/// What GitHub says when it refuses.
#[derive(Deserialize)]
struct Problem {
    message: Option<String>,
}

/// GitHub, with no token of its own.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    http: Client,
    api_url: String,
    web_url: String,
}

impl Rest {
    pub fn new(http: Client, api_url: &str, web_url: &str) -> Self {
        Self {
            http,
            api_url: api_url.to_owned(),
            web_url: web_url.to_owned(),
        }
    }

    /// An address of the API.
    pub fn api(&self, path: &str) -> Result<Url, Refusal> {
        parse(&format!("{}{path}", self.api_url))
    }

    /// An address of the pages.
    pub fn web(&self, path: &str) -> Result<Url, Refusal> {
        parse(&format!("{}{path}", self.web_url))
    }

    /// A call of the API.
    pub fn call(operation: &'static str, method: Method, url: Url) -> Call {
        Call::new(operation, method, url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", VERSION)
    }

    /// Makes a call that gives something.
    pub async fn send<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Refusal> {
        let read = |answer: &Answer| {
            Ok(match refusal(answer) {
                Some(refusal) => Err(refusal),
                None => Ok(answer.json()?),
            })
        };
        self.http.send(call, read).await?
    }

    /// Makes a call that gives nothing.
    pub async fn tell(&self, call: &Call) -> Result<(), Refusal> {
        let read = |answer: &Answer| Ok(refusal(answer).map_or(Ok(()), Err));
        self.http.send(call, read).await?
    }

    /// Reads one page of a list that is at `url`; with a tag only if it changed.
    pub async fn page<T: DeserializeOwned>(
        &self,
        call: Call,
        url: &Url,
        tag: Option<&str>,
    ) -> Result<Page<T>, Refusal> {
        let call = match tag {
            Some(tag) => call.header("if-none-match", tag),
            None => call,
        };
        let read = |answer: &Answer| {
            if let Some(refusal) = refusal(answer) {
                return Ok(Err(refusal));
            }
            let content = match answer.status {
                StatusCode::NOT_MODIFIED => None,
                _ => Some(answer.json()?),
            };
            let next = answer.header("link").and_then(|header| link::next(header, url));
            Ok(match next {
                Some(Err(stranger)) => Err(Refusal::Unavailable(format!(
                    "the next page is said to be at {}",
                    stranger.host_str().unwrap_or("no host")
                ))),
                next => Ok(Page {
                    content,
                    tag: answer.header("etag").map(str::to_owned),
                    next: next.and_then(Result::ok),
                }),
            })
        };
        self.http.send(&call, read).await?
    }

    /// Exchanges a code for a token that stands for a person. GitHub refuses with status 200.
    ///
    /// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app>
    pub async fn exchange(
        &self,
        (id, secret): (&str, &SecretString),
        code: &str,
        redirect_uri: Option<&str>,
    ) -> Result<Result<SecretString, String>, Refusal> {
        #[derive(Deserialize)]
        struct Exchanged {
            access_token: Option<SecretString>,
            error: Option<String>,
        }
        let mut fields = vec![
            ("client_id", id),
            ("client_secret", secret.expose_secret()),
            ("code", code),
        ];
        fields.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        let call = Call::new("oauth_token", Method::POST, self.web("/login/oauth/access_token")?)
            .header("accept", "application/json")
            .form(fields);
        let exchanged: Exchanged = self.send(&call).await?;
        match exchanged {
            Exchanged {
                access_token: Some(token),
                error: None,
            } => Ok(Ok(token)),
            Exchanged { error: Some(word), .. } => Ok(Err(word)),
            Exchanged { .. } => Err(Refusal::Unavailable("there is no token in its answer".to_owned())),
        }
    }

    /// Ends a person's token.
    ///
    /// <https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token>
    pub async fn forget(&self, (id, secret): (&str, &SecretString), token: &SecretString) -> Result<(), Refusal> {
        let url = self.api(&format!("/applications/{id}/token"))?;
        let call = Self::call("revoke_user_token", Method::DELETE, url)
            .basic(id, secret)
            .json(&json!({ "access_token": token.expose_secret() }))
            .repeatable();
        match self.tell(&call).await {
            Err(refusal) if refusal.is(404) || refusal.is(422) => Ok(()),
            outcome => outcome,
        }
    }
}

fn parse(text: &str) -> Result<Url, Refusal> {
    Url::parse(text).map_err(|error| Refusal::Unavailable(format!("its address can't be used: {error}")))
}

fn refusal(answer: &Answer) -> Option<Refusal> {
    if answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let said: Option<Problem> = serde_json::from_slice(&answer.body).ok();
    let message = said.and_then(|problem| problem.message);
    let message = message.map_or_else(|| "no reason given".to_owned(), |text| text.chars().take(200).collect());
    Some(Refusal::Status(answer.status.as_u16(), message))
}
