//! One command at a time makes generations in a database.

use secrecy::SecretString;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::Error;
use crate::database;

/// `generate` as a number. For ever: commands of different builds must exclude each other.
const KEY: i64 = 0x6765_6e65_7261_7465;

/// Held while generations are made. PostgreSQL gives it back when the connection ends, however it ends.
#[derive(Debug)]
pub(super) struct Exclusive {
    connection: PgConnection,
}

impl Exclusive {
    /// Takes it.
    pub async fn acquire(database_url: &SecretString) -> Result<Self, Error> {
        let options = database::options(database_url, "infragpt generations")?.options([
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
        ]);
        let mut connection = options.connect().await?;
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(KEY)
            .fetch_one(&mut connection)
            .await?;
        if taken {
            Ok(Self { connection })
        } else {
            Err(Error::Busy)
        }
    }

    /// Lets the next one begin.
    pub async fn release(self) {
        self.connection.close().await.ok();
    }
}
