//! What PostgreSQL says of itself.

use super::wall::two;
use crate::inspection::{Breach, LEAST_SERVER_VERSION, breaches, clock, inspect};

#[tokio::test]
async fn a_hole_in_the_wall_is_found() {
    let (fixture, _wall) = two().await;
    let pool = &fixture.database;
    assert_eq!(breaches(pool).await.unwrap(), []);
    sqlx::raw_sql(
        "ALTER TABLE changes DISABLE ROW LEVEL SECURITY; DROP POLICY of_organization ON members;
         ALTER POLICY of_organization ON resources USING (true); REVOKE SELECT ON actions FROM infragpt_api;
         CREATE TABLE forgotten (organization_id text); GRANT SELECT ON forgotten TO infragpt_api",
    )
    .execute(pool)
    .await
    .unwrap();
    let name = str::to_owned;
    assert_eq!(
        breaches(pool).await.unwrap(),
        [
            Breach::Closed(name("actions")),
            Breach::Unguarded(name("changes")),
            Breach::Unguarded(name("forgotten")),
            Breach::Closed(name("members")),
            Breach::Lax(name("resources")),
        ]
    );
}

#[tokio::test]
async fn the_server_says_what_it_is_and_what_time_it_is() {
    let (fixture, _wall) = two().await;
    let pool = &fixture.database;
    let found = inspect(pool).await.unwrap();
    assert!(found.major >= LEAST_SERVER_VERSION, "{found:?}");
    assert!(
        found.version.starts_with(&found.major.to_string()) && found.bytes > 0,
        "{found:?}"
    );
    let first = clock(pool).await.unwrap();
    assert!(clock(pool).await.unwrap() > first);
}
