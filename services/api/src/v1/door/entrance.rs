//! The way in once more, for routes that need more than one transaction, or one where a write has none.

use std::sync::Arc;

use infragpt_events::OrganizationId;
use infragpt_projections::wall::Inside;

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

    /// The next transaction, and whose rows.
    pub async fn enter(&mut self) -> Result<(Inside, &OrganizationId), Error> {
        let inside = self.api.enter(&mut self.caller, self.permission).await?;
        Ok((inside, &self.caller.organization))
    }
}
