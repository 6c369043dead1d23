use axum::Router;
use infragpt_events::{
    organization::{Organization, Role},
    user::User,
};
use infragpt_nats::{Log, Subscription};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::installation::{Installation, answer, send, signed, until};
use crate::clerk::Handler;

/// The handler of RAW_CLERK, running, and what feeds it.
pub struct Handling {
    webhooks: Router,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl Handling {
    pub async fn start(installation: &Installation) -> Self {
        let connection = installation.connect("handlers").await;
        let subscription = Subscription::new(&connection, "RAW_CLERK", "clerk_handler");
        let handler = Handler::new(&connection);
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        Self {
            webhooks: installation.webhooks().await,
            running: tokio::spawn(async move { subscription.run(handler, stop).await.unwrap() }),
            shutdown,
        }
    }

    pub async fn send(&self, id: &str, kind: &str, data: &Value) {
        send(&self.webhooks, id, kind, data).await;
    }

    /// Waits until everything is handled, and ends.
    pub async fn finish(self, installation: &Installation) {
        let log = Log::new(&installation.connect("operator").await);
        until("the handler to be done", async || {
            let consumer = log.consumer("RAW_CLERK", "clerk_handler").await.unwrap();
            (consumer.pending == 0 && consumer.unacknowledged == 0).then_some(())
        })
        .await;
        self.shutdown.cancel();
        self.running.await.unwrap();
    }
}

fn acme(name: &str, at: i64) -> Value {
    json!({"id": "org_acme", "name": name, "slug": "acme", "updated_at": at})
}

fn membership(id: &str, user: &str, role: &str, at: i64) -> Value {
    json!({
        "id": id, "role": role, "organization": acme("Acme", 5), "public_user_data": {"user_id": user}, "updated_at": at,
    })
}

fn maya(name: &str, at: i64) -> Value {
    json!({"id": "user_maya", "first_name": name, "updated_at": at})
}

/// What happened, by name, in the order of the log.
async fn happened(installation: &Installation, filter: &str) -> Vec<String> {
    let events = installation.stored("EVENTS", filter).await;
    events.iter().map(|event| event.token(4).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_clerk_says_becomes_organizations_members_and_people() {
    let installation = Installation::start().await;
    let handling = Handling::start(&installation).await;
    handling.send("msg_1", "user.created", &maya("Maya", 5)).await;
    handling.send("msg_2", "organization.created", &acme("Acme", 5)).await;
    let joined = membership("orgmem_1", "user_maya", "org:admin", 6);
    handling.send("msg_3", "organizationMembership.created", &joined).await;
    handling
        .send("msg_4", "organization.updated", &acme("Acme Group", 9))
        .await;
    handling
        .send(
            "msg_5",
            "session.created",
            &json!({"id": "sess_1", "user_id": "user_maya"}),
        )
        .await;
    handling.finish(&installation).await;

    let Organization::Known(known) = installation.organization("org_acme").await else {
        panic!("it is there")
    };
    assert_eq!(known.description.unwrap().name, "Acme Group");
    assert_eq!(
        installation.organization("org_acme").await.role_of("user_maya"),
        Some(Role::Admin)
    );
    let User::Known(person) = installation.user("user_maya").await else {
        panic!("she is there")
    };
    assert_eq!(person.name.as_deref(), Some("Maya"));
    assert_eq!(
        happened(&installation, "events.organization.org_acme.>").await,
        ["created", "member_added", "renamed"]
    );
    assert_eq!(happened(&installation, "events.user.-.>").await, ["registered"]);
    let added = installation
        .stored("EVENTS", "events.organization.*.*.member_added")
        .await;
    let envelope = &added[0].envelope;
    assert_eq!(envelope.actor.as_deref(), Some("clerk:ins_acme"));
    assert_eq!(envelope.client_address.as_deref(), Some("203.0.113.7"));
    assert_eq!(envelope.correlation.as_deref(), Some("msg_3"));
}

#[tokio::test]
async fn a_membership_may_come_before_its_organization() {
    let installation = Installation::start().await;
    let handling = Handling::start(&installation).await;
    let joined = membership("orgmem_1", "user_maya", "org:member", 6);
    handling.send("msg_1", "organizationMembership.created", &joined).await;
    handling.send("msg_2", "organization.created", &acme("Acme", 5)).await;
    handling.finish(&installation).await;
    assert_eq!(
        happened(&installation, "events.organization.org_acme.>").await,
        ["created", "member_added"]
    );
}

#[tokio::test]
async fn the_newest_wins_however_late_and_often_the_older_comes() {
    let installation = Installation::start().await;
    let handling = Handling::start(&installation).await;
    let role = |role: &str, at| membership("orgmem_1", "user_maya", role, at);
    let facts = [
        ("organizationMembership.created", role("org:member", 6)),
        ("organizationMembership.updated", role("org:member", 9)),
        ("organizationMembership.updated", role("org:admin", 8)),
        ("user.updated", maya("Maya L.", 9)),
        ("user.created", maya("Maya", 5)),
        ("organizationMembership.updated", role("org:admin", 8)),
    ];
    for (index, (kind, data)) in facts.iter().enumerate() {
        handling.send(&format!("msg_{index}"), kind, data).await;
    }
    handling.finish(&installation).await;
    // Nobody becomes an administrator again because it took long to say that they were one in between.
    assert_eq!(
        installation.organization("org_acme").await.role_of("user_maya"),
        Some(Role::Member)
    );
    assert_eq!(
        happened(&installation, "events.organization.org_acme.>").await,
        ["created", "member_added", "member_confirmed"]
    );
    assert_eq!(happened(&installation, "events.user.-.>").await, ["registered"]);
}

#[tokio::test]
async fn what_is_gone_stays_gone() {
    let installation = Installation::start().await;
    let handling = Handling::start(&installation).await;
    let gone = |id: &str| json!({"id": id, "deleted": true});
    let member = membership("orgmem_1", "user_maya", "org:admin", 9);
    let facts = [
        ("user.deleted", gone("user_maya")),
        ("user.updated", maya("Maya", 9)),
        ("organizationMembership.deleted", member.clone()),
        ("organizationMembership.created", member.clone()),
        ("organization.deleted", gone("org_acme")),
        ("organization.updated", acme("Acme", 9)),
        ("organizationMembership.created", member),
        ("organization.deleted", gone("org_acme")),
    ];
    for (index, (kind, data)) in facts.iter().enumerate() {
        handling.send(&format!("msg_{index}"), kind, data).await;
    }
    handling.finish(&installation).await;
    assert_eq!(installation.user("user_maya").await, User::Deleted);
    assert_eq!(installation.organization("org_acme").await, Organization::Deleted);
    assert_eq!(happened(&installation, "events.user.-.>").await, ["deleted"]);
    assert_eq!(
        happened(&installation, "events.organization.org_acme.>").await,
        ["member_removed", "created", "deleted"]
    );
}

#[tokio::test]
async fn what_nobody_can_ever_read_goes_to_the_dead_letters_and_holds_nobody_up() {
    let installation = Installation::start().await;
    let handling = Handling::start(&installation).await;
    let (status, _) = answer(&handling.webhooks, signed("msg_1", "not json")).await;
    assert_eq!(status, axum::http::StatusCode::OK);
    handling
        .send("msg_2", "organization.created", &json!({"id": "org_acme"}))
        .await;
    handling.send("msg_3", "organization.created", &acme("Acme", 5)).await;
    handling.finish(&installation).await;
    assert_eq!(
        happened(&installation, "events.organization.org_acme.>").await,
        ["created"]
    );
    let dead = installation
        .stored("DEAD_LETTERS", "dead.RAW_CLERK.clerk_handler.>")
        .await;
    let ids: Vec<_> = dead.iter().map(|letter| letter.envelope.id.as_str()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(installation.files_with("missing field `name`") > 0);
}
