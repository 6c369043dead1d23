//! How an integration stands, from the first attempt to authorize it on.

use chrono::{DateTime, Utc};
use infragpt_events::integration::{
    self as domain, AuthorizationFailed, Authorized, Degraded, Disconnected, PermissionsChanged, Recovered,
    ResourceKind, Synchronized,
};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Fixture, Log, at, authorized, connector, granted, organization, started};
use crate::{
    integrations::{self, Integration},
    queries,
};

/// Acme's Slack after `log`, read at `now`.
async fn slack(fixture: &Fixture, log: &Log, now: DateTime<Utc>) -> Option<Integration> {
    fixture.apply(&log.events).await;
    let acme = organization("acme");
    integrations::find(&fixture.database, &acme, &connector("slack"), now)
        .await
        .unwrap()
}

fn failed(number: u128) -> AuthorizationFailed {
    AuthorizationFailed {
        attempt: Uuid::from_u128(number),
        reason: format!("attempt {number} was cancelled"),
    }
}

fn finished(number: u128) -> Authorized {
    Authorized {
        attempt: Some(Uuid::from_u128(number)),
        ..authorized("slack", "T1")
    }
}

#[tokio::test]
async fn an_attempt_is_pending_until_its_time_is_over() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme").integration("slack", started("slack", 1, 10));
    let pending = slack(&fixture, &log, at(9)).await.unwrap();
    assert_eq!(pending.state, "pending");
    assert_eq!(pending.attempt, Some(Uuid::from_u128(1)));
    assert_eq!(pending.pending_until, Some(at(10)));
    assert_eq!(pending.requested_by.as_deref(), Some("user:1"));
    assert_eq!((pending.account_id, pending.authorized_at), (None, None));
    assert_eq!(slack(&fixture, &log, at(10)).await.unwrap().state, "not_started");
}

#[tokio::test]
async fn a_failed_attempt_leaves_its_reason_and_the_one_before_open() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .integration("slack", started("slack", 1, 40))
        .integration("slack", started("slack", 2, 50))
        .integration("slack", failed(2));
    let earlier = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*earlier.state, earlier.pending_until, earlier.requested_by.as_deref()),
        ("pending", Some(at(40)), Some("user:1"))
    );
    assert_eq!(earlier.attempt_failure.as_deref(), Some("attempt 2 was cancelled"));

    let log = log.integration("slack", failed(1));
    let none = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*none.state, none.attempt, none.pending_until),
        ("not_started", None, None)
    );
    assert_eq!(none.requested_by.as_deref(), Some("user:1"));
    assert_eq!(none.attempt_failure.as_deref(), Some("attempt 1 was cancelled"));

    let log = log.integration("slack", started("slack", 3, 60));
    assert_eq!(slack(&fixture, &log, at(30)).await.unwrap().attempt_failure, None);
    let log = log
        .integration("slack", failed(3))
        .integration("slack", authorized("slack", "T1"));
    let connected = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*connected.state, connected.attempt_failure, connected.requested_by),
        ("active", None, None),
        "an operator connected it"
    );
}

#[tokio::test]
async fn an_authorization_ends_its_attempt_and_not_the_others() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .integration("slack", started("slack", 1, 50))
        .integration("slack", started("slack", 2, 40))
        .integration("slack", finished(1));
    let connected = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*connected.state, connected.attempt),
        ("active", Some(Uuid::from_u128(2)))
    );
    assert_eq!(connected.authorized_at, Some(at(3)));
    let log = log.integration(
        "slack",
        Disconnected {
            reason: "moving".to_owned(),
        },
    );
    let disconnected = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*disconnected.state, disconnected.reason.as_deref()),
        ("pending", Some("moving"))
    );
    assert_eq!(slack(&fixture, &log, at(40)).await.unwrap().state, "disconnected");
}

