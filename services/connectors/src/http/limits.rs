//! How often a provider is asked: not before the end of a limit that it told us of, and for a while after it no oftener than it is
//! known to allow. Before it told us of one nothing is held back: providers allow more than they promise.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Paces that are remembered at most. One that is forgotten is told again by the provider.
const MOST: usize = 10_000;

/// How long calls are spaced after a limit.
const WARY: Duration = Duration::from_mins(1);

/// What shares one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Whose limit it is.
    pub key: String,
    /// After a limit one call is sent in this time; zero where nothing is known.
    pub every: Duration,
    /// So many of them may come at once after a pause.
    pub at_once: u32,
}

impl Pace {
    /// How far calls may run ahead of their even spacing.
    fn ahead(&self) -> Duration {
        self.every * self.at_once.saturating_sub(1)
    }
}

/// The limits that we were told of lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits(Arc<Mutex<HashMap<String, Limit>>>);

#[derive(Clone, Copy, Debug)]
struct Limit {
    /// Nothing is sent before.
    opens: Instant,
    /// When the next call would come if all came evenly.
    due: Instant,
    /// Nothing is held back after.
    ends: Instant,
}

impl Limits {
    /// Takes the next turn, and says how long to wait for it.
    ///
    /// # Errors
    /// That time, where it is longer than `patience`; no turn is taken then.
    pub fn enter(&self, pace: &Pace, patience: Duration) -> Result<Duration, Duration> {
        let now = Instant::now();
        let mut limits = self.lock();
        let Some(limit) = limits.get_mut(&pace.key).filter(|limit| now < limit.ends) else {
            return Ok(Duration::ZERO);
        };
        let earliest = limit.due.checked_sub(pace.ahead()).unwrap_or(now);
        let turn = now.max(limit.opens).max(earliest);
        let wait = turn - now;
        if wait > patience {
            return Err(wait);
        }
        limit.due = limit.due.max(turn) + pace.every;
        Ok(wait)
    }

    /// The provider wants no calls for this time.
    pub fn rest(&self, pace: &Pace, wait: Duration) {
        let until = Instant::now() + wait;
        let mut limits = self.lock();
        let opens = limits.get(&pace.key).map_or(until, |limit| limit.opens.max(until));
        make_room(&mut limits, &pace.key);
        let limit = Limit {
            opens,
            due: opens + pace.ahead(),
            ends: if pace.every.is_zero() { opens } else { opens + WARY },
        };
        limits.insert(pace.key.clone(), limit);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Limit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(limits: &mut HashMap<String, Limit>, key: &str) {
    if limits.len() < MOST || limits.contains_key(key) {
        return;
    }
    let now = Instant::now();
    limits.retain(|_, limit| now < limit.ends);
    if limits.len() >= MOST
        && let Some(any) = limits.keys().next().cloned()
    {
        limits.remove(&any);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(key: &str, at_once: u32) -> Pace {
        Pace {
            key: key.to_owned(),
            every: if at_once == 0 { Duration::ZERO } else { SECOND },
            at_once,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_held_back_before_a_limit_and_a_while_after_it() {
        let (limits, pace) = (Limits::default(), pace("C1", 1));
        let free = || (0..50).all(|_| limits.enter(&pace, Duration::ZERO) == Ok(Duration::ZERO));
        assert!(free());
        limits.rest(&pace, SECOND);
        assert!(!free());
        tokio::time::advance(SECOND + WARY).await;
        assert!(free());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_limit_some_come_at_once_and_the_others_one_by_one() {
        let (limits, pace) = (Limits::default(), pace("C1", 3));
        limits.rest(&pace, 2 * SECOND);
        let turns = |patience| [(); 3].map(|()| limits.enter(&pace, patience));
        assert_eq!(turns(5 * SECOND), [Ok(2 * SECOND), Ok(3 * SECOND), Ok(4 * SECOND)]);
        tokio::time::advance(20 * SECOND).await;
        assert_eq!(turns(Duration::ZERO), [Ok(Duration::ZERO); 3], "after a pause");
        assert_eq!(limits.enter(&pace, Duration::ZERO), Err(SECOND));
        assert_eq!(limits.enter(&pace, SECOND), Ok(SECOND), "no turn was taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_holds_for_its_time_and_for_nothing_else() {
        let (limits, pace, other) = (Limits::default(), pace("C1", 0), pace("C2", 0));
        limits.rest(&pace, 30 * SECOND);
        limits.rest(&pace, SECOND);
        assert_eq!(
            limits.enter(&pace, 5 * SECOND),
            Err(30 * SECOND),
            "the longer one counts"
        );
        assert_eq!(limits.enter(&other, Duration::ZERO), Ok(Duration::ZERO));
        tokio::time::advance(28 * SECOND).await;
        assert_eq!(limits.enter(&pace, 5 * SECOND), Ok(2 * SECOND));
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(limits.enter(&pace, Duration::ZERO), Ok(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_remembered_and_no_more() {
        let limits = Limits::default();
        for number in 0..=MOST {
            limits.rest(&pace(&number.to_string(), 0), SECOND);
        }
        assert_eq!(limits.lock().len(), MOST);
        tokio::time::advance(2 * SECOND).await;
        limits.rest(&pace("another", 0), SECOND);
        assert_eq!(limits.lock().len(), 1, "those that are over are forgotten first");
    }
}
