use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{World, app::App};
use crate::clock;

/// A JWT of the App; without a configured key only its shape and claims are checked.
pub(super) fn jwt() -> String {
    let part = |value: &str| URL_SAFE_NO_PAD.encode(value);
    let claims = json!({ "iat": clock::seconds() - 60, "exp": clock::seconds() + 300, "iss": "100042" });
    let signature = URL_SAFE_NO_PAD.encode([7; 256]);
    format!(
        "{}.{}.{signature}",
        part(r#"{"alg":"RS256"}"#),
        part(&claims.to_string())
    )
}

impl World {
    pub(super) async fn github(&self, method: Method, path: &str, token: &str) -> Response {
        let url = format!("{}{path}", self.sandbox.github_api_url());
        self.client
            .request(method, url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }

    /// Status and body of a GET.
    pub(super) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let response = self.github(Method::GET, path, token).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// A token of an installation.
    pub(super) async fn installation_token(&self, id: u64) -> String {
        let path = format!("/app/installations/{id}/access_tokens");
        let response = self.github(Method::POST, &path, &jwt()).await;
        assert_eq!(response.status(), 201);
        let body: Value = response.json().await.unwrap();
        body["token"].as_str().unwrap().to_owned()
    }

    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.github_web_url())
    }
}

/// Event, action and payload of the webhooks that reached the app, once there are `count`.
pub(super) async fn webhooks(app: &App, count: usize) -> Vec<(String, String, Value)> {
    let arrived = async {
        while app.requests().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrived).await.unwrap();
    let requests = app.requests();
    assert_eq!(requests.len(), count);
    let told = |it: &super::app::Request| {
        let payload = it.json();
        let action = payload["action"].as_str().unwrap_or_default().to_owned();
        (it.header("x-github-event").to_owned(), action, payload)
    };
    requests.iter().map(told).collect()
}
