//! How the database is reached, made and brought up to date.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// SQLSTATE `invalid_catalog_name`: there is no such database
/// (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
const NO_SUCH_DATABASE: &str = "3D000";
/// SQLSTATE `duplicate_database`.
const DATABASE_EXISTS: &str = "42P04";
/// SQLSTATE `unique_violation`: what the loser of two simultaneous `CREATE DATABASE` may get instead.
const UNIQUE_VIOLATION: &str = "23505";

/// How long a caller waits for a connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How long an idle connection is trusted to be still there.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Why the database can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is of something else. No URL is repeated here, because it may hold a password.
    #[error("the database URL is not one of PostgreSQL: it should look like postgres://user:password@host:5432/name")]
    Scheme,
    /// The URL can't be read.
    #[error("the database URL can't be read: it should look like postgres://user:password@host:5432/name")]
    Url(#[source] sqlx::Error),
    /// The URL names no database.
    #[error("the database URL names no database: add it as the path, postgres://user:password@host:5432/name")]
    Unnamed,
    /// The server can't be reached, or refuses the user.
    #[error("no connection to PostgreSQL at {place}")]
    Unreachable {
        /// The host and database, without user and password.
        place: String,
        /// What the driver found.
        #[source]
        source: sqlx::Error,
    },
    /// The database can't be dropped.
    #[error("database `{name}` can't be dropped")]
    Drop {
        /// The database's name.
        name: String,
        /// What PostgreSQL said.
        #[source]
        source: sqlx::Error,
    },
    /// The database isn't there and can't be made.
    #[error("database `{name}` can't be created")]
    Create {
        /// The database's name.
        name: String,
        /// What PostgreSQL said.
        #[source]
        source: sqlx::Error,
    },
}

/// A small pool that connects when it is first used, so that a service starts while PostgreSQL is still away.
///
/// A statement may take 10 s, and a caller waits at most 2 s for a connection. Call it within the Tokio runtime.
///
/// # Errors
/// When the URL is not one of a PostgreSQL database.
pub fn connect(database_url: &SecretString, application_name: &str) -> Result<PgPool, Error> {
    Ok(pool()
        .max_connections(8)
        .connect_lazy_with(options(database_url, application_name)?))
}

/// How connections that answer people are kept.
pub(crate) fn pool() -> PgPoolOptions {
    PgPoolOptions::new()
        .acquire_timeout(PATIENCE)
        .idle_timeout(Duration::from_mins(5))
        // A ping before each use would be one more round trip in every answer: only what lay idle is asked first.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// What connections that answer people begin with.
pub(crate) fn options(database_url: &SecretString, application_name: &str) -> Result<PgConnectOptions, Error> {
    Ok(read(database_url)?.application_name(application_name).options([
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "60s"),
    ]))
}

/// Makes the database that the URL names, unless it is there; `true` when it was made.
///
/// # Errors
/// When the server can't be reached, or its user may not create databases.
pub async fn create_database(database_url: &SecretString) -> Result<bool, Error> {
    let options = read(database_url)?;
    let place = || {
        format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        )
    };
    match options.connect().await {
        Ok(connection) => {
            connection.close().await.ok();
            return Ok(false);
        }
        Err(error) if code(&error).as_deref() == Some(NO_SUCH_DATABASE) => {}
        Err(source) => return Err(Error::Unreachable { place: place(), source }),
    }
    let name = options.get_database().ok_or(Error::Unnamed)?.to_owned();
    let mut maintenance = options
        .clone()
        .database("postgres")
        .connect()
        .await
        .map_err(|source| Error::Unreachable { place: place(), source })?;
    // An identifier can't be a parameter; doubled quotes make any name a safe one.
    let quoted = name.replace('"', "\"\"");
    let created = sqlx::raw_sql(AssertSqlSafe(format!(
        "CREATE DATABASE \"{quoted}\" ENCODING 'UTF8' TEMPLATE template0"
    )))
    .execute(&mut maintenance)
    .await;
    maintenance.close().await.ok();
    match created {
        Ok(_) => Ok(true),
        Err(error) if matches!(code(&error).as_deref(), Some(DATABASE_EXISTS | UNIQUE_VIOLATION)) => Ok(false),
        Err(source) => Err(Error::Create { name, source }),
    }
}

/// Brings the tables up to what this build needs. Several processes may do so at once: they take turns.
///
/// # Errors
/// When PostgreSQL can't be reached, or holds tables of another build.
pub async fn migrate(database: &PgPool) -> Result<(), MigrateError> {
    // A table with much in it takes its time, and so does waiting for another that does the same.
    let options = database.connect_options().as_ref().clone();
    let mut connection = options.options([("statement_timeout", "0")]).connect().await?;
    sqlx::migrate!("../migrations").run(&mut connection).await?;
    connection.close().await.ok();
    Ok(())
}

/// Whether the database answers and has its tables.
///
/// # Errors
/// What the driver found.
pub async fn reachable(database: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(r#"SELECT 1 AS "one!" FROM projection_checkpoints LIMIT 1"#)
        .fetch_optional(database)
        .await
        .map(drop)
}

/// Drops the database that the URL names, under whoever uses it: it is disposable, and demos and tests prove that.
///
/// # Errors
/// When the server can't be reached, or its user may not.
pub async fn drop_database(database_url: &SecretString) -> Result<(), Error> {
    let options = read(database_url)?;
    let name = options.get_database().ok_or(Error::Unnamed)?.to_owned();
    let place = format!("{}:{}/postgres", options.get_host(), options.get_port());
    let mut maintenance = options
        .clone()
        .database("postgres")
        .connect()
        .await
        .map_err(|source| Error::Unreachable { place, source })?;
    let quoted = name.replace('"', "\"\"");
    let dropped = sqlx::raw_sql(AssertSqlSafe(format!(
        "DROP DATABASE IF EXISTS \"{quoted}\" WITH (FORCE)"
    )))
    .execute(&mut maintenance)
    .await;
    maintenance.close().await.ok();
    dropped.map(drop).map_err(|source| Error::Drop { name, source })
}

fn read(database_url: &SecretString) -> Result<PgConnectOptions, Error> {
    let url = database_url.expose_secret();
    if !["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err(Error::Scheme);
    }
    let options: PgConnectOptions = url.parse().map_err(Error::Url)?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err(Error::Unnamed);
    }
    Ok(options)
}

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}
