//! What is kept for the audit.

use infragpt_events::{
    action::{Denied, Failed},
    audit::{self as domain, AuditedAction, Recorded},
    change::ChangeKind,
    conversation,
    integration::{self, AuthorizationFailed, Degraded, Disconnected, Synchronized},
    organization::{MemberRemoved, Role},
};
use uuid::Uuid;

use super::fixture::{
    Fixture, Log, at, authorized, changed, connector, created, joined, opened, organization, place, proposed,
    registered,
};
use crate::audit::{self, Entry, Filter, Key, Outcome};

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

#[tokio::test]
async fn every_event_is_an_entry_but_changes_and_what_people_are_called() {
    let fixture = Fixture::start().await;
    let reason = || "it does not answer".to_owned();
    let log = Log::of("acme")
        .integration("slack", authorized("slack", "T1"))
        .integration(
            "slack",
            Synchronized {
                kind: integration::ResourceKind::Channel,
                count: 1,
            },
        )
        .integration(
            "slack",
            AuthorizationFailed {
                attempt: Uuid::from_u128(1),
                reason: reason(),
            },
        )
        .integration("slack", Degraded { reason: reason() })
        .integration("slack", Disconnected { reason: reason() })
        .change("1", changed(ChangeKind::Push, "acme/web", 1))
        .asked("1.0", "1.0", "what changed?")
        .given_up("1.0", "1.0", "the agent is away")
        .action(1, proposed("restart"))
        .action(
            1,
            Denied {
                by: "user:user_maya".to_owned(),
                reason: None,
            },
        )
        .action(1, Failed { reason: reason() })
        .user(registered("maya", 1))
        .organization(created("Acme", 1))
        .organization(joined("maya", Role::Admin, 1))
        .organization(MemberRemoved {
            membership: "mem_maya".to_owned(),
            user: "user_maya".to_owned(),
        });
    fixture.apply(&log.events).await;
    let mut entries = entries(&fixture, &Filter::default(), 50).await;
    entries.reverse();
    let described: Vec<_> = entries
        .iter()
        .map(|entry| {
            format!(
                "{} {} {} {} {}",
                entry.action,
                entry.subject_kind,
                entry.outcome.as_str(),
                entry.connector.as_deref().unwrap_or("-"),
                entry.reason.as_deref().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        described,
        [
            "integration.authorized integration done slack -",
            "integration.synchronized integration done slack -",
            "integration.authorization_failed integration failed slack it does not answer",
            "integration.degraded integration done slack it does not answer",
            "integration.disconnected integration done slack it does not answer",
            "conversation.answer_requested conversation done slack -",
            "conversation.answer_failed conversation failed - the agent is away",
            "action.proposed action done - it does not answer",
            "action.denied action done - -",
            "action.failed action failed - it does not answer",
            "organization.created organization done - -",
            "organization.member_added member done - -",
            "organization.member_removed member done - -",
        ]
    );
    let subjects: Vec<_> = [0, 5, 7, 10, 11].map(|index: usize| &*entries[index].subject_id).into();
    let slack = integration::id(&organization("acme"), &connector("slack")).to_string();
    let thread = conversation::id(&place("1.0")).to_string();
    let action = Uuid::from_u128(1).to_string();
    assert_eq!(subjects, [&*slack, &*thread, &*action, "acme", "user_maya"]);
    assert_eq!(
        (entries[0].first_at, entries[0].last_at, entries[0].count),
        (at(1), at(1), 1)
    );
}

#[tokio::test]
async fn credentials_that_could_not_be_used_failed_and_people_were_refused() {
    let fixture = Fixture::start().await;
    let because = |action| Recorded {
        action,
        refused: Some("no".to_owned()),
        ..opened("post", 1)
    };
    let failed = [
        AuditedAction::CredentialRead,
        AuditedAction::CredentialStored,
        AuditedAction::CredentialRefreshed,
        AuditedAction::CredentialRevoked,
        AuditedAction::CredentialShredded,
    ];
    let refused = [AuditedAction::AuthorizationRefused, AuditedAction::AccessRefused];
    let log = failed.iter().chain(&refused).fold(Log::of("acme"), |log, action| {
        log.audited(action.as_str(), because(*action))
    });
    fixture.apply(&log.events).await;
    for (outcome, actions) in [(Outcome::Failed, &failed[..]), (Outcome::Refused, &refused[..])] {
        let filter = Filter {
            outcome: Some(outcome),
            ..Filter::default()
        };
        let found = entries(&fixture, &filter, 50).await;
        let mut found: Vec<_> = found.iter().map(|entry| &*entry.action).collect();
        found.sort_unstable();
        let mut expected: Vec<_> = actions.iter().map(|action| action.as_str()).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn entries_are_found_by_action_actor_outcome_and_time_page_by_page() {
    let fixture = Fixture::start().await;
    let mut log = Log::of("acme");
    for number in 0..12_i64 {
        let record = Recorded {
            refused: (number % 3 == 0).then(|| "no".to_owned()),
            action: if number % 2 == 0 {
                AuditedAction::CredentialRead
            } else {
                AuditedAction::AccessRefused
            },
            // Two at each time.
            ..opened(&number.to_string(), number / 2)
        };
        log = log.audited(&number.to_string(), record);
        let actor = format!("user:{}", number % 4);
        log.events.last_mut().unwrap().envelope.actor = Some(actor);
    }
    fixture.apply(&log.events).await;
    let acme = organization("acme");
    let connection = &mut *fixture.connection().await;
    let mut all = async |filter: Filter| {
        let (mut key, mut found): (Option<Key>, Vec<i64>) = (None, Vec::new());
        loop {
            let page = audit::page(connection, &acme, &filter, key.as_ref(), 2).await.unwrap();
            assert!(page.rows.len() <= 2);
            found.extend(
                page.rows
                    .iter()
                    .map(|entry| entry.purpose.as_ref().unwrap().parse::<i64>().unwrap()),
            );
            key = page.next;
            if key.is_none() {
                return found;
            }
        }
    };
    let newest_first =
        |wanted: &dyn Fn(i64) -> bool| (0..12).rev().filter(|&number| wanted(number)).collect::<Vec<_>>();
    assert_eq!(all(Filter::default()).await, newest_first(&|_| true));
    let action = |action: AuditedAction| Some(action.as_str().to_owned());
    let read = Filter {
        action: action(AuditedAction::CredentialRead),
        ..Filter::default()
    };
    assert_eq!(all(read).await, newest_first(&|number| number % 2 == 0));
    let someone = Filter {
        actor: Some("user:3".to_owned()),
        ..Filter::default()
    };
    assert_eq!(all(someone.clone()).await, newest_first(&|number| number % 4 == 3));
    let refused = Filter {
        outcome: Some(Outcome::Refused),
        ..someone.clone()
    };
    assert_eq!(
        all(refused.clone()).await,
        newest_first(&|number| number % 4 == 3 && number % 3 == 0)
    );
    let other = Filter {
        action: action(AuditedAction::CredentialRead),
        ..refused
    };
    assert_eq!(all(other).await, [0; 0]);
    for (outcome, wanted) in [
        (Outcome::Done, &(|number: i64| number % 3 != 0) as &dyn Fn(i64) -> bool),
        (Outcome::Failed, &|number| number % 6 == 0),
        (Outcome::Refused, &|number| number % 6 == 3),
    ] {
        let filter = Filter {
            outcome: Some(outcome),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, newest_first(wanted), "{outcome:?}");
    }
    let between = Filter {
        since: Some(at(1)),
        until: Some(at(4)),
        ..Filter::default()
    };
    assert_eq!(all(between).await, newest_first(&|number| (2..8).contains(&number)));
}
