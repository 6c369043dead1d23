//! One call, described so that it can be made again.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::limits::Pace;

/// How long a call waits for a limit of its provider without its caller being told.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// A request, with what decides about repeating it.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) operation: &'static str,
    pub(super) account: Option<String>,
    pub(super) repeatable: bool,
    pub(super) pace: Option<Pace>,
    pub(super) patience: Duration,
    method: Method,
    url: Url,
    authorization: Authorization,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Authorization {
    None,
    Bearer(SecretString),
    Basic(String, SecretString),
}

/// The fields of a form may be secrets.
#[derive(Clone)]
enum Body {
    Empty,
    Json(String),
    Text(String),
    Form(Vec<(&'static str, SecretString)>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "Empty",
            Self::Json(_) => "Json",
            Self::Text(_) => "Text",
            Self::Form(_) => "Form",
        })
    }
}

impl Call {
    /// A call under the name that logs and metrics know it by. Only a GET is repeated after an unclear answer.
    pub fn new(operation: &'static str, method: Method, url: Url) -> Self {
        Self {
            operation,
            account: None,
            repeatable: method == Method::GET,
            pace: None,
            patience: PATIENCE,
            method,
            url,
            authorization: Authorization::None,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// It is made for this account: while too many of its calls fail in a row, none is sent. Without an account every one is.
    pub fn of(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// It changes nothing, or nothing more when made again.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// It shares a limit with all calls of this key: while the provider wants none, none is sent, and for a minute after that one in
    /// the time `every`, of which `at_once` may come at once after a pause.
    pub fn paced(mut self, key: impl Into<String>, every: Duration, at_once: u32) -> Self {
        self.pace = Some(Pace {
            key: key.into(),
            every,
            at_once,
        });
        self
    }

    /// It waits so long for limits, all waits together; what would take longer is not sent.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// With a bearer token.
    pub fn bearer(mut self, token: &SecretString) -> Self {
        self.authorization = Authorization::Bearer(token.clone());
        self
    }

    /// With a name and a password.
    pub fn basic(mut self, name: &str, password: &SecretString) -> Self {
        self.authorization = Authorization::Basic(name.to_owned(), password.clone());
        self
    }

    /// With a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a JSON body.
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Body::Json(body.to_string());
        self
    }

    /// With a text as its body, whatever it means.
    pub fn text(mut self, body: &str) -> Self {
        self.body = Body::Text(body.to_owned());
        self
    }

    /// With a form as its body.
    pub fn form<'field>(mut self, fields: impl IntoIterator<Item = (&'static str, &'field str)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect();
        self.body = Body::Form(fields);
        self
    }

    pub(super) fn request(&self, http: &Client) -> RequestBuilder {
        let mut request = http.request(self.method.clone(), self.url.clone());
        request = match &self.authorization {
            Authorization::None => request,
            Authorization::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Authorization::Basic(name, password) => request.basic_auth(name, Some(password.expose_secret())),
        };
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        match &self.body {
            Body::Empty => request,
            Body::Json(body) => request
                .header(reqwest::header::CONTENT_TYPE, "application/json; charset=utf-8")
                .body(body.clone()),
            Body::Text(body) => request
                .header(reqwest::header::CONTENT_TYPE, "application/octet-stream")
                .body(body.clone()),
            Body::Form(fields) => {
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (*name, value.expose_secret()))
                    .collect();
                request.form(&fields)
            }
        }
    }
}
