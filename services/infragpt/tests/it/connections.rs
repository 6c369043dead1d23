//! Connecting and disconnecting Slack and GitHub through their own pages, and everything that can go wrong there.

use infragpt::environment::{Browser, Page};
use infragpt_nats::Received;
use serde_json::{Value, json};

use crate::harness::{App, state_of};

pub async fn app(environment: &[(&str, &str)]) -> App {
    let mut app = App::start_without_roles(|options| {
        for (name, value) in environment {
            options.environment.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await;
    app.installation.start_roles().await.unwrap();
    app
}

/// The one integration of an organization with a connector, as an operator reads it.
pub async fn listed(app: &App, organization: &str, connector: &str) -> Value {
    let output = app
        .installation
        .infragpt(&["integrations", "list", "--organization", organization, "--json"])
        .await
        .unwrap();
    output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|listed| listed["connector"] == connector)
        .unwrap()
}

pub async fn until_state(app: &App, connector: &str, state: &str) -> Value {
    app.until(&format!("{connector} to be {state}"), async || {
        let listed = listed(app, "acme", connector).await;
        Ok((listed["state"] == state).then_some(listed))
    })
    .await
    .unwrap()
}

pub async fn initiate(app: &App, organization: &str, connector: &str, more: &[&str]) -> String {
    let mut arguments = vec!["integrations", "connect", connector, "--organization", organization];
    arguments.extend(["--no-wait", "--json"]);
    arguments.extend(more);
    let started: Value = serde_json::from_str(&app.installation.infragpt(&arguments).await.unwrap()).unwrap();
    started["url"].as_str().unwrap().to_owned()
}

async fn allow_slack(app: &App, organization: &str) -> Page {
    let url = initiate(app, organization, "slack", &[]).await;
    app.installation.allow_slack(&url).await.unwrap()
}

async fn disconnect(app: &App, connector: &str) -> String {
    app.installation
        .infragpt(&["integrations", "disconnect", connector, "--organization", "acme"])
        .await
        .unwrap()
}

fn names(events: &[Received]) -> Vec<&str> {
    events.iter().filter_map(|event| event.token(4)).collect()
}

async fn fault(app: &App, method: &str, kind: &str) {
    app.control
        .call("fault", &json!({ "method": method, "kind": kind, "times": 1 }))
        .await
        .unwrap();
}

async fn calls(app: &App, method: &str) -> usize {
    let state = app.control.call("state", &json!({})).await.unwrap();
    let calls = state["calls"].as_array().unwrap();
    calls.iter().filter(|call| call["method"] == method).count()
}

#[tokio::test]
async fn people_connect_slack_and_github_on_their_own_pages() {
    let mut app = app(&[]).await;
    let page = allow_slack(&app, "acme").await;
    assert!(page.status.is_success(), "{}", page.text());
    assert!(
        page.text().contains("Connected") && page.text().contains("Acme"),
        "{}",
        page.text()
    );
    let events = app.take("EVENTS", 5).await.unwrap();
    assert_eq!(
        names(&events),
        [
            "authorization_started",
            "authorization_returned",
            "authorized",
            "resource_granted",
            "synchronized"
        ]
    );
    let slack = listed(&app, "acme", "slack").await;
    assert_eq!(
        (&slack["state"], &slack["account"]["id"]),
        (&json!("active"), &json!("T0ACME"))
    );
    assert!(slack["resources"].as_u64().unwrap() >= 2, "{slack}");

    let url = initiate(&app, "acme", "github", &[]).await;
    let page = app.installation.allow_github(&url, "acme").await.unwrap();
    assert!(page.status.is_success(), "{}", page.text());
    let github = listed(&app, "acme", "github").await;
    assert_eq!(
        (&github["state"], &github["account"]["id"]),
        (&json!("active"), &json!("4242"))
    );
    assert!(
        github["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|scope| scope == "contents:read"),
        "{github}"
    );
    app.settled().await.unwrap();
    app.take("EVENTS", 6).await.unwrap();

    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    let metrics = format!("{}/metrics", app.installation.endpoints.operator_url);
    let metrics = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    let posts = metrics
        .lines()
        .find(|line| line.contains("chat.postMessage") && line.contains("_total"));
    let posts = posts.unwrap_or_else(|| panic!("{metrics}"));
    assert!(
        posts.contains("outcome=\"answered\"") && posts.ends_with(" 1"),
        "{posts}"
    );
    app.finish().await;
}

#[tokio::test]
async fn the_whole_of_a_slack_organization_is_one_account() {
    let app = app(&[]).await;
    let browser = Browser::new().unwrap();
    let url = initiate(&app, "acme", "slack", &[]).await;
    let consent = browser.open(&url).await.unwrap();
    let fields = [("decision", "allow"), ("install", "organization")];
    let page = browser.submit(&consent, &fields).await.unwrap();
    assert!(page.status.is_success(), "{}", page.text());
    let slack = listed(&app, "acme", "slack").await;
    assert_eq!(slack["account"]["id"], "E0ACME", "{slack}");
    app.finish().await;
}

/// Whatever goes wrong there is read here, and nothing of it is stored.
#[tokio::test]
async fn what_goes_wrong_on_the_way_is_a_sentence_and_stores_nothing() {
    let app = app(&[]).await;
    let browser = Browser::new().unwrap();
    let mut sentences = Vec::new();
    for case in [
        "deny",
        "error",
        "status",
        "html",
        "half",
        "empty",
        "redirect",
        "scopes",
        "forged code",
    ] {
        let url = initiate(&app, "acme", "slack", &[]).await;
        let consent = browser.open(&url).await.unwrap();
        match case {
            "scopes" => {
                let few = json!({ "scopes": ["chat:write"] });
                app.control.call("next_consent", &few).await.unwrap();
            }
            "error" => {
                let wrong = json!({ "method": "oauth.v2.access", "kind": "error", "error": "bad_client_secret" });
                app.control.call("fault", &wrong).await.unwrap();
            }
            "redirect" => {
                let away = json!({ "method": "oauth.v2.access", "kind": "redirect", "to": "http://169.254.169.254/" });
                app.control.call("fault", &away).await.unwrap();
            }
            "status" | "html" | "half" | "empty" => fault(&app, "oauth.v2.access", case).await,
            _ => {}
        }
        let decision = if case == "deny" { "deny" } else { "allow" };
        let page = if case == "forged code" {
            let state = state_of(&url);
            let mut back = url::Url::parse(&app.installation.endpoints.api_url).unwrap();
            back.set_path("/oauth/slack/callback");
            back.query_pairs_mut()
                .append_pair("code", "made-up")
                .append_pair("state", &state);
            browser.open(back.as_str()).await.unwrap()
        } else {
            browser.submit(&consent, &[("decision", decision)]).await.unwrap()
        };
        let status = page.status.as_u16();
        assert!((400..=503).contains(&status), "{case}: {status} {}", page.text());
        let slack = listed(&app, "acme", "slack").await;
        assert_eq!(slack["state"], "not_started", "{case}: {slack}");
        let reason = slack["last_failure"]
            .as_str()
            .unwrap_or_else(|| panic!("{case}: {slack}"))
            .to_owned();
        assert!(page.text().contains(&reason), "{case}: {reason} / {}", page.text());
        sentences.push(format!("{case}: {reason}"));
    }
    for stream in ["CREDENTIALS", "KV_CREDENTIAL_KEYS", "KV_CONNECTOR_ACCOUNTS"] {
        assert_eq!(app.log.stream(stream).await.unwrap().messages, 0, "{stream}");
    }
    insta::assert_snapshot!(sentences.join("\n"));
    app.finish().await;
}

/// The address that ends an authorization does something once, and only with a state of ours.
#[tokio::test]
async fn a_state_is_used_once_and_can_not_be_made_up() {
    let app = app(&[]).await;
    let browser = Browser::new().unwrap();
    let api = app.installation.endpoints.api_url.clone();
    let url = initiate(&app, "acme", "slack", &[]).await;
    let state = state_of(&url);
    let page = app.installation.allow_slack(&url).await.unwrap();
    assert!(page.status.is_success(), "{}", page.text());
    let head = reqwest::Client::new();
    for (case, path, expected) in [
        ("replayed", format!("/oauth/slack/callback?code=x&state={state}"), 410),
        (
            "another connector's",
            format!("/oauth/github/callback?code=x&state={state}"),
            400,
        ),
        (
            "altered",
            format!("/oauth/slack/callback?code=x&state={}x", &state[..state.len() - 2]),
            400,
        ),
        ("made up", "/oauth/slack/callback?code=x&state=made.up".to_owned(), 400),
        ("missing", "/oauth/slack/callback?code=x".to_owned(), 400),
        (
            "twice",
            format!("/oauth/slack/callback?state={state}&state={state}"),
            400,
        ),
        (
            "of nobody",
            format!("/oauth/pagerduty/callback?code=x&state={state}"),
            400,
        ),
    ] {
        let page = browser.open(&format!("{api}{path}")).await.unwrap();
        assert_eq!(page.status.as_u16(), expected, "{case}: {}", page.text());
        assert!(page.text().contains("Not connected"), "{case}: {}", page.text());
    }
    let status = head
        .head(format!("{api}/oauth/slack/callback"))
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status.as_u16(), 405);
    let records = app
        .until("the audit records", async || {
            let records = app.log.read("EVENTS", "events.audit.>", 0).await?;
            let refused: Vec<String> = records
                .iter()
                .filter(|record| String::from_utf8_lossy(&record.payload).contains("authorization_refused"))
                .map(|record| record.token(2).unwrap().to_owned())
                .collect();
            Ok((refused.iter().any(|it| it == "acme") && refused.iter().any(|it| it == "-")).then_some(refused))
        })
        .await
        .unwrap();
    assert!(records.len() >= 2);
    assert_eq!(listed(&app, "acme", "slack").await["state"], "active");
    app.finish().await;
}

#[tokio::test]
async fn of_two_organizations_one_gets_the_workspace_until_it_lets_go() {
    let app = app(&[]).await;
    let (acme, globex) = tokio::join!(allow_slack(&app, "acme"), allow_slack(&app, "globex"));
    let outcomes = [acme.status.is_success(), globex.status.is_success()];
    assert_eq!(
        outcomes.iter().filter(|won| **won).count(),
        1,
        "{} / {}",
        acme.text(),
        globex.text()
    );
    let (winner, loser, page) = if outcomes[0] {
        ("acme", "globex", globex)
    } else {
        ("globex", "acme", acme)
    };
    assert_eq!(page.status.as_u16(), 409);
    assert!(page.text().contains("another organization"), "{}", page.text());
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    let asked = app.log.read("EVENTS", "events.conversation.>", 0).await.unwrap();
    assert!(asked.iter().all(|event| event.token(2) == Some(winner)));

    let ended = app
        .installation
        .infragpt(&["integrations", "disconnect", "slack", "--organization", winner])
        .await
        .unwrap();
    assert!(ended.contains("shredded"), "{ended}");
    let page = allow_slack(&app, loser).await;
    assert!(page.status.is_success(), "{}", page.text());
    let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    let asked = app.log.read("EVENTS", "events.conversation.>", 0).await.unwrap();
    assert_eq!(asked.last().unwrap().token(2), Some(loser));
    app.finish().await;
}

#[tokio::test]
async fn an_app_that_is_taken_out_of_slack_is_disconnected_in_whatever_order_slack_tells() {
    let app = app(&[]).await;
    for order in ["tokens_first", "app_first"] {
        let page = allow_slack(&app, "acme").await;
        assert!(page.status.is_success(), "{order}: {}", page.text());
        let uninstall = json!({ "order": order, "via": "http", "url": app.slack_url() });
        app.control.call("slack_uninstall", &uninstall).await.unwrap();
        until_state(&app, "slack", "disconnected").await;
        app.settled().await.unwrap();
        assert_eq!(
            app.log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages,
            0,
            "{order}"
        );
    }
    let ended = app
        .log
        .read("EVENTS", "events.integration.*.*.disconnected", 0)
        .await
        .unwrap();
    assert_eq!(ended.len(), 2, "once for each connection");
    app.finish().await;
}

#[tokio::test]
async fn a_dead_credential_is_noticed_before_somebody_needs_it() {
    let app = app(&[("INFRAGPT_INTEGRATIONS_PROBE_SECONDS", "1")]).await;
    allow_slack(&app, "acme").await.ok().unwrap();
    // Slack no longer takes the token, and doesn't tell.
    let dead = json!({ "method": "auth.test", "kind": "error", "error": "token_revoked", "times": 2 });
    app.control.call("fault", &dead).await.unwrap();
    let degraded = app
        .until("the degraded event", async || {
            let events = app.log.read("EVENTS", "events.integration.acme.*.degraded", 0).await?;
            Ok(events.into_iter().next())
        })
        .await
        .unwrap();
    let reason = String::from_utf8_lossy(&degraded.payload).into_owned();
    assert!(reason.contains("connect the workspace again"), "{reason}");
    app.control.call("clear_faults", &json!({})).await.unwrap();
    until_state(&app, "slack", "active").await;
    let recovered = app
        .log
        .read("EVENTS", "events.integration.acme.*.recovered", 0)
        .await
        .unwrap();
    assert_eq!(recovered.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn disconnecting_ends_the_credential_and_connecting_again_goes_on() {
    let app = app(&[]).await;
    allow_slack(&app, "acme").await.ok().unwrap();
    let before = listed(&app, "acme", "slack").await;
    let said = disconnect(&app, "slack").await;
    assert!(said.contains("shredded"), "{said}");
    let after = listed(&app, "acme", "slack").await;
    assert_eq!(after["state"], "disconnected");
    assert!(after["since"].is_string() && after["reason"].is_string(), "{after}");
    assert_eq!(calls(&app, "apps.uninstall").await, 1);
    assert_eq!(app.log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages, 0);
    let again = disconnect(&app, "slack").await;
    assert!(again.contains("shredded"), "{again}");
    app.settled().await.unwrap();
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.settled().await.unwrap();
    assert!(app.control.posted(&said.channel, &said.ts).await.unwrap().is_empty());

    allow_slack(&app, "acme").await.ok().unwrap();
    let anew = listed(&app, "acme", "slack").await;
    assert_eq!(
        (&anew["integration"], &anew["state"]),
        (&before["integration"], &json!("active"))
    );
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    app.finish().await;
}
