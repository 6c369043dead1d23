//! How much an organization uses the product.

use chrono::NaiveDate;
use infragpt_events::{audit::AuditedAction, change::ChangeKind};

use super::fixture::{Fixture, Log, at, changed, opened, organization};
use crate::usage::{self, Day};

const DAY: i64 = 24 * 60;

fn day(number: i64) -> NaiveDate {
    at(number * DAY).date_naive()
}

#[tokio::test]
async fn usage_is_counted_for_every_day_in_utc() {
    let fixture = Fixture::start().await;
    let refused = infragpt_events::audit::Recorded {
        refused: Some("no".to_owned()),
        ..opened("post", 1)
    };
    let stored = infragpt_events::audit::Recorded {
        action: AuditedAction::CredentialStored,
        ..opened("post", 1)
    };
    let log = Log::of("acme")
        .asked("1.0", "1.0", "what changed?")
        .asked("1.0", "1.1", "and now?")
        .asked("2.0", "2.0", "status")
        .answered("1.0", "1.0", "a push")
        .given_up("1.0", "1.1", "the agent is away")
        .change("1", changed(ChangeKind::Push, "acme/web", -1))
        .change("2", changed(ChangeKind::Push, "acme/web", 0))
        .change("3", changed(ChangeKind::Push, "acme/web", DAY - 1))
        .change("4", changed(ChangeKind::Push, "acme/web", DAY))
        .audited("1", opened("post", 1))
        .audited("2", opened("post", 2 * DAY))
        .audited("3", refused)
        .audited("4", stored)
        .and("rival")
        .asked("3.0", "3.0", "what changed?")
        .change("5", changed(ChangeKind::Push, "acme/web", 0))
        .audited("1", opened("post", 1));
    fixture.apply(&log.events).await;
    let connection = &mut *fixture.connection().await;
    // Whatever the session believes about time.
    sqlx::query("SET TIME ZONE 'Pacific/Auckland'")
        .execute(&mut *connection)
        .await
        .unwrap();
    let days = usage::by_day(connection, &organization("acme"), day(-1), day(1))
        .await
        .unwrap();
    let nothing = |number| Day {
        date: day(number),
        questions: 0,
        answers_posted: 0,
        answers_failed: 0,
        changes: 0,
        active_conversations: 0,
        credential_reads: 0,
    };
    let expected = [
        Day {
            changes: 1,
            ..nothing(-1)
        },
        Day {
            questions: 3,
            answers_posted: 1,
            answers_failed: 1,
            changes: 2,
            active_conversations: 2,
            credential_reads: 2,
            ..nothing(0)
        },
        Day {
            changes: 1,
            ..nothing(1)
        },
    ];
    assert_eq!(days, expected);
    let quiet = usage::by_day(connection, &organization("acme"), day(7), day(8))
        .await
        .unwrap();
    assert_eq!(quiet, [nothing(7), nothing(8)]);
    let none = usage::by_day(connection, &organization("acme"), day(8), day(7))
        .await
        .unwrap();
    assert_eq!(none, []);
}
