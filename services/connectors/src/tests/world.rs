use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use infragpt_events::integration::{Connected, Resource};
use infragpt_sandbox::{Configuration, Sandbox};
use serde_json::{Value, json};
use url::Url;

use crate::{Authorization, Begin, Completion, Connector, Failure, Listing, Returned, github, slack};

pub const PRIVATE_KEY: &str = include_str!("../github/fixtures/keys/pkcs1.pem");

/// Every way in which a provider doesn't answer clearly.
pub const UNCLEAR: [&str; 5] = ["status", "html", "half", "empty", "redirect"];

#[expect(clippy::disallowed_methods, reason = "the simulators live in real time")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Simulators, and somebody with a browser.
pub struct World {
    pub sandbox: Sandbox,
    browser: reqwest::Client,
}

impl World {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Configuration)) -> Self {
        let mut configuration = Configuration::default();
        configuration.github.app_key = Some(PRIVATE_KEY.to_owned());
        configuration.github.setup_url = Some(format!("{}oauth/github/setup", public_url()));
        change(&mut configuration);
        let sandbox = Sandbox::start(configuration).await.unwrap();
        let browser = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { sandbox, browser }
    }

    pub fn slack(&self) -> Arc<dyn Connector> {
        self.slack_with(&json!({}))
    }

    pub fn slack_with(&self, changes: &Value) -> Arc<dyn Connector> {
        let settings = json!({
            "client_id": "1111.2222",
            "client_secret": "sandbox-slack-client-secret",
            "api_url": self.sandbox.slack_api_url(),
            "authorize_url": format!("{}/slack/oauth/v2/authorize", self.sandbox.url()),
        });
        let configuration: slack::Configuration = serde_json::from_value(merged(settings, changes)).unwrap();
        Arc::new(slack::Slack::new(&configuration, now).unwrap())
    }

    pub fn github(&self) -> Arc<github::Github> {
        self.github_with(&json!({}))
    }

    pub fn github_with(&self, changes: &Value) -> Arc<github::Github> {
        let settings = json!({
            "app_id": 100_042,
            "private_key": PRIVATE_KEY,
            "client_id": "Iv23sandbox100042",
            "client_secret": "sandbox-github-client-secret",
            "slug": "infragpt",
            "api_url": self.sandbox.github_api_url(),
            "web_url": self.sandbox.github_web_url(),
        });
        let configuration: github::Configuration = serde_json::from_value(merged(settings, changes)).unwrap();
        Arc::new(github::Github::new(&configuration, now).unwrap())
    }

    /// Makes people and providers do something.
    pub async fn control(&self, verb: &str, body: Value) -> Value {
        let url = format!("{}/{verb}", self.sandbox.control_url());
        let response = self.browser.post(url).body(body.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{verb} {body}");
        response.json().await.unwrap()
    }

    /// The next `times` calls of `method` are answered in this unclear way.
    pub async fn fault(&self, method: &str, kind: &str, times: u32) {
        let mut fault = json!({"method": method, "kind": kind, "times": times});
        match kind {
            "status" => fault["status"] = 500.into(),
            "redirect" => fault["to"] = "http://169.254.169.254/latest/meta-data".into(),
            _ => {}
        }
        self.control("fault", fault).await;
    }

    /// How often a method was called.
    pub async fn calls(&self, method: &str) -> usize {
        let state = self.control("state", json!({})).await;
        let calls = state["calls"].as_array().unwrap();
        calls.iter().filter(|call| call["method"] == method).count()
    }

    /// Opens a page, answers its form, and says where that leads.
    pub async fn answer(&self, page: &Url, fields: &[(&str, &str)]) -> Journey {
        let shown = self.browser.get(page.clone()).send().await.unwrap();
        assert_eq!(shown.status(), 200, "{page}: {}", shown.text().await.unwrap());
        let mut form: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        form.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let mut address = page.clone();
        address.set_query(None);
        let answered = self.browser.post(address).form(&form).send().await.unwrap();
        assert!(answered.status().is_redirection(), "{}", answered.text().await.unwrap());
        let location = Url::parse(answered.headers()["location"].to_str().unwrap()).unwrap();
        let mut parameters: BTreeMap<String, String> = location.query_pairs().into_owned().collect();
        Journey {
            path: location.path().to_owned(),
            state: parameters.remove("state"),
            parameters,
        }
    }
}

/// Where a browser was sent back to.
#[derive(Clone, Debug)]
pub struct Journey {
    pub path: String,
    pub state: Option<String>,
    pub parameters: BTreeMap<String, String>,
}

impl Journey {
    /// As the role hands it over.
    pub fn returned(&self, leg: u32, pinned: Option<&str>) -> Returned {
        Returned::Redirect {
            parameters: self.parameters.clone(),
            leg,
            redirect_base: public_url(),
            pinned: pinned.map(str::to_owned),
        }
    }
}

pub fn public_url() -> Url {
    Url::parse("http://127.0.0.1:9/").unwrap()
}

/// `page` as somebody is sent there.
pub fn with_state(mut page: Url, state: &str) -> Url {
    page.query_pairs_mut().append_pair("state", state);
    page
}

pub fn begin(account: Option<&str>) -> Begin {
    Begin {
        redirect_base: public_url(),
        account: account.map(str::to_owned),
    }
}

pub async fn authorized(connector: &dyn Connector, returned: &Returned) -> Result<Authorization, Failure> {
    match connector.complete(returned).await? {
        Completion::Authorized(authorization) => Ok(*authorization),
        other => panic!("{other:?}"),
    }
}

/// The connection that comes of an authorization.
pub fn connected(connector: &dyn Connector, authorization: &Authorization) -> Connected {
    Connected {
        connector: connector.kind(),
        account: authorization.account.clone(),
        bot_user: authorization.bot_user.clone(),
        scopes: authorization.scopes.clone(),
        credential: None,
        allowed_at: None,
        resources: BTreeMap::new(),
    }
}

pub fn names(listings: &[Listing]) -> Vec<&str> {
    let [Listing { resources, .. }] = listings else {
        panic!("{listings:?}")
    };
    resources.iter().map(|Resource { name, .. }| name.as_str()).collect()
}

fn merged(mut settings: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            settings.as_object_mut().unwrap().remove(key);
        } else {
            settings[key] = value.clone();
        }
    }
    settings
}
