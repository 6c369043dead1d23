//! Who is at work on something from before a deletion may append something after it: that is waited for.

use std::sync::Arc;

use infragpt_events::{
    OrganizationId,
    audit::{self, Audit, AuditCommand, AuditedAction, Recorded},
};
use infragpt_nats::{AggregateSubject, EventStore, Handler, HandlerError, Received, Route, Subscription};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::harness::{Installation, cause, now, until};

/// A handler that takes its time and then says something of acme.
struct Slow {
    store: EventStore,
    begins: Arc<Notify>,
    ends: Arc<Notify>,
}

impl Handler for Slow {
    fn route(&self, _: &Received) -> Route {
        Route {
            key: String::new(),
            tenant: String::new(),
        }
    }

    async fn handle(&self, _: Received) -> Result<(), HandlerError> {
        self.begins.notify_one();
        self.ends.notified().await;
        record(&self.store, "late").await;
        Ok(())
    }
}

/// Something is appended to acme's events.
async fn record(store: &EventStore, what: &str) {
    let acme = OrganizationId::parse("acme").unwrap();
    let recorded = Recorded {
        action: AuditedAction::CredentialRead,
        connector: None,
        integration: None,
        purpose: Some(format!("canary-acme-{what}")),
        refused: None,
        reason: None,
        count: 1,
        first_at: now(),
        last_at: now(),
    };
    let subject = AggregateSubject::new::<Audit>(&acme, audit::id(&acme, what));
    let command = AuditCommand::Record(recorded);
    store
        .execute_new::<Audit>(&subject, &cause(what), command)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_appends_that_was_at_work_is_erased() {
    let installation = Installation::start().await;
    installation.describe("acme").await;
    installation.fake.connect("acme", "slack", "T1").await;
    installation.slack("T1", "canary-acme-said").await;
    let (begins, ends) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = Slow {
        // Of the roles this one may append audit records.
        store: EventStore::new(&installation.connect("integrations").await),
        begins: Arc::clone(&begins),
        ends: Arc::clone(&ends),
    };
    let stop = CancellationToken::new();
    let handlers = installation.connect("handlers").await;
    let handling = Subscription::new(&handlers, "RAW_SLACK", "slack_handler").run(slow, stop.clone());
    let handling = tokio::spawn(handling);
    begins.notified().await;
    installation.delete("acme").await;
    let running = installation.erase().await;
    until("everything but who had the account to be erased", async || {
        let events = installation.events("acme").await;
        (events == ["authorized", "deleted", "disconnected"]).then_some(())
    })
    .await;
    assert!(installation.erased("acme").await.is_none(), "a handler is at work");
    ends.notify_one();
    let erased = installation.until_erased("acme").await;
    assert_eq!(
        erased.events, 4,
        "created, authorized, disconnected, and what came late"
    );
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
    assert_eq!(installation.files_with("canary-acme"), 0);
    running.stop().await;
    stop.cancel();
    handling.await.unwrap().unwrap();
}
