//! What is written: by somebody, once, and readable where it says.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::Method;
use futures::future::join_all;
use infragpt_events::{
    OrganizationId,
    organization::{self, Description, Member, Organization, OrganizationCommand, Role},
};
use infragpt_nats::{AggregateSubject, Call, Cause, EventStore, Origin, Service, ServiceError};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    answer::Answer,
    installation::{Caller, Installation, now, until},
    log::two_organizations,
};

/// Acme and maya, as Clerk's facts would make them, with the roles that write and project.
async fn living() -> Installation {
    let installation = Installation::start().await;
    installation.start_roles().await;
    let store = EventStore::new(&installation.connect("handlers").await);
    let acme = OrganizationId::parse("acme").unwrap();
    let subject = AggregateSubject::new::<Organization>(&acme, organization::id(&acme));
    for (index, command) in [
        OrganizationCommand::Describe(Description {
            name: "Acme".to_owned(),
            slug: None,
            updated_at: now(),
        }),
        OrganizationCommand::Admit {
            membership: "mem_1".to_owned(),
            member: Member {
                user: "user_maya".to_owned(),
                role: Role::Admin,
                updated_at: now(),
            },
        },
    ]
    .into_iter()
    .enumerate()
    {
        let cause = Cause {
            id: format!("fact-{index}"),
            correlation: "case".to_owned(),
            actor: "clerk".to_owned(),
            time: now(),
            traceparent: None,
            origin: Origin::default(),
        };
        store.execute::<Organization>(&subject, &cause, command).await.unwrap();
    }
    let maya = installation.maya();
    until("maya to be known", async || {
        (maya.get("/me").await.status == 200).then_some(())
    })
    .await;
    installation
}

fn profile(company_size: &str) -> Value {
    json!({
        "company_size": company_size, "team_size": "6-20", "use_cases": ["other", "cost_review"], "observability": [],
    })
}

