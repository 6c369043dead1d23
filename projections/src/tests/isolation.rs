//! One organization never sees another's rows.

use infragpt_events::{change::ChangeKind, conversation, integration, integration::ResourceKind};
use sqlx::PgPool;

use super::fixture::{Fixture, Log, at, authorized, changed, connector, granted, organization, place};
use crate::{
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
    };
    fixture.apply(&log(log(Log::of("acme")).and("rival")).events).await;
    let acme = seen(&fixture.database, "acme").await;
    assert_eq!(acme, [1, 1, 1, 1, 1, 1, 1, 1, 1, 4]);
    assert_eq!(seen(&fixture.database, "rival").await, acme);
    assert_eq!(seen(&fixture.database, "nobody").await, [0; 10]);
}

/// How much each query shows to an organization.
async fn seen(database: &PgPool, name: &str) -> [usize; 10] {
    let organization = organization(name);
    let filter = |repository| Filter {
        repository,
        kinds: vec![],
        since: at(0),
        until: at(60),
        limit: 10,
    };
    let by_name = filter(Some("same/name".to_owned()));
    let own = integration::id(&organization, &connector("github"));
    let others = integration::id(&super::fixture::organization("acme"), &connector("github"));
    if own != others {
        assert_eq!(integrations::find(database, &organization, others).await.unwrap(), None);
    }
    let thread = conversation::id(&place("1.0"));
    [
        integrations::list(database, &organization).await.unwrap().len(),
        usize::from(
            integrations::find(database, &organization, own)
                .await
                .unwrap()
                .is_some(),
        ),
        resources::list(database, &organization).await.unwrap().len(),
        changes::list(database, &organization, &filter(None))
            .await
            .unwrap()
            .changes
            .len(),
        changes::list(database, &organization, &by_name)
            .await
            .unwrap()
            .changes
            .len(),
        usize::try_from(changes::since(database, &organization, at(0)).await.unwrap()).unwrap(),
        usize::from(changes::latest(database, &organization).await.unwrap().is_some()),
        usize::try_from(conversations::count(database, &organization).await.unwrap()).unwrap(),
        conversations::messages(database, &organization, thread)
            .await
            .unwrap()
            .len(),
        event_index::latest(database, &organization, 100).await.unwrap().len(),
    ]
}
