//! One reader behind the wall.

use infragpt_events::{OrganizationId, organization::Role};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::{Error, reader::Reader};
use crate::members;

/// A read-only transaction that sees the rows of one organization, and what a person may do there.
///
/// Dropping it ends it too.
#[derive(Debug)]
pub struct Inside {
    reader: Reader,
    role: Option<Role>,
}

impl Inside {
    pub(super) async fn enter(mut reader: Reader, organization: &OrganizationId, user: &str) -> Result<Self, Error> {
        // One round trip for both. An organization's identifier has no character that means something in SQL, and a person
        // whose identifier has one belongs nowhere.
        let user = if is_plain(user) { user } else { "" };
        let begin = format!("BEGIN READ ONLY; SELECT infragpt_enter('{organization}', '{user}')");
        let row = sqlx::raw_sql(AssertSqlSafe(begin)).fetch_one(reader.begin()).await?;
        let role: Option<String> = row.try_get(0)?;
        Ok(Self {
            reader,
            role: role.map(|word| members::role(&word)),
        })
    }

    /// What the person may do in the organization, as the log says; nothing when they don't belong to it, or when either is
    /// deleted.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// What to read with.
    pub fn connection(&mut self) -> &mut PgConnection {
        self.reader.connection()
    }

    /// Ends the transaction. The server's answer to that is nobody's to wait for.
    ///
    /// # Errors
    /// None: what only read has nothing to lose.
    #[expect(clippy::unused_async, reason = "that it takes no round trip is nothing to rely on")]
    pub async fn leave(self) -> Result<(), Error> {
        drop(self.reader);
        Ok(())
    }
}

/// Whether `text` can stand in a statement as it is.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