#[tokio::test]
async fn health_permissions_and_comparisons_are_followed() {
    let fixture = Fixture::start().await;
    let compared = Synchronized {
        kind: ResourceKind::Channel,
        count: 0,
    };
    let allowed = PermissionsChanged {
        scopes: vec!["chat:write".to_owned()],
    };
    let log = Log::of("acme")
        .integration("slack", authorized("slack", "T1"))
        .integration("slack", compared)
        .integration(
            "slack",
            Degraded {
                reason: "the token is refused\0".to_owned(),
            },
        )
        .integration("slack", allowed);
    let degraded = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*degraded.state, degraded.reason.as_deref()),
        ("degraded", Some("the token is refused\u{fffd}"))
    );
    assert_eq!(degraded.scopes, ["chat:write"]);
    assert_eq!(
        (degraded.synchronized_at, degraded.changed_at, degraded.authorized_at),
        (Some(at(2)), at(3), Some(at(1)))
    );
    let log = log.integration("slack", Recovered {});
    let recovered = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(
        (&*recovered.state, recovered.reason, recovered.changed_at),
        ("active", None, at(5))
    );
    let log = log
        .integration(
            "slack",
            Disconnected {
                reason: "moving".to_owned(),
            },
        )
        .integration("slack", authorized("slack", "T2"));
    let again = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!(again.account_id.as_deref(), Some("T2"));
    assert_eq!(again.synchronized_at, None, "the new connection was never compared");
}

#[tokio::test]
async fn an_old_event_that_comes_with_a_new_one_changes_nothing() {
    let fixture = Fixture::start().await;
    let reason = "the token is refused".to_owned();
    let log = Log::of("acme")
        .integration("slack", authorized("slack", "T1"))
        .integration("slack", Degraded { reason })
        .integration("slack", Recovered {});
    assert_eq!(slack(&fixture, &log, at(30)).await.unwrap().state, "active");
    let scopes = vec!["chat:write".to_owned()];
    let mut log = log.integration("slack", PermissionsChanged { scopes });
    log.events.drain(2..3);
    log.events.drain(..1);
    let after = slack(&fixture, &log, at(30)).await.unwrap();
    assert_eq!((&*after.state, after.scopes), ("active", vec!["chat:write".to_owned()]));
}

#[tokio::test]
async fn an_event_of_another_organization_touches_no_row() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme").integration("slack", authorized("slack", "T1"));
    let before = slack(&fixture, &log, at(30)).await;
    let id = domain::id(&organization("acme"), &connector("slack"));
    let log = log
        .and("rival")
        .push::<domain::IntegrationEvent>(id, authorized("slack", "T2"));
    assert_eq!(slack(&fixture, &log, at(30)).await, before);
    let rivals = integrations::list(&fixture.database, &organization("rival"), at(30))
        .await
        .unwrap();
    assert_eq!(rivals, []);
}

#[tokio::test]
async fn agents_hear_of_what_is_pending_and_why_something_fails() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .integration("github", authorized("github", "I1"))
        .integration("github", granted("github", ResourceKind::Repository, &["acme/web"]))
        .integration(
            "github",
            Degraded {
                reason: "the key is refused".to_owned(),
            },
        )
        .integration("slack", started("slack", 1, 10));
    fixture.apply(&log.events).await;
    let answer = async |now| {
        let mut connection = fixture.database.acquire().await.unwrap();
        let answer = queries::integrations::answer(&mut connection, &organization("acme"), now)
            .await
            .unwrap();
        serde_json::to_value(answer).unwrap()
    };
    let github = json!({
        "connector": "github",
        "state": "degraded",
        "reason": "the key is refused",
        "account": { "id": "I1", "name": "I1 Inc." },
        "authorized_at": "2026-11-22T00:01:00Z",
        "repositories": ["acme/web"],
        "channels": [],
    });
    let slack = json!({
        "connector": "slack",
        "state": "pending",
        "reason": null,
        "account": { "id": "", "name": "" },
        "authorized_at": null,
        "repositories": [],
        "channels": [],
    });
    assert_eq!(answer(at(9)).await, json!({ "integrations": [github, slack] }));
    assert_eq!(
        answer(at(10)).await,
        json!({ "integrations": [github] }),
        "what was only tried is not listed"
    );
}
