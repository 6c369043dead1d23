//! Whose turn it is: one organization's hurry is not everybody's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use infragpt_events::OrganizationId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The places of each organization among those who read at once. Sessions name the organizations, so there are never more of
/// them here than there are.
#[derive(Debug)]
pub(super) struct Turns {
    each: usize,
    patience: Duration,
    of: Mutex<HashMap<OrganizationId, Arc<Semaphore>>>,
}

impl Turns {
    /// So many places for `each`, and how long to wait for one.
    pub fn new(each: usize, patience: Duration) -> Self {
        Self {
            each,
            patience,
            of: Mutex::default(),
        }
    }

    /// A place for `organization`, until it is dropped.
    pub async fn take(&self, organization: &OrganizationId) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let places = {
            let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
            let known = of.get(organization).map(Arc::clone);
            known.unwrap_or_else(|| {
                let places = Arc::new(Semaphore::new(self.each));
                of.insert(organization.clone(), Arc::clone(&places));
                places
            })
        };
        match timeout(self.patience, places.acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }
}