async fn put(maya: &Caller<'_>, headers: &[(&str, &str)], body: Value) -> Answer {
    // The role that keeps profiles starts while it is asked.
    until("the profile to be taken", async || {
        let answer = maya
            .call(Method::PUT, "/organization/profile", headers, Some(body.clone()))
            .await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn one_reads_what_one_wrote_and_overwrites_nobody() {
    let installation = living().await;
    let maya = installation.maya();
    let written = put(
        &maya,
        &[("x-request-id", "r-7"), ("if-none-match", "*")],
        profile("1-10"),
    )
    .await
    .expect(200);
    assert_eq!(written.json()["use_cases"], json!(["cost_review", "other"]));
    let position = written.header("infragpt-position").to_owned();
    let read = maya
        .get_with("/organization/profile", &[("infragpt-position", &position)])
        .await
        .expect(200);
    assert_eq!(
        (&read.text, read.header("etag")),
        (&written.text, written.header("etag"))
    );
    let [event] = &installation.stored("events.organization.acme.*.profile_set").await[..] else {
        panic!("one was written");
    };
    assert_eq!(event.sequence.to_string(), position);
    assert_eq!(event.envelope.actor.as_deref(), Some("user:user_maya"));
    assert_eq!(event.envelope.request.as_deref(), Some("r-7"));
    // The same again changes nothing, and stands nowhere.
    let again = put(&maya, &[], profile("1-10")).await.expect(200);
    assert_eq!(again.header("infragpt-position"), "");
    put(&maya, &[("if-none-match", "*")], profile("11-50"))
        .await
        .expect(412)
        .detail();
    let tag = written.header("etag");
    let changed = put(&maya, &[("if-match", tag)], profile("11-50")).await.expect(200);
    let position = changed.header("infragpt-position");
    let late = put(
        &maya,
        &[("if-match", tag), ("infragpt-position", position)],
        profile("51-200"),
    )
    .await;
    assert!(late.expect(412).detail().contains("read it again"));
    put(&maya, &[("if-match", tag), ("if-none-match", "*")], profile("51-200"))
        .await
        .expect(400)
        .detail();
}

/// The role `integrations` as the API sees it.
struct Integrations {
    /// How many commands came.
    asked: Arc<AtomicUsize>,
    /// Lets one command for the account `held` be answered.
    release: Arc<Semaphore>,
    _stop: DropGuard,
}

impl Integrations {
    async fn start(installation: &Installation) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let release = Arc::new(Semaphore::new(0));
        let stop = CancellationToken::new();
        let connection = installation.connect("integrations").await;
        let (counted, released) = (Arc::clone(&asked), Arc::clone(&release));
        let service = Service::new(&connection, "integration", "1.0.0", "A stand-in").endpoint(
            "integration.v1.initiate",
            move |call: Call| {
                let count = counted.fetch_add(1, Ordering::SeqCst) + 1;
                let released = Arc::clone(&released);
                async move {
                    let request: Value = call.json()?;
                    let account = request["account"].as_str().unwrap_or_default();
                    if account == "held" {
                        released.acquire().await.unwrap().forget();
                    }
                    if account.starts_with("name-command") {
                        let command = request["request_id"].as_str().unwrap_or_default();
                        return Err(ServiceError::new(409, format!("This is command {command}")));
                    }
                    if let Some(code) = account.strip_prefix("refuse-") {
                        return Err(ServiceError::new(code.parse().unwrap(), "The reason."));
                    }
                    Ok(json!({
                        "integration": "00000000-0000-0000-0000-000000000001",
                        "attempt": "00000000-0000-0000-0000-000000000002",
                        "url": format!("https://slack.test/{count}?asked={request}"),
                        "expires_at": "2026-11-22T08:10:00Z", "position": 7,
                    }))
                }
            },
        );
        let stopped = stop.clone();
        tokio::spawn(async move { service.run(stopped).await.unwrap() });
        Self {
            asked,
            release,
            _stop: stop.drop_guard(),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn begin(maya: &Caller<'_>, connector: &str, key: Option<&str>, body: Option<Value>) -> Answer {
    let path = format!("/integrations/{connector}/authorizations");
    let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    until("the role `integrations`", async || {
        let answer = maya.call(Method::POST, &path, &headers, body.clone()).await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn a_command_says_who_asks_from_where_and_which_request() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let _integrations = Integrations::start(&installation).await;
    let maya = installation.maya();
    let begun = begin(&maya, "slack", None, Some(json!({ "account": "T1" })))
        .await
        .expect(201);
    assert_eq!(begun.header("infragpt-position"), "7");
    let url = begun.json()["url"].as_str().unwrap().to_owned();
    let asked: Value = serde_json::from_str(url.split_once("asked=").unwrap().1).unwrap();
    assert_eq!(asked["organization"], "acme");
    assert_eq!(
        (asked["connector"].as_str(), asked["account"].as_str()),
        (Some("slack"), Some("T1"))
    );
    assert_eq!(asked["actor"], "user:user_maya");
    assert_eq!(asked["origin"]["request"], begun.header("x-request-id"));
    // Whoever sends the same request id twice has not sent the same command.
    assert_ne!(asked["request_id"], begun.header("x-request-id"));
}

#[tokio::test]
async fn a_write_with_a_key_happens_once_and_is_answered_as_often_as_it_is_sent() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let integrations = Integrations::start(&installation).await;
    let maya = installation.maya();
    let first = begin(&maya, "slack", Some("k-1"), None).await.expect(201);
    let times = integrations.asked();
    let again = begin(&maya, "slack", Some("k-1"), None).await.expect(201);
    assert_eq!(
        (&again.text, again.header("idempotency-replayed")),
        (&first.text, "true")
    );
    assert_eq!(again.header("infragpt-position"), "7");
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    begin(&maya, "github", Some("k-1"), None).await.expect(422).detail();
    begin(&maya, "slack", Some("k-1"), Some(json!({ "account": "T1" })))
        .await
        .expect(422)
        .detail();
    assert_eq!(integrations.asked(), times);
    // Somebody else's key of the same name is another.
    let gus = installation.caller("user_gus", "globex");
    let theirs = begin(&gus, "slack", Some("k-1"), None).await.expect(201);
    assert_eq!(theirs.header("idempotency-replayed"), "");
    let times = integrations.asked();
    // Whoever comes while the first is worked on is told to wait.
    let held = || begin(&maya, "github", Some("k-2"), Some(json!({ "account": "held" })));
    let (first, ()) = tokio::join!(held(), async {
        until("the first", async || (integrations.asked() > times).then_some(())).await;
        for running in join_all((0..7).map(|_| held())).await {
            assert_eq!(running.expect(409).header("retry-after"), "1");
        }
        integrations.release.add_permits(1);
    });
    first.expect(201);
    assert_eq!(held().await.expect(201).header("idempotency-replayed"), "true");
    assert_eq!(integrations.asked(), times + 1);
    for key in ["", "a b", "ä", &"x".repeat(256)] {
        begin(&maya, "slack", Some(key), None).await.expect(400).detail();
    }
}

#[tokio::test]
async fn what_came_to_nothing_may_be_tried_again_with_its_key() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let integrations = Integrations::start(&installation).await;
    let maya = installation.maya();
    let body = Some(json!({ "account": "refuse-409" }));
    begin(&maya, "slack", Some("k-1"), body.clone())
        .await
        .expect(409)
        .detail();
    begin(&maya, "slack", Some("k-1"), body).await.expect(409).detail();
    let times = integrations.asked();
    let done = begin(&maya, "slack", Some("k-1"), None).await.expect(201);
    assert_eq!(
        (done.header("idempotency-replayed"), integrations.asked()),
        ("", times + 1)
    );
}

#[tokio::test]
async fn the_same_request_again_is_the_same_command_and_another_is_another() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let _integrations = Integrations::start(&installation).await;
    let maya = installation.maya();
    let command = async |key: &str, account: &str| {
        let body = Some(json!({ "account": account }));
        let refused = begin(&maya, "slack", Some(key), body).await.expect(409).detail();
        refused.split_once("command ").unwrap().1.to_owned()
    };
    let first = command("k-1", "name-command").await;
    assert_eq!(command("k-1", "name-command").await, first, "it is tried again");
    let second = command("k-1", "name-command-2").await;
    assert_ne!(second, first, "it is another request with the same key");
    assert_eq!(command("k-1", "name-command-2").await, second);
    assert_ne!(
        command("k-1", "name-command").await,
        first,
        "what came between is not undone"
    );
    assert_ne!(command("k-2", "name-command-2").await, second);
}

#[tokio::test]
async fn what_others_refuse_is_said_in_their_words_and_their_failures_are_not() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let _integrations = Integrations::start(&installation).await;
    let maya = installation.maya();
    begin(&maya, "slack", None, None).await.expect(201);
    for (code, status) in [
        (404, 404),
        (401, 409),
        (403, 409),
        (409, 409),
        (410, 410),
        (422, 422),
        (501, 409),
    ] {
        let body = Some(json!({ "account": format!("refuse-{code}") }));
        assert_eq!(
            begin(&maya, "slack", None, body).await.expect(status).detail(),
            "The reason.",
            "{code}"
        );
    }
    let body = Some(json!({ "account": "refuse-400" }));
    let unknown = begin(&maya, "slack", None, body).await.expect(404).detail();
    assert_eq!(unknown, "There is no such connector.");
    for (code, status) in [(500, 500), (503, 503), (429, 503), (504, 504)] {
        let body = Some(json!({ "account": format!("refuse-{code}") }));
        let path = "/integrations/slack/authorizations";
        let detail = maya.call(Method::POST, path, &[], body).await.expect(status).detail();
        assert!(!detail.contains("reason."), "{code}: {detail}");
    }
}
