//! An operator has a message handled again: on record first, by the role behind the consumer.

use std::time::Duration;

use infragpt_events::OrganizationId;
use infragpt_nats::{AuditReference, Connection, Redelivered, Redelivery, request};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    handling::Handling,
    installation::{Installation, now, until},
};
use crate::{Identity, OperatedReply};

/// The role `identity` and an operator.
struct Running {
    installation: Installation,
    operator: Connection,
    shutdown: CancellationToken,
    role: JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let installation = Installation::start().await;
        let identity = Identity::new(&installation.connect("identity").await, now);
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        Self {
            role: tokio::spawn(async move { identity.run(stop).await.unwrap() }),
            operator: installation.connect("operator").await,
            shutdown,
            installation,
        }
    }

    /// Asks for a record, with `changes` to a good request.
    async fn operated(&self, changes: &Value) -> Result<OperatedReply, u16> {
        let mut request = json!({
            "organization": "-", "actor": "operator:liam", "action": "redelivered", "target": "RAW_CLERK#1",
            "reason": "the parser was mended", "request_id": "again-1",
        });
        for (key, value) in changes.as_object().unwrap() {
            request[key] = value.clone();
        }
        until("the service", async || {
            let asked = self
                .operator
                .request("audit.v1.operated", &request, Duration::from_secs(5));
            match asked.await {
                // It starts while we ask.
                Err(request::Error::NoResponders(_)) => None,
                Err(request::Error::Service { code, .. }) => Some(Err(code)),
                outcome => Some(Ok(outcome.unwrap())),
            }
        })
        .await
    }

    async fn redeliver(&self, sequence: u64, audit: &AuditReference) -> Redelivered {
        let redelivery = Redelivery::new(&self.operator);
        let asked = redelivery.redeliver("RAW_CLERK", "clerk_handler", sequence, audit);
        asked.await.unwrap()
    }

    async fn finish(self) {
        self.shutdown.cancel();
        self.role.await.unwrap();
    }
}

#[tokio::test]
async fn what_an_operator_does_is_on_record_once_with_a_reason() {
    let running = Running::start().await;
    let first = running.operated(&json!({})).await.unwrap();
    assert!(first.position.is_some());
    let again = running.operated(&json!({})).await.unwrap();
    assert_eq!((again.audit, again.position), (first.audit, None));
    for wrong in [
        json!({"reason": ""}),
        json!({"reason": "  "}),
        json!({"reason": "r".repeat(201)}),
        json!({"actor": "user:user_maya"}),
        json!({"action": "credential_read"}),
        json!({"target": ""}),
        json!({"causation": ""}),
    ] {
        assert_eq!(running.operated(&wrong).await, Err(400), "{wrong}");
    }
    let about = json!({"request_id": "again-2", "causation": "msg_1", "correlation": "msg_0"});
    running.operated(&about).await.unwrap();
    let records = running.installation.stored("EVENTS", "events.audit.>").await;
    assert_eq!(records.len(), 2);
    let case = |record: usize| {
        let envelope = &records[record].envelope;
        (envelope.causation.as_deref(), envelope.correlation.as_deref())
    };
    assert_eq!(case(0), (Some("again-1"), Some("again-1")));
    assert_eq!(
        case(1),
        (Some("msg_1"), Some("msg_0")),
        "it belongs to the message's case"
    );
    assert_eq!(records[0].envelope.actor.as_deref(), Some("operator:liam"));
    let record: Value = serde_json::from_slice(&records[0].payload).unwrap();
    assert_eq!(record["action"], "redelivered");
    assert_eq!(record["purpose"], "RAW_CLERK#1");
    assert_eq!(record["reason"], "the parser was mended");
    running.finish().await;
}

#[tokio::test]
async fn a_message_is_handled_again_if_that_is_on_record() {
    let running = Running::start().await;
    let handling = Handling::start(&running.installation).await;
    let acme = json!({"id": "org_acme", "name": "Acme", "updated_at": 5});
    handling.send("msg_1", "organization.created", &acme).await;
    // What has no id can never be handled.
    handling
        .send("msg_2", "organization.updated", &json!({"name": 7}))
        .await;
    until("the dead letter", async || {
        let dead = running.installation.stored("DEAD_LETTERS", ">").await;
        (dead.len() == 1).then_some(())
    })
    .await;
    let events = "events.organization.>";
    let before = running.installation.stored("EVENTS", events).await.len();
    assert_eq!(before, 1);

    let nobodys = AuditReference {
        organization: OrganizationId::parse("org_acme").unwrap(),
        id: Uuid::nil(),
    };
    let Redelivered::Failed { reason, may_work_later } = running.redeliver(1, &nobodys).await else {
        panic!("it needs a record");
    };
    assert!(reason.contains("no audit record") && !may_work_later, "{reason}");

    let first = running.operated(&json!({})).await.unwrap().audit;
    assert_eq!(running.redeliver(1, &first).await, Redelivered::Handled);
    let refused = running.redeliver(2, &first).await;
    assert!(
        matches!(refused, Redelivered::Failed { .. }),
        "the record is about another message"
    );
    let after = running.installation.stored("EVENTS", events).await.len();
    assert_eq!(after, before, "handled twice, appended once");

    let second = json!({"target": "RAW_CLERK#2", "request_id": "again-2"});
    let second = running.operated(&second).await.unwrap().audit;
    for _ in 0..2 {
        let Redelivered::Failed { reason, may_work_later } = running.redeliver(2, &second).await else {
            panic!("it can never be handled");
        };
        assert!(!reason.contains("no audit record") && !may_work_later, "{reason}");
    }
    assert_eq!(
        running.redeliver(1, &first).await,
        Redelivered::Handled,
        "nothing is blocked"
    );
    let dead = running.installation.stored("DEAD_LETTERS", ">").await;
    assert_eq!(dead.len(), 1, "no second letter");
    handling.finish(&running.installation).await;
    running.finish().await;
}
