//! What two builds of the read models are compared by.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{Connection, PgConnection, PgPool};

use crate::{
    actions, audit, changes, conversations, erasure, event_index, integrations, members, organizations, resources,
    users,
};

/// How many rows a table has, and a hash over all of them in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// How many rows.
    pub count: i64,
    /// MD5, in hexadecimal, over the MD5 of every row's text.
    pub hash: String,
}

/// The fingerprint of every table of the read models at one moment. Equal fingerprints mean the same rows.
///
/// # Errors
/// When the database can't be read.
pub async fn fingerprint(database: &PgPool) -> Result<BTreeMap<&'static str, Fingerprint>, sqlx::Error> {
    let mut connection = database.acquire().await?;
    // One snapshot for all tables; and a large table may take longer than a query for people is allowed to.
    let mut transaction = connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0")
        .await?;
    let tables = of(&mut transaction).await?;
    transaction.commit().await?;
    Ok(tables)
}

/// The fingerprint of every table that the names mean in this transaction.
pub(crate) async fn of(connection: &mut PgConnection) -> Result<BTreeMap<&'static str, Fingerprint>, sqlx::Error> {
    let mut tables = BTreeMap::new();
    macro_rules! insert {
        ($($table:literal $fingerprint:expr,)+) => {
            $( tables.insert($table, $fingerprint(&mut *connection).await?); )+
        };
    }
    insert! {
        "actions" actions::fingerprint,
        "audit_records" audit::fingerprint,
        "changes" changes::fingerprint,
        "conversation_messages" conversations::messages_fingerprint,
        "conversations" conversations::fingerprint,
        "erased_facts" erasure::fingerprint,
        "event_index" event_index::fingerprint,
        "integrations" integrations::fingerprint,
        "members" members::fingerprint,
        "organizations" organizations::fingerprint,
        "resources" resources::fingerprint,
        "users" users::fingerprint,
    }
    Ok(tables)
}
