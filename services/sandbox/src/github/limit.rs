use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Calls an hour.
const LIMIT: u64 = 5000;
/// Length of the window, in seconds.
const WINDOW: i64 = 3600;

/// How much somebody has used of the primary rate limit; <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) used: u64,
    /// When it starts anew, in seconds since the epoch.
    pub(super) reset: i64,
}

impl Standing {
    fn fresh(now: i64) -> Self {
        Self {
            used: 0,
            reset: now + WINDOW,
        }
    }

    /// Headers that every answer has.
    pub(super) fn headers(self) -> [(&'static str, String); 5] {
        [
            ("x-ratelimit-limit", LIMIT.to_string()),
            ("x-ratelimit-remaining", LIMIT.saturating_sub(self.used).to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }
}

#[derive(Debug, Default)]
struct Kept {
    standings: HashMap<String, Standing>,
    /// Where everybody starts who has not called since it was set.
    imposed: Option<Standing>,
}

/// Counts the calls of the App, of each installation and of each person.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<Kept>);

impl Limits {
    /// Counts one call; `now` in seconds since the epoch.
    ///
    /// # Errors
    ///
    /// The standing of somebody who has used everything, unchanged.
    pub(super) fn take(&self, who: &str, now: i64) -> Result<Standing, Standing> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = kept.imposed.filter(|imposed| imposed.reset > now);
        let standing = kept
            .standings
            .entry(who.to_owned())
            .or_insert_with(|| start.unwrap_or_else(|| Standing::fresh(now)));
        if standing.reset <= now {
            *standing = Standing::fresh(now);
        }
        if standing.used >= LIMIT {
            return Err(*standing);
        }
        standing.used += 1;
        Ok(*standing)
    }

    /// Takes back the last call, which cost nothing.
    pub(super) fn give_back(&self, who: &str) -> Option<Standing> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = kept.standings.get_mut(who)?;
        standing.used = standing.used.saturating_sub(1);
        Some(*standing)
    }

    /// Leaves everybody this many calls until `reset`, in seconds since the epoch.
    pub(crate) fn impose(&self, remaining: u64, reset: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.standings.clear();
        kept.imposed = Some(Standing {
            used: LIMIT.saturating_sub(remaining),
            reset,
        });
    }

    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_window() {
        let limits = Limits::default();
        limits.impose(1, 100);
        assert!(limits.take("app", 0).is_ok() && limits.take("installation", 0).is_ok());
        let spent = Standing { used: 5000, reset: 100 };
        assert_eq!(limits.take("app", 99), Err(spent));
        assert_eq!(limits.give_back("app").unwrap().used, 4999);
        assert!(limits.take("app", 99).is_ok());
        let fresh = Standing { used: 1, reset: 3700 };
        assert_eq!(limits.take("app", 100), Ok(fresh));
        assert_eq!(limits.take("person", 100), Ok(fresh));
    }
}
