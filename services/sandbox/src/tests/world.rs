use std::collections::HashMap;

use serde_json::Value;

use crate::{Configuration, Sandbox};

/// A running sandbox and a client for it.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) client: reqwest::Client,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with(Configuration::default()).await
    }

    pub(super) async fn with(configuration: Configuration) -> Self {
        let sandbox = Sandbox::start(configuration).await.unwrap();
        Self {
            sandbox,
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    /// Posts to the control API and expects success.
    pub(super) async fn control(&self, verb: &str, body: Value) -> Value {
        let (status, answer) = self.control_raw(verb, body.to_string()).await;
        assert_eq!(status, 200, "{verb} {body}: {answer}");
        answer
    }

    pub(super) async fn control_raw(&self, verb: &str, body: String) -> (u16, Value) {
        let url = format!("{}/{verb}", self.sandbox.control_url());
        let response = self.client.post(url).body(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Calls the Web API as JSON with the bot's token, or the app's where Slack wants that.
    pub(super) async fn slack(&self, method: &str, arguments: Value) -> Value {
        let token = if method == "apps.connections.open" {
            "xapp-1-A0INFRAGPT-sandbox"
        } else {
            "xoxb-sandbox"
        };
        let url = format!("{}/{method}", self.sandbox.slack_api_url());
        let response = self
            .client
            .post(url)
            .bearer_auth(token)
            .json(&arguments)
            .send()
            .await
            .unwrap();
        response.json().await.unwrap()
    }

    /// Sends a form to a page, as a browser does.
    pub(super) async fn form(&self, url: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        self.client.post(url).form(fields).send().await.unwrap()
    }
}

/// Where a response redirects to, and the parameters there.
pub(super) fn location(response: &reqwest::Response) -> (String, HashMap<String, String>) {
    assert_eq!(response.status(), 302);
    let url = reqwest::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    let parameters = url.query_pairs().into_owned().collect();
    let mut place = url;
    place.set_query(None);
    (place.into(), parameters)
}
