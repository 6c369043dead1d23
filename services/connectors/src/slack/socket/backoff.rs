//! How long to wait before trying again: growing, and never in step with anybody else.

use std::time::Duration;

/// The longest pause between two windows of tries.
const LONGEST_SECONDS: u64 = 30;

/// Tries that fit into one window.
const TRIES: u32 = 3;

/// What a connection needs to stand when nothing is wrong.
const HANDSHAKE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Whole seconds between two tries inside of a window.
    pub fn seconds(self) -> u64 {
        1_u64
            .checked_shl(self.failures.min(16))
            .map_or(LONGEST_SECONDS, |seconds| seconds.min(LONGEST_SECONDS))
    }

    /// How long to watch the tries before starting over.
    pub fn window(self) -> Duration {
        HANDSHAKE + Duration::from_secs(self.seconds() - 1) * TRIES
    }

    /// Notes a failure, and says how long to pause.
    pub fn grow(&mut self) -> Duration {
        let pause = self.pause();
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// Between nothing and the present step, at random: connections that fell together don't come back together.
    pub fn pause(self) -> Duration {
        Duration::from_secs(self.seconds()).mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_differ() {
        let mut backoff = Backoff::default();
        let steps: Vec<u64> = (0..8)
            .map(|_| {
                let seconds = backoff.seconds();
                assert!(backoff.grow() <= Duration::from_secs(seconds));
                seconds
            })
            .collect();
        assert_eq!(steps, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(Backoff::default().window(), HANDSHAKE);
        let pauses: std::collections::BTreeSet<_> = (0..20).map(|_| backoff.pause()).collect();
        assert!(pauses.len() > 10);
        backoff.failures = u32::MAX;
        assert_eq!(backoff.seconds(), LONGEST_SECONDS);
    }
}
