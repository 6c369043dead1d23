//! Organizations and people: what Clerk says becomes events, and who may see what.

use std::collections::BTreeMap;

use infragpt::environment::Browser;
use infragpt_nats::Received;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Caller, profile},
    connections::listed,
    harness::App,
};

/// The last tokens of the subjects of an organization's events, in order.
async fn events(app: &App, organization: &str) -> Vec<String> {
    let filter = format!("events.organization.{organization}.>");
    names(&app.log.read("EVENTS", &filter, 0).await.unwrap())
}

fn names(events: &[Received]) -> Vec<String> {
    let last = |event: &Received| event.subject.rsplit('.').next().unwrap().to_owned();
    events.iter().map(last).collect()
}

#[tokio::test]
async fn what_clerk_says_becomes_events_once_however_often_it_says_so() {
    let app = App::start_with(&[]).await;
    app.sign_up().await.unwrap();
    app.settled().await.unwrap();
    let mut acme = events(&app, "acme").await;
    acme.sort();
    assert_eq!(acme, ["created", "member_added", "member_added"]);
    let people = app.log.read("EVENTS", "events.user.-.>", 0).await.unwrap();
    assert_eq!(names(&people), ["registered"; 3]);
    // Stored as it came, with the proof of where it came from.
    let facts = app
        .log
        .read("RAW_CLERK", "raw.clerk.acme.organizationMembership_created", 0)
        .await
        .unwrap();
    let fact: Value = serde_json::from_slice(&facts[0].payload).unwrap();
    assert_eq!(fact["type"], "organizationMembership.created");
    assert_eq!(facts[0].envelope.kind, "dev.clerk.organizationMembership.created");
    let before = app.log.stream("EVENTS").await.unwrap().last_sequence;
    app.sign_up().await.unwrap();
    app.settled().await.unwrap();
    let after = app.log.read("EVENTS", "events.>", before).await.unwrap();
    assert!(
        after.iter().all(|event| event.subject.starts_with("events.audit.")),
        "{after:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn the_newest_wins_and_what_is_gone_stays_gone() {
    let app = App::start_with(&[]).await;
    app.sign_up().await.unwrap();
    let url = json!({ "lose": true });
    let change = async |verb: &str, body: Value| {
        let mut wanted = url.clone();
        wanted
            .as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        app.control.call(verb, &wanted).await.unwrap()["deliveries"].clone()
    };
    let mut facts = Vec::new();
    for (verb, body) in [
        (
            "clerk_organization",
            json!({ "action": "update", "id": "acme", "name": "Acme One" }),
        ),
        (
            "clerk_organization",
            json!({ "action": "update", "id": "acme", "name": "Acme Two" }),
        ),
        (
            "clerk_membership",
            json!({ "action": "update", "user": "user_tom", "organization": "acme", "role": "admin" }),
        ),
        (
            "clerk_membership",
            json!({ "action": "delete", "user": "user_tom", "organization": "acme" }),
        ),
    ] {
        facts.extend(change(verb, body).await.as_array().unwrap().clone());
    }
    // The latest first, and then all of them again.
    for fact in facts.iter().rev().chain(&facts) {
        let sent = json!({ "type": fact["type"], "data": fact["data"], "at": fact["at"] });
        let answer = app.control.call("clerk_webhook", &sent).await.unwrap();
        assert_eq!(answer["status"], 200, "{answer}");
    }
    app.settled().await.unwrap();
    let maya = Caller::new(&app, "user_maya", "acme").await;
    app.until("the newest name", async || {
        Ok((maya.get("/organization").await.json()["name"] == "Acme Two").then_some(()))
    })
    .await
    .unwrap();
    let members = maya.get("/members").await.expect(200).json();
    let members: Vec<&str> = members["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["user_id"].as_str().unwrap())
        .collect();
    assert_eq!(members, ["user_maya"]);
    let tom = Caller::new(&app, "user_tom", "acme").await;
    tom.get("/changes").await.expect(403);
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_clerk_s_stores_nothing_and_what_nobody_knows_is_stored() {
    let app = App::start_with(&[]).await;
    let send = async |more: Value| {
        let mut wanted = json!({ "type": "user.created", "data": { "id": "user_eve" } });
        wanted
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        app.control.call("clerk_webhook", &wanted).await.unwrap()["status"].clone()
    };
    for forged in [
        json!({ "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "timestamp": 1_600_000_000 }),
        json!({ "signature": "v1,AAAA" }),
        json!({ "omit": ["svix-signature"] }),
        json!({ "omit": ["svix-id"] }),
    ] {
        assert_eq!(send(forged.clone()).await, 401, "{forged}");
    }
    assert_eq!(app.log.stream("RAW_CLERK").await.unwrap().messages, 0);
    let unknown = json!({ "type": "waitlistEntry.created", "data": { "id": "wait_1" } });
    assert_eq!(send(unknown).await, 200);
    // A code that opens an account is nothing to keep.
    let code = json!({
        "type": "email.created",
        "data": { "id": "ema_1", "body": "Your code is 424242", "data": { "otp_code": "424242" }, "subject": "Code" },
    });
    assert_eq!(send(code).await, 200);
    app.settled().await.unwrap();
    let stored = app.log.read("RAW_CLERK", ">", 0).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert!(
        stored
            .iter()
            .all(|fact| !String::from_utf8_lossy(&fact.payload).contains("424242"))
    );
    app.finish().await;
}

#[tokio::test]
async fn hostile_sessions_are_refused() {
    let app = App::start_with(&[]).await;
    app.sign_up().await.unwrap();
    let good = json!({ "user": "user_maya", "organization": "acme" });
    Caller::with(&app, good.clone()).await.get("/me").await.expect(200);
    let version_1 = json!({ "user": "user_maya", "organization": "acme", "version": 1 });
    Caller::with(&app, version_1).await.get("/me").await.expect(200);
    let refused: BTreeMap<&str, Value> = BTreeMap::from([
        ("expired", json!({ "lifetime": -60 })),
        ("another party", json!({ "azp": "https://evil.example" })),
        ("pending", json!({ "status": "pending" })),
        ("unsigned", json!({ "alg": "none" })),
        ("signed with the public key", json!({ "alg": "HS256" })),
        ("a stranger's key", json!({ "key": "stranger" })),
        ("another key's name", json!({ "header": { "kid": "ins_unknown" } })),
        ("nobody", json!({ "claims": { "sub": null } })),
        (
            "another issuer",
            json!({ "claims": { "iss": "https://clerk.evil.example" } }),
        ),
    ]);
    for (case, more) in refused {
        let mut session = good.clone();
        session
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = Caller::with(&app, session).await.get("/me").await;
        assert_eq!(answer.status, 401, "{case}: {}", answer.text);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{case}");
    }
    // Signed in, but for no organization.
    let nowhere = Caller::with(&app, json!({ "user": "user_maya" }))
        .await
        .get("/me")
        .await;
    assert_eq!(nowhere.status, 403, "{}", nowhere.text);
    // The keys are changed while somebody has a session of the old one.
    let old = Caller::with(&app, good.clone()).await;
    app.control.call("clerk_rotate_key", &json!({})).await.unwrap();
    Caller::with(&app, good).await.get("/me").await.expect(200);
    old.get("/me").await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn an_administrator_reads_what_they_wrote() {
    let app = App::start_with(&[]).await;
    app.sign_up().await.unwrap();
    let maya = Caller::new(&app, "user_maya", "acme").await;
    let written = maya.put("/organization/profile", profile()).await.expect(200);
    let position = written.header("infragpt-position").to_owned();
    assert!(!position.is_empty());
    let read = maya
        .request(Method::GET, "/organization/profile")
        .header("Infragpt-Position", &position);
    let read = maya.send(read).await.expect(200);
    assert_eq!(read.json()["company_size"], "51-200");
    let etag = read.header("etag").to_owned();
    let again = maya
        .request(Method::GET, "/organization/profile")
        .header("If-None-Match", &etag);
    assert_eq!(maya.send(again).await.expect(304).text, "");
    // Somebody else changed it in between.
    let other = json!({ "company_size": "1000+", "team_size": "50+", "use_cases": [], "observability": [] });
    maya.put("/organization/profile", other.clone()).await.expect(200);
    let late = maya
        .request(Method::PUT, "/organization/profile")
        .header("If-Match", &etag)
        .json(&profile());
    maya.send(late).await.expect(412);
    let event = app
        .log
        .read("EVENTS", "events.organization.acme.*.profile_set", 0)
        .await
        .unwrap();
    assert_eq!(event.len(), 2);
    assert_eq!(event[0].envelope.actor.as_deref(), Some("user:user_maya"));
    assert_eq!(event[0].envelope.client_address.as_deref(), Some("127.0.0.1"));
    assert_eq!(
        event[0].envelope.request.as_deref(),
        Some(written.header("x-request-id"))
    );
    let audit = maya
        .get("/audit?action=organization.profile_set")
        .await
        .expect(200)
        .json();
    assert_eq!(audit["data"][0]["actor"], "user:user_maya");
    assert_eq!(audit["data"][0]["address"], "127.0.0.1");
    app.finish().await;
}

#[tokio::test]
async fn a_write_with_a_key_happens_once() {
    let app = App::start_with(&[]).await;
    app.sign_up().await.unwrap();
    let maya = Caller::new(&app, "user_maya", "acme").await;
    let begin = async |key: &str, connector: &str| {
        let path = format!("/integrations/{connector}/authorizations");
        let request = maya
            .request(Method::POST, &path)
            .header("Idempotency-Key", key)
            .json(&json!({}));
        maya.send(request).await
    };
    let first = begin("k-1", "slack").await.expect(201);
    let again = begin("k-1", "slack").await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.text, again.text);
    begin("k-1", "github").await.expect(422);
    let at_once = futures::future::join_all((0..8).map(|_| begin("k-2", "github"))).await;
    for answer in &at_once {
        assert!([201, 409].contains(&answer.status), "{}", answer.text);
    }
    let started = app
        .log
        .read("EVENTS", "events.integration.acme.*.authorization_started", 0)
        .await
        .unwrap();
    assert_eq!(started.len(), 2, "{:?}", names(&started));
    app.finish().await;
}

#[tokio::test]
async fn who_begins_to_connect_has_to_be_who_comes_back() {
    let app = crate::connections::app(&[]).await;
    app.sign_up().await.unwrap();
    let api = app.installation.endpoints.api_url.clone();
    let maya = Caller::new(&app, "user_maya", "acme").await;
    let begin = async || {
        let begun = maya
            .post("/integrations/slack/authorizations", json!({}))
            .await
            .expect(201)
            .json();
        begun["url"].as_str().unwrap().to_owned()
    };
    let session = async |user: &str, lifetime: i64| {
        let wanted = json!({ "user": user, "organization": "acme", "lifetime": lifetime });
        let session = app.control.call("clerk_session", &wanted).await.unwrap();
        session["token"].as_str().unwrap().to_owned()
    };
    let allow = async |url: &str, token: Option<String>| {
        let mut browser = Browser::new().unwrap();
        if let Some(token) = token {
            browser.sign_in(&api, &token).unwrap();
        }
        let consent = browser.open(url).await.unwrap().ok().unwrap();
        browser
            .submit(&consent, &[("decision", "allow"), ("install", "workspace")])
            .await
            .unwrap()
    };
    for (case, token) in [
        ("nobody is signed in", None),
        ("somebody else is", Some(session("user_tom", 60).await)),
        ("it was an hour ago", Some(session("user_maya", -3600).await)),
    ] {
        let page = allow(&begin().await, token).await;
        assert_eq!(page.status, 403, "{case}: {}", page.text());
        assert_ne!(listed(&app, "acme", "slack").await["state"], "active", "{case}");
    }
    // Reading a consent page takes longer than a token lives.
    let page = allow(&begin().await, Some(session("user_maya", -120).await)).await;
    assert!(page.status.is_success(), "{}", page.text());
    let health = maya.get("/integrations/slack/health").await.expect(200).json();
    assert_eq!(health["state"], "active", "{health}");
    app.finish().await;
}
