//! What is kept for the audit.

use infragpt_events::audit::{self as domain, AuditedAction, Recorded};
use uuid::Uuid;

use super::fixture::{Fixture, Log, at, opened, organization};
use crate::audit::{self, Entry, Filter, Outcome};

/// An organization's entries, the newest first.
async fn entries(fixture: &Fixture, filter: &Filter, limit: u16) -> Vec<Entry> {
    let connection = &mut *fixture.connection().await;
    let page = audit::page(connection, &organization("acme"), filter, None, limit).await;
    page.unwrap().rows
}

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
        let entries = entries(&fixture, &Filter::default(), limit).await;
        entries
            .into_iter()
            .map(|entry| entry.purpose.unwrap())
            .collect::<Vec<_>>()
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
    log.events[0].envelope.client_address = Some("192.0.2.7".to_owned());
    log.events[0].envelope.request = Some("request-1".to_owned());
    log.events[1].envelope.actor = None;
    log.events[1].envelope.correlation = None;
    fixture.apply(&log.events).await;
    let read = Entry {
        id: domain::id(&organization("acme"), "1"),
        action: "credential_read".to_owned(),
        subject_kind: "integration".to_owned(),
        subject_id: Uuid::from_u128(7).to_string(),
        connector: Some("slack".to_owned()),
        purpose: Some("post".to_owned()),
        outcome: Outcome::Done,
        reason: None,
        count: 2,
        actor: Some("test".to_owned()),
        address: Some("192.0.2.7".to_owned()),
        request_id: Some("request-1".to_owned()),
        correlation_id: Some("case".to_owned()),
        first_at: at(0),
        last_at: at(2),
    };
    let refused = Entry {
        id: domain::id(&organization("acme"), "2"),
        action: "authorization_refused".to_owned(),
        subject_kind: "organization".to_owned(),
        subject_id: "acme".to_owned(),
        connector: None,
        purpose: None,
        outcome: Outcome::Refused,
        reason: Some("started by\u{fffd} somebody else".to_owned()),
        count: i64::MAX,
        actor: None,
        address: None,
        request_id: None,
        correlation_id: None,
        first_at: at(0),
        last_at: at(3),
    };
    assert_eq!(entries(&fixture, &Filter::default(), 10).await, [refused, read]);
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
        let entries = entries(&fixture, &Filter::default(), 10).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].purpose.as_deref(), Some("post"), "in batches of {size}");
    }
}
