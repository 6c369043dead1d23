//! One at a time for each integration: making a connection and ending it are several steps, and two of them at once in
//! this process would ask the external system twice. What other copies do at the same time is the log's business.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use uuid::Uuid;

/// More integrations than this at once, and those that nobody waits for any more are forgotten.
const MANY: usize = 1024;

/// Whose turn it is, for each integration that somebody works on.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<Uuid, Weak<AsyncMutex<()>>>>);

impl Turns {
    /// Waits until nobody else works on the integration; others wait until what is returned is dropped.
    pub async fn of(&self, integration: Uuid) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() > MANY {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            let known = turns.get(&integration).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(integration, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_second_waits_and_others_do_not() {
        let turns = Turns::default();
        let first = turns.of(Uuid::from_u128(1)).await;
        turns.of(Uuid::from_u128(2)).await;
        let second = turns.of(Uuid::from_u128(1));
        let mut second = std::pin::pin!(second);
        let early = tokio::time::timeout(Duration::from_millis(20), &mut second).await;
        assert!(early.is_err(), "two at once");
        drop(first);
        second.await;
    }
}
