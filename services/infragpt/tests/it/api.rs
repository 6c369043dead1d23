//! `/api/v1` as somebody outside sees it.

use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};

use crate::harness::App;

/// Somebody who calls the API with a session.
pub struct Caller {
    base: String,
    token: Option<String>,
    client: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    async fn of(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }
}

impl Caller {
    /// Somebody without a session.
    pub fn nobody(app: &App) -> Self {
        Self {
            base: app.installation.endpoints.api_url.clone(),
            token: None,
            client: Client::new(),
        }
    }

    /// `user`, who acts for `organization`; whether they belong to it the token doesn't say.
    pub async fn new(app: &App, user: &str, organization: &str) -> Self {
        // A role of the token's own: nobody is looked up for it, and the product must not believe it.
        let session = json!({ "user": user, "organization": organization, "lifetime": 3600, "role": "org:admin" });
        Self::with(app, session).await
    }

    /// With a token as the sandbox's `clerk_session` makes it.
    pub async fn with(app: &App, session: Value) -> Self {
        let session = app.control.call("clerk_session", &session).await.unwrap();
        Self {
            token: Some(session["token"].as_str().unwrap().to_owned()),
            ..Self::nobody(app)
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
}

pub fn profile() -> Value {
    json!({
        "company_size": "51-200", "team_size": "6-20",
        "use_cases": ["incident_response"], "observability": ["grafana", "opentelemetry"],
    })
}
