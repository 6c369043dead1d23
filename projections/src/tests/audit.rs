//! What is kept of the audit records.

use infragpt_events::audit::{self as domain, AuditedAction, Recorded};
use uuid::Uuid;

use super::fixture::{Fixture, Log, at, opened, organization};
use crate::audit;

#[tokio::test]
async fn records_are_listed_newest_first_and_cut_at_the_limit() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .audited("1", opened("post", 5))
        .audited("2", opened("history", 9))
        .audited("3", opened("channels", 5))
        .audited("4", opened("members", 1));
    fixture.apply(&log.events).await;
    let purposes = async |limit| {
        let records = audit::list(&fixture.database, &organization("acme"), limit)
            .await
            .unwrap();
        let purposes = records.into_iter().map(|record| record.purpose.unwrap());
        purposes.collect::<Vec<_>>()
    };
    assert_eq!(purposes(10).await, ["history", "channels", "post", "members"]);
    assert_eq!(purposes(2).await, ["history", "channels"]);
    assert_eq!(purposes(0).await, [""; 0]);
}

#[tokio::test]
async fn a_record_says_what_was_done_and_by_whom() {
    let fixture = Fixture::start().await;
    let refused = Recorded {
        action: AuditedAction::AuthorizationRefused,
        connector: None,
        integration: None,
        purpose: None,
        refused: Some("started by\0 somebody else".to_owned()),
        count: u64::MAX,
        ..opened("", 3)
    };
    let mut log = Log::of("acme").audited("1", opened("post", 2)).audited("2", refused);
    log.events[1].envelope.actor = None;
    log.events[1].envelope.correlation = None;
    fixture.apply(&log.events).await;
    let records = audit::list(&fixture.database, &organization("acme"), 10).await.unwrap();
    let read = audit::Record {
        id: domain::id(&organization("acme"), "1"),
        action: "credential_read".to_owned(),
        connector: Some("slack".to_owned()),
        integration_id: Some(Uuid::from_u128(7)),
        purpose: Some("post".to_owned()),
        refused: None,
        count: 2,
        actor: Some("test".to_owned()),
        correlation_id: Some("case".to_owned()),
        first_at: at(0),
        last_at: at(2),
    };
    let refused = audit::Record {
        id: domain::id(&organization("acme"), "2"),
        action: "authorization_refused".to_owned(),
        connector: None,
        integration_id: None,
        purpose: None,
        refused: Some("started by\u{fffd} somebody else".to_owned()),
        count: i64::MAX,
        actor: None,
        correlation_id: None,
        first_at: at(0),
        last_at: at(3),
    };
    assert_eq!(records, [refused, read]);
}

#[tokio::test]
async fn the_first_record_of_an_identity_is_the_one() {
    let log = Log::of("acme")
        .audited("1", opened("post", 2))
        .audited("1", opened("history", 3));
    for size in [1, 2] {
        let fixture = Fixture::start().await;
        for batch in log.events.chunks(size) {
            fixture.apply(batch).await;
        }
        let records = audit::list(&fixture.database, &organization("acme"), 10).await.unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].purpose.as_deref(), Some("post"), "in batches of {size}");
    }
}
