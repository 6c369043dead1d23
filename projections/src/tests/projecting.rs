//! The same log gives the same rows, however it is cut and however often it comes.

use infragpt_events::{
    action::Approved,
    change::ChangeKind,
    integration::{
        AuthorizationFailed, AuthorizationReturned, Authorized, Degraded, Disconnected, PermissionsChanged, Recovered,
        ResourceKind, ResourceWithdrawn, Resumed, Suspended, Synchronized,
    },
    organization::{CompanySize, Deleted, Erased, ErasedFacts, Role},
    user,
};
use infragpt_nats::Received;
use uuid::Uuid;

use super::fixture::{
    Fixture, Log, at, authorized, changed, connector, created, granted, joined, opened, organization, place, profile,
    proposed, registered, started,
};
use crate::{changes, checkpoint, conversations, fingerprint, integrations, resources};

/// Everything that happens to rows: made, changed, ended, begun again.
fn everything() -> Vec<Received> {
    let withdrawn = |id: &str| ResourceWithdrawn {
        connector: connector("github"),
        kind: ResourceKind::Repository,
        resource_ids: vec![id.to_owned(), "id-never-granted".to_owned()],
    };
    let repositories = |names: &[&str]| granted("github", ResourceKind::Repository, names);
    let log = Log::of("acme")
        .integration("github", authorized("github", "first"))
        .integration("github", repositories(&["acme/payments", "acme/web"]))
        .change("push-1", changed(ChangeKind::Push, "acme/payments", 1))
        .integration("github", withdrawn("id-acme/web"))
        .integration(
            "github",
            Suspended {
                reason: "unpaid".to_owned(),
            },
        )
        .integration("github", Resumed {})
        .asked("1.0", "1.0", "what changed?")
        .integration(
            "github",
            Disconnected {
                reason: "moving".to_owned(),
            },
        )
        .integration("github", authorized("github", "second"))
        .integration("github", repositories(&["acme/web"]))
        .integration("slack", authorized("slack", "T1"))
        .integration("slack", granted("slack", ResourceKind::Channel, &["general"]))
        .answered("1.0", "1.0", "a push")
        .asked("1.0", "1.1", "and now?")
        .given_up("1.0", "1.1", "the agent is away")
        .asked("2.0", "2.0", "status")
        .change("run-1", changed(ChangeKind::WorkflowRunFailed, "acme/payments", 2))
        .change("push-1", changed(ChangeKind::Push, "acme/payments", 3))
        .integration(
            "slack",
            Degraded {
                reason: "the token is refused".to_owned(),
            },
        )
        .integration("slack", started("slack", 1, 40))
        .integration("slack", started("slack", 2, 45))
        .integration(
            "slack",
            AuthorizationFailed {
                attempt: Uuid::from_u128(2),
                reason: "cancelled".to_owned(),
            },
        )
        .integration(
            "slack",
            AuthorizationReturned {
                attempt: Uuid::from_u128(1),
                leg: 1,
            },
        )
        .integration(
            "slack",
            Authorized {
                attempt: Some(Uuid::from_u128(1)),
                ..authorized("slack", "T1")
            },
        )
        .integration(
            "slack",
            Synchronized {
                kind: ResourceKind::Channel,
                count: 1,
            },
        )
        .integration(
            "slack",
            PermissionsChanged {
                scopes: vec!["chat:write".to_owned()],
            },
        )
        .integration(
            "slack",
            Degraded {
                reason: "the bot was removed".to_owned(),
            },
        )
        .integration("slack", Recovered {})
        .audited("1", opened("post", 1))
        .audited("2", opened("history", 2))
        .audited("1", opened("post, again", 3));
    and_elsewhere(log).events
}

/// What happens to the organizations beside it, one of which is erased.
fn and_elsewhere(log: Log) -> Log {
    log.and("other")
        .integration("slack", started("slack", 3, 40))
        .integration("github", authorized("github", "third"))
        .integration(
            "github",
            Suspended {
                reason: "unpaid".to_owned(),
            },
        )
        .asked("1.0", "1.0", "the same place, another organization")
        .user(registered("maya", 1))
        .organization(created("Other", 1))
        .organization(joined("maya", Role::Admin, 1))
        .organization(profile(CompanySize::UpTo50))
        .action(1, proposed("restart"))
        .action(
            1,
            Approved {
                by: "user:user_maya".to_owned(),
            },
        )
        .and("gone")
        .organization(created("Gone", 1))
        .organization(joined("tom", Role::Member, 1))
        .user(registered("tom", 1))
        .integration("github", authorized("github", "fourth"))
        .integration("github", granted("github", ResourceKind::Repository, &["gone/web"]))
        .change("push-1", changed(ChangeKind::Push, "gone/web", 1))
        .asked("3.0", "3.0", "is anybody there?")
        .audited("1", opened("post", 1))
        .action(2, proposed("leave"))
        .organization(Deleted {})
        .change("push-2", changed(ChangeKind::Push, "gone/web", 2))
        .organization(erased())
        .user(user::Deleted {
            user: "user_tom".to_owned(),
        })
        .user(user::Erased {
            user: "user_tom".to_owned(),
            events: 1,
            facts: 0,
            erased: vec![],
        })
}

