//! Indexes that are made once the rows are there, which takes a fraction of keeping them up to date row by row.

use sqlx::PgPool;

use super::schema;

/// Drops what only readers need, and remembers it in the schema itself, so that whoever goes on with it knows. Primary keys
/// stay, because writes are guarded by them; and what an erasure looks for.
pub(crate) async fn defer(database: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = database.begin().await?;
    schema::execute(
        &mut *transaction,
        "CREATE TABLE IF NOT EXISTS deferred_indexes (name text PRIMARY KEY, definition text NOT NULL)".to_owned(),
    )
    .await?;
    sqlx::query(
        "INSERT INTO deferred_indexes
         SELECT indexname, indexdef FROM pg_indexes
         WHERE schemaname = current_schema() AND tablename = ANY($1) AND indexdef NOT LIKE 'CREATE UNIQUE%'
               AND indexname NOT LIKE '%\\_of\\_organization' AND indexname <> 'members_by_user'
         ON CONFLICT DO NOTHING",
    )
    .bind(schema::TABLES.as_slice())
    .execute(&mut *transaction)
    .await?;
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM deferred_indexes")
        .fetch_all(&mut *transaction)
        .await?;
    for name in names {
        schema::execute(
            &mut *transaction,
            format!("DROP INDEX IF EXISTS {}", schema::quoted(&name)),
        )
        .await?;
    }
    transaction.commit().await
}

/// Makes what was deferred, and has PostgreSQL look at the tables, so that readers find the right plans at once.
pub(crate) async fn make(database: &PgPool) -> Result<(), sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('deferred_indexes') IS NOT NULL")
        .fetch_one(database)
        .await?;
    if there {
        let indexes: Vec<(String, String)> =
            sqlx::query_as("SELECT name, definition FROM deferred_indexes ORDER BY name")
                .fetch_all(database)
                .await?;
        for (name, definition) in indexes {
            // Each with its entry, so that a build that was broken off here does not make it twice.
            let mut transaction = database.begin().await?;
            schema::execute(&mut *transaction, "SET LOCAL maintenance_work_mem = '256MB'".to_owned()).await?;
            schema::execute(&mut *transaction, definition).await?;
            sqlx::query("DELETE FROM deferred_indexes WHERE name = $1")
                .bind(name)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        schema::execute(database, "DROP TABLE deferred_indexes".to_owned()).await?;
    }
    schema::execute(database, format!("ANALYZE {}", schema::TABLES.join(", "))).await
}
