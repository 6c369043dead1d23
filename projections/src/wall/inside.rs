//! One reader behind the wall.

use infragpt_events::{OrganizationId, organization::Role};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

use super::Error;
use crate::members;

/// A read-only transaction that sees the rows of one organization, and what a person may do there.
///
/// Dropping it ends it.
#[derive(Debug)]
pub struct Inside {
    transaction: Transaction<'static, Postgres>,
    role: Option<Role>,
}

impl Inside {
    pub(super) async fn enter(pool: &PgPool, organization: &OrganizationId, user: &str) -> Result<Self, Error> {
        // One round trip for both. An organization's identifier has no character that means something in SQL.
        let begin = format!("BEGIN READ ONLY; SET LOCAL infragpt.organization = '{organization}'");
        let mut transaction = pool.begin_with(AssertSqlSafe(begin)).await?;
        let role = sqlx::query_scalar!(
            "SELECT role FROM members WHERE organization_id = $1 AND user_id = $2 AND removed_at IS NULL
             ORDER BY updated_at DESC, membership_id DESC LIMIT 1",
            organization.as_str(),
            user,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        Ok(Self {
            transaction,
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
        &mut self.transaction
    }

    /// Ends the transaction without keeping the caller waiting for it.
    ///
    /// # Errors
    /// None at present: a transaction that only read has nothing to lose.
    #[expect(
        clippy::unused_async,
        reason = "the caller must not depend on its being free of a round trip"
    )]
    pub async fn leave(self) -> Result<(), Error> {
        drop(self.transaction);
        Ok(())
    }
}
