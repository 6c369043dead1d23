//! What RAW_GITHUB has, against a real server: before an installation is connected, and of what GitHub says that it delivered.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use chrono::TimeDelta;
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{self, Account, Authorized, Integration, IntegrationCommand, Standing},
};
use infragpt_nats::{Accounts, AggregateSubject, Cause, Claim, EventStore, FactPublisher, Handler as _, Log, Received};
use serde_json::Value;
use uuid::Uuid;

use super::{installation::Installation, world::now};
use crate::github::{Backlog, fact, reconciler};

const INSTALLATION: &str = "42000001";
const PUSH: &str = include_str!("../github/fixtures/push.json");
const ADDED: &str = include_str!("../github/fixtures/installation_repositories.added.json");
const SUSPEND: &str = include_str!("../github/fixtures/installation.suspend.json");

fn connector() -> ConnectorKind {
    ConnectorKind::parse("github").unwrap()
}

/// Stores a delivery as the webhook does.
async fn deliver(publisher: &FactPublisher, event: &str, guid: &str, body: &str) {
    let headers: HeaderMap = [
        ("x-github-event", event),
        ("x-github-delivery", guid),
        ("content-type", "application/json"),
    ]
    .into_iter()
    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
    .collect();
    let fact = fact::delivery(&headers, "sha256=00", Bytes::copy_from_slice(body.as_bytes())).unwrap();
    fact.store(publisher, std::time::Duration::from_secs(5)).await.unwrap();
}

fn of_installation(fixture: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(fixture).unwrap();
    value["installation"]["id"] = 42_000_001.into();
    change(&mut value);
    value.to_string()
}

/// Connects the installation, and returns the event that says so.
async fn connect(installation: &Installation, organization: &OrganizationId) -> Received {
    let connection = installation.connect("integrations").await;
    let id = integration::id(organization, &connector());
    Accounts::new(&connection)
        .claim(&connector(), INSTALLATION, &Claim::new(organization.clone(), id))
        .await
        .unwrap();
    let subject = AggregateSubject::new::<Integration>(organization, id);
    let authorized = Authorized {
        connector: connector(),
        account: Account {
            id: INSTALLATION.to_owned(),
            name: "acme".to_owned(),
        },
        bot_user: None,
        scopes: vec![],
        attempt: None,
        credential: None,
        // What happened in the second of the authorization is taken for later.
        allowed_at: Some(now() + TimeDelta::seconds(1)),
    };
    let cause = Cause {
        id: Uuid::now_v7().to_string(),
        correlation: "test".to_owned(),
        actor: "operator:test".to_owned(),
        time: now(),
        traceparent: None,
        origin: infragpt_nats::Origin::default(),
    };
    EventStore::new(&connection)
        .execute::<Integration>(&subject, &cause, IntegrationCommand::Authorize(authorized))
        .await
        .unwrap();
    let mut events = Log::new(&connection)
        .read("EVENTS", &subject.event("authorized"), 0)
        .await
        .unwrap();
    events.pop().unwrap()
}

async fn changes(log: &Log, organization: &str) -> usize {
    let filter = format!("events.change.{organization}.*.recorded");
    log.read("EVENTS", &filter, 0).await.unwrap().len()
}

async fn state(installation: &Installation, organization: &OrganizationId) -> Standing {
    let store = EventStore::new(&installation.connect("handlers").await);
    let id = integration::id(organization, &connector());
    let subject = AggregateSubject::new::<Integration>(organization, id);
    store.load::<Integration>(&subject).await.unwrap().state.standing
}

#[tokio::test]
async fn what_came_before_the_connection_is_handled_once_it_stands() {
    let installation = Installation::start().await;
    let publisher = FactPublisher::new(&installation.connect("github").await);
    let push = of_installation(PUSH, |_| {});
    deliver(&publisher, "push", "guid-1", &push).await;
    deliver(
        &publisher,
        "push",
        "guid-2",
        "{\"installation\": {\"id\": 42000001}, \"ref\": 7}",
    )
    .await;
    deliver(&publisher, "installation", "guid-3", &of_installation(SUSPEND, |_| {})).await;
    deliver(
        &publisher,
        "installation_repositories",
        "guid-4",
        &of_installation(ADDED, |_| {}),
    )
    .await;
    let acme = OrganizationId::parse("acme").unwrap();
    let handlers = installation.connect("handlers").await;
    let (backlog, log) = (Backlog::new(&handlers), Log::new(&handlers));
    let connected = connect(&installation, &acme).await;
    let later = of_installation(PUSH, |value| value["after"] = "0".repeat(39).replace('0', "f").into());
    deliver(&publisher, "push", "guid-5", &later).await;
    for _ in 0..2 {
        backlog.handle(connected.clone()).await.unwrap();
        assert_eq!(changes(&log, "acme").await, 1, "what came later is not its business");
    }
    let Standing::Active(standing) = state(&installation, &acme).await else {
        panic!("an old suspension")
    };
    assert!(!standing.resources.is_empty());
}

#[tokio::test]
async fn another_organizations_time_stays_its_own() {
    let installation = Installation::start().await;
    let publisher = FactPublisher::new(&installation.connect("github").await);
    deliver(&publisher, "push", "guid-1", &of_installation(PUSH, |_| {})).await;
    let (acme, globex) = (
        OrganizationId::parse("acme").unwrap(),
        OrganizationId::parse("globex").unwrap(),
    );
    let theirs = connect(&installation, &acme).await;
    let accounts = Accounts::new(&installation.connect("integrations").await);
    let claim = Claim::new(acme.clone(), integration::id(&acme, &connector()));
    let held = accounts.find_now(&connector(), INSTALLATION).await.unwrap().unwrap();
    assert!(held.is_of(&claim));
    accounts.release(&held).await.unwrap();
    let ours = connect(&installation, &globex).await;
    let handlers = installation.connect("handlers").await;
    let (backlog, log) = (Backlog::new(&handlers), Log::new(&handlers));
    backlog.handle(ours).await.unwrap();
    assert_eq!(changes(&log, "globex").await, 0);
    backlog.handle(theirs).await.unwrap();
    assert_eq!(changes(&log, "acme").await, 0, "it was let go");
}

#[tokio::test]
async fn what_is_stored_is_found_by_its_guid() {
    let installation = Installation::start().await;
    let publisher = FactPublisher::new(&installation.connect("github").await);
    for number in 0..300 {
        deliver(
            &publisher,
            "push",
            &format!("guid-{number}"),
            &of_installation(PUSH, |_| {}),
        )
        .await;
    }
    let log = Log::new(&installation.connect("integrations").await);
    let open = |guid: &str, event: &str| {
        let subject = infragpt_nats::RawSubject::github(Some(42_000_001), event, None);
        (
            guid.to_owned(),
            reconciler::Open::new(1, subject, now() - TimeDelta::hours(1)),
        )
    };
    let wanted = [
        open("guid-0", "push"),
        open("guid-299", "push"),
        open("guid-300", "push"),
        open("guid-1", "release"),
    ];
    let there = reconciler::stored(&log, wanted.into()).await.unwrap();
    assert_eq!(there, ["guid-0".to_owned(), "guid-299".to_owned()].into());
}
