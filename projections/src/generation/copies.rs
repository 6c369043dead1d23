//! What an erasure has to take rows out of, besides the active generation.

use sqlx::PgConnection;

/// The schemas of the other generations that have their tables. A generation that is itself being built knows of none.
///
/// # Errors
/// When PostgreSQL can't be asked.
pub(crate) async fn list(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let known: bool = sqlx::query_scalar("SELECT to_regclass('projection_generations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !known {
        return Ok(vec![]);
    }
    sqlx::query_scalar(
        "SELECT schema_name FROM projection_generations
         WHERE schema_name IS NOT NULL AND to_regclass(quote_ident(schema_name) || '.event_index') IS NOT NULL
               AND to_regclass(quote_ident(schema_name) || '.users') IS NOT NULL
         ORDER BY id",
    )
    .fetch_all(connection)
    .await
}
