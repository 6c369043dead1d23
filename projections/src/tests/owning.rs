//! Who owns the tables need not own the server.

use infragpt_events::organization::Role;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::AssertSqlSafe;

use super::fixture::{Fixture, Log, joined, organization};
use crate::{Batch, PgPool, connect, create_database, migrate, wall::Wall};

/// A login with some rights, and where its database is.
async fn login(fixture: &Fixture, name: &str, rights: &str) -> SecretString {
    let create = format!("CREATE ROLE {name} LOGIN PASSWORD 'secret' {rights}");
    sqlx::raw_sql(AssertSqlSafe(create))
        .execute(&connect(&at_postgres(fixture), "test").unwrap())
        .await
        .unwrap();
    at(fixture, name, name)
}

/// The URL of a database for a login.
fn at(fixture: &Fixture, name: &str, database: &str) -> SecretString {
    let url = fixture.url.expose_secret();
    let (_, host) = url.rsplit_once('@').unwrap();
    let (host, _) = host.split_once('/').unwrap();
    format!("postgres://{name}:secret@{host}/{database}").into()
}

async fn migrated(url: &SecretString) -> PgPool {
    create_database(url).await.unwrap();
    let database = connect(url, "owner").unwrap();
    migrate(&database).await.unwrap();
    database
}

/// Whether the owner's tables can be written, and read behind the wall.
async fn works(url: &SecretString, database: &PgPool) {
    let log = Log::of("acme").organization(joined("maya", Role::Admin, 1));
    let mut transaction = database.begin().await.unwrap();
    Batch::decode(log.events).apply(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let wall = Wall::connect(url).unwrap();
    wall.reachable().await.unwrap();
    let mut inside = wall.enter(&organization("acme"), "user_maya").await.unwrap();
    assert_eq!(inside.role(), Some(Role::Admin));
    let whose = sqlx::query_scalar::<_, String>("SELECT current_user::text")
        .fetch_one(inside.connection())
        .await
        .unwrap();
    assert_eq!(whose, "infragpt_api");
}

#[tokio::test]
async fn an_owner_who_may_make_roles_needs_no_more() {
    // A server on which nobody migrated yet.
    let fixture = Fixture::without_database().await;
    let url = login(&fixture, "owner", "CREATEROLE CREATEDB").await;
    let database = migrated(&url).await;
    works(&url, &database).await;
    migrate(&database).await.unwrap();

    // Another installation on the same server finds the role there.
    let url = login(&fixture, "neighbour", "CREATEROLE CREATEDB").await;
    let database = migrated(&url).await;
    works(&url, &database).await;
    let url = login(&fixture, "guest", "CREATEDB IN ROLE infragpt_api").await;
    let database = migrated(&url).await;
    works(&url, &database).await;

    let url = login(&fixture, "nobody", "CREATEDB").await;
    create_database(&url).await.unwrap();
    let refused = migrate(&connect(&url, "owner").unwrap()).await.unwrap_err();
    let refused = format!("{refused:?}");
    assert!(
        refused.contains("nobody may neither make the role infragpt_api nor become it"),
        "{refused}"
    );
}

#[tokio::test]
async fn two_databases_of_one_server_can_be_made_at_once() {
    let fixture = Fixture::without_database().await;
    let mut urls = Vec::new();
    for name in ["one", "two", "three"] {
        urls.push(login(&fixture, name, "CREATEROLE CREATEDB").await);
    }
    let (one, two, three) = tokio::join!(migrated(&urls[0]), migrated(&urls[1]), migrated(&urls[2]));
    for (url, database) in urls.iter().zip([one, two, three]) {
        works(url, &database).await;
    }
}

/// The superuser's URL of the database that every server has.
fn at_postgres(fixture: &Fixture) -> SecretString {
    let url = fixture.url.expose_secret();
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/postgres").into()
}