fn erased() -> Erased {
    Erased {
        events: 10,
        facts: 2,
        erased: vec![ErasedFacts {
            stream: "RAW_GITHUB".to_owned(),
            prefix: "raw.github.fourth.".to_owned(),
            sequences: vec![],
            until: at(60),
        }],
    }
}

/// Whether an event is still in the log after everything that was erased: nobody can be told of the others again.
fn is_there(event: &Received) -> bool {
    let of_the_gone = event.token(2) == Some("gone") || event.subject.contains(&user::id("user_tom").to_string());
    let what_remains = ["deleted", "erased"].contains(&event.token(4).unwrap());
    !of_the_gone || (what_remains && event.token(1) != Some("change"))
}

#[tokio::test]
async fn a_log_becomes_rows() {
    let fixture = Fixture::start().await;
    fixture.apply(&everything()).await;
    let (database, acme) = (&fixture.database, organization("acme"));

    let connected = integrations::list(database, &acme, at(60)).await.unwrap();
    let described: Vec<_> = connected
        .iter()
        .map(|one| {
            (
                &*one.connector,
                &*one.state,
                one.account_id.as_deref(),
                one.scopes.len(),
            )
        })
        .collect();
    assert_eq!(
        described,
        [
            ("github", "active", Some("second"), 2),
            ("slack", "active", Some("T1"), 1)
        ]
    );
    let other = integrations::list(database, &organization("other"), at(60))
        .await
        .unwrap();
    assert_eq!(
        (&*other[0].state, other[0].reason.as_deref()),
        ("suspended", Some("unpaid"))
    );

    let seen = resources::list(database, &acme).await.unwrap();
    let seen: Vec<_> = seen.iter().map(|one| (&*one.kind, &*one.name)).collect();
    assert_eq!(
        seen,
        [("channel", "general"), ("repository", "acme/web")],
        "a disconnection withdraws what was granted"
    );

    assert_eq!(changes::since(database, &acme, at(0)).await.unwrap(), 2);
    assert_eq!(conversations::count(database, &acme).await.unwrap(), 2);
    let thread = infragpt_events::conversation::id(&place("1.0"));
    let messages = conversations::messages_page(&mut *fixture.connection().await, &acme, thread, None, 10)
        .await
        .unwrap()
        .rows;
    let said: Vec<_> = messages
        .iter()
        .map(|one| {
            (
                &*one.text,
                &*one.answer_state,
                one.answer_text.as_deref().or(one.answer_reason.as_deref()),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("what changed?", "posted", Some("a push")),
            ("and now?", "failed", Some("the agent is away"))
        ]
    );
}

#[tokio::test]
async fn rows_are_the_same_however_the_log_is_cut_and_after_a_reset() {
    let fixture = Fixture::start().await;
    let events = everything();
    fixture.apply(&events).await;
    let whole = fingerprint(&fixture.database).await.unwrap();
    let remaining = events.iter().filter(|event| is_there(event)).count();
    assert_eq!(whole["event_index"].count, i64::try_from(remaining).unwrap());
    assert!(whole.values().all(|table| table.count > 0), "{whole:?}");
    for size in [1, 2, 3, 5, 7, 11] {
        checkpoint::reset(&fixture.database).await.unwrap();
        assert!(
            fingerprint(&fixture.database)
                .await
                .unwrap()
                .values()
                .all(|table| table.count == 0)
        );
        for batch in events.chunks(size) {
            fixture.apply(batch).await;
        }
        assert_eq!(
            fingerprint(&fixture.database).await.unwrap(),
            whole,
            "in batches of {size}"
        );
    }
}

#[tokio::test]
async fn what_is_left_of_the_log_gives_the_same_rows() {
    let fixture = Fixture::start().await;
    fixture.apply(&everything()).await;
    let whole = fingerprint(&fixture.database).await.unwrap();
    checkpoint::reset(&fixture.database).await.unwrap();
    let left: Vec<Received> = everything().into_iter().filter(is_there).collect();
    fixture.apply(&left).await;
    assert_eq!(fingerprint(&fixture.database).await.unwrap(), whole);
}

#[tokio::test]
async fn what_was_applied_already_changes_nothing() {
    let fixture = Fixture::start().await;
    let events = everything();
    fixture.apply(&events).await;
    let once = fingerprint(&fixture.database).await.unwrap();
    fixture.apply(&events).await;
    assert_eq!(
        fingerprint(&fixture.database).await.unwrap(),
        once,
        "the whole log again"
    );
    for event in events.iter().filter(|event| is_there(event)) {
        fixture.apply(std::slice::from_ref(event)).await;
        assert_eq!(
            fingerprint(&fixture.database).await.unwrap(),
            once,
            "{} again",
            event.subject
        );
    }
}

#[tokio::test]
async fn a_rows_text_is_part_of_its_fingerprint() {
    let fixture = Fixture::start().await;
    fixture.apply(&everything()).await;
    let before = fingerprint(&fixture.database).await.unwrap();
    sqlx::query("UPDATE changes SET document = document || ' ' WHERE kind = 'push'")
        .execute(&fixture.database)
        .await
        .unwrap();
    let after = fingerprint(&fixture.database).await.unwrap();
    assert_ne!(before["changes"], after["changes"]);
    assert_eq!(before["resources"], after["resources"]);
}
