//! One organization never sees another's rows.

use infragpt_events::{OrganizationId, change::ChangeKind, conversation, integration::ResourceKind};
use sqlx::PgPool;

use super::fixture::{Fixture, Log, at, authorized, changed, connector, granted, opened, organization, place};
use crate::{
    audit,
    changes::{self, Filter},
    conversations, event_index, integrations, resources,
};

#[tokio::test]
async fn every_query_of_an_organization_shows_its_own_rows_alone() {
    let fixture = Fixture::start().await;
    let log = |log: Log| {
        log.integration("github", authorized("github", "I1"))
            .integration("github", granted("github", ResourceKind::Repository, &["same/name"]))
            .change("1", changed(ChangeKind::Push, "same/name", 1))
            .asked("1.0", "1.0", "the same place")
            .audited("1", opened("post", 1))
    };
    let both = log(log(Log::of("acme")).and("rival"));
    fixture
        .apply(&both.and("-").audited("1", opened("unknown", 1)).events)
        .await;
    let acme = seen(&fixture.database, "acme").await;
    assert_eq!(acme, [1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 4]);
    assert_eq!(seen(&fixture.database, "rival").await, acme);
    assert_eq!(seen(&fixture.database, "nobody").await, [0; 11]);
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
async fn seen(database: &PgPool, name: &str) -> [usize; 11] {
    let connection = &mut *database.acquire().await.unwrap();
    let organization = organization(name);
    let by_name = Filter {
        repository: Some("same/name".to_owned()),
        ..Filter::default()
    };
    let thread = conversation::id(&place("1.0"));
    [
        integrations::list(database, &organization, at(60)).await.unwrap().len(),
        usize::from(
            integrations::find(database, &organization, &connector("github"), at(60))
                .await
                .unwrap()
                .is_some(),
        ),
        resources::list(database, &organization).await.unwrap().len(),
        changes::page(connection, &organization, &Filter::default(), None, 10)
            .await
            .unwrap()
            .rows
            .len(),
        changes::page(connection, &organization, &by_name, None, 10)
            .await
            .unwrap()
            .rows
            .len(),
        usize::try_from(changes::since(database, &organization, at(0)).await.unwrap()).unwrap(),
        usize::from(changes::latest(database, &organization).await.unwrap().is_some()),
        usize::try_from(conversations::count(database, &organization).await.unwrap()).unwrap(),
        conversations::messages_page(connection, &organization, thread, None, 10)
            .await
            .unwrap()
            .rows
            .len(),
        event_index::latest(database, &organization, 100).await.unwrap().len(),
        audit::page(connection, &organization, &audit::Filter::default(), None, 100)
            .await
            .unwrap()
            .rows
            .len(),
    ]
}
