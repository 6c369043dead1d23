//! The way in once more, for routes that need more than one transaction, or one where a write has none.

use std::sync::Arc;

use infragpt_events::OrganizationId;
use infragpt_projections::{DatabaseError, PgConnection};

use super::{Admitted, Api, Caller};
use crate::v1::{Error, Permission};

/// One transaction after another, each behind the wall, each for a caller who still may.
pub(crate) struct Entrance {
    api: Arc<Api>,
    permission: Permission,
    caller: Caller,
}

impl Entrance {
    pub(super) fn of(admitted: &Admitted) -> Self {
        Self {
            api: Arc::clone(&admitted.api),
            permission: admitted.permission,
            caller: admitted.caller.clone(),
        }
    }

    /// Reads the caller's organization's rows.
    pub async fn read<T>(
        &mut self,
        query: impl AsyncFnOnce(&mut PgConnection, &OrganizationId) -> Result<T, DatabaseError>,
    ) -> Result<T, Error> {
        let mut inside = self.api.enter(&mut self.caller, self.permission).await?;
        let found = query(inside.connection(), &self.caller.organization).await?;
        inside.leave().await?;
        Ok(found)
    }
}
