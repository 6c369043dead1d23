//! The first wall: every query names its organization, also where nothing else would keep the others out.

use infragpt_events::{
    OrganizationId, change::ChangeKind, conversation, integration::ResourceKind, organization::Role,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::fixture::{
    Fixture, Log, at, authorized, changed, connector, created, granted, joined, opened, organization, place, proposed,
    registered,
};
use crate::{
    actions, audit,
    changes::{self, Filter},
    conversations, event_index, integrations, members, organizations, resources, usage,
};

#[tokio::test]
async fn every_query_of_an_organization_shows_its_own_rows_alone() {
    let fixture = Fixture::start().await;
    let log = |log: Log| {
        log.organization(created("The same name", 1))
            .organization(joined("maya", Role::Member, 1))
            .integration("github", authorized("github", "I1"))
            .integration("github", granted("github", ResourceKind::Repository, &["same/name"]))
            .change("1", changed(ChangeKind::Push, "same/name", 1))
            .asked("1.0", "1.0", "the same place")
            .action(1, proposed("the same action"))
            .audited("1", opened("post", 1))
    };
    let both = log(log(Log::of("acme").user(registered("maya", 1))).and("rival"));
    fixture
        .apply(&both.and("-").audited("1", opened("unknown", 1)).events)
        .await;
    let acme = seen(&fixture.database, "acme").await;
    let ones = acme.iter().filter(|(what, _)| !["events", "audit"].contains(what));
    assert!(ones.clone().all(|(_, count)| *count == 1), "{acme:?}");
    assert_eq!(seen(&fixture.database, "rival").await, acme);
    let nobody = seen(&fixture.database, "nowhere").await;
    assert!(nobody.iter().all(|(_, count)| *count == 0), "{nobody:?}");
    let connection = &mut *fixture.connection().await;
    let nobody = OrganizationId::nobody();
    let unknown = audit::page(connection, &nobody, &audit::Filter::default(), None, 10)
        .await
        .unwrap()
        .rows;
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0].purpose.as_deref(), Some("unknown"));
}

/// How much each query shows to an organization.
async fn seen(database: &PgPool, name: &str) -> Vec<(&'static str, usize)> {
    let connection = &mut *database.acquire().await.unwrap();
    let own = &organization(name);
    let filter = |repository: Option<&str>, kinds: &[ChangeKind], actor: Option<&str>| Filter {
        repository: repository.map(str::to_owned),
        kinds: kinds.to_vec(),
        actor: actor.map(str::to_owned),
        ..Filter::default()
    };
    let mut seen = Vec::new();
    macro_rules! count {
        ($what:literal, one $found:expr) => {
            seen.push(($what, usize::from($found.await.unwrap().is_some())));
        };
        ($what:literal, list $found:expr) => {
            seen.push(($what, $found.await.unwrap().len()));
        };
        ($what:literal, page $found:expr) => {
            seen.push(($what, $found.await.unwrap().rows.len()));
        };
        ($what:literal, number $found:expr) => {
            seen.push(($what, usize::try_from($found.await.unwrap()).unwrap()));
        };
    }
    count!("organization", one organizations::find(connection, own));
    count!("members", page members::page(connection, own, &members::Filter::default(), None, 10));
    count!("member", one members::find(connection, own, "user_maya"));
    count!("integrations", list integrations::list(database, own, at(60)));
    count!("integration", one integrations::find(database, own, &connector("github"), at(60)));
    count!("resources", list resources::list(database, own));
    let any = resources::Filter::default();
    count!("repositories", page resources::page(connection, own, ResourceKind::Repository, &any, None, 10));
    for filter in [
        filter(None, &[], None),
        filter(None, &[ChangeKind::Push], None),
        filter(Some("same/name"), &[], None),
        filter(None, &[], Some("mona")),
        filter(None, &[], Some("7")),
    ] {
        count!("changes", page changes::page(connection, own, &filter, None, 10));
    }
    let change = infragpt_events::change::id(own, &connector("github"), "1");
    count!("change", one changes::find(connection, own, change));
    count!("changes since", number changes::since(database, own, at(0)));
    count!("newest change", one changes::latest(database, own));
    let thread = conversation::id(&place("1.0"));
    let any = conversations::Filter::default();
    count!("conversations", page conversations::page(connection, own, &any, None, 10));
    let here = conversations::Filter {
        channel: Some("C1".to_owned()),
        ..any
    };
    count!("conversations of a channel", page conversations::page(connection, own, &here, None, 10));
    count!("conversation", one conversations::find(connection, own, thread));
    count!("messages", page conversations::messages_page(connection, own, thread, None, 10));
    count!("number of conversations", number conversations::count(database, own));
    count!("actions", page actions::page(connection, own, &actions::Filter::default(), None, 10));
    let waiting = actions::Filter {
        state: Some(infragpt_events::action::State::Proposed),
    };
    count!("proposed actions", page actions::page(connection, own, &waiting, None, 10));
    count!("action", one actions::find(connection, own, Uuid::from_u128(1)));
    let day = at(0).date_naive();
    let used = usage::by_day(connection, own, day, day).await.unwrap().remove(0);
    seen.push(("questions", usize::try_from(used.questions).unwrap()));
    seen.push(("changes of a day", usize::try_from(used.changes).unwrap()));
    seen.push(("credential reads", usize::try_from(used.credential_reads / 2).unwrap()));
    count!("events", list event_index::latest(database, own, 100));
    count!("audit", page audit::page(connection, own, &audit::Filter::default(), None, 100));
    let failed = audit::Filter {
        outcome: Some(audit::Outcome::Failed),
        ..audit::Filter::default()
    };
    assert_eq!(audit::page(connection, own, &failed, None, 9).await.unwrap().rows, []);
    for filter in [
        audit::Filter {
            action: Some("credential_read".to_owned()),
            ..audit::Filter::default()
        },
        audit::Filter {
            action: Some("credential_read".to_owned()),
            actor: Some("test".to_owned()),
            ..audit::Filter::default()
        },
    ] {
        count!("found in the audit", page audit::page(connection, own, &filter, None, 100));
    }
    seen
}
