//! How long to wait before trying again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

/// Delays that double from 20 ms to 1 s, each shortened at random by up to a half, so that several that failed together
/// don't come back together.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes a failure: how long to wait now.
    pub fn failed(&mut self) -> Duration {
        let delay = FIRST
            .saturating_mul(2_u32.saturating_pow(self.failures.min(10)))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        delay.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Whether this failure is worth a line in the log: the 1st, 2nd, 4th, 8th .. in a row.
    pub fn is_news(&self) -> bool {
        self.failures.is_power_of_two()
    }

    /// How many failures there were in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// It went well again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_second_and_start_over_after_success() {
        let mut backoff = Backoff::default();
        let delays: Vec<Duration> = (0..40).map(|_| backoff.failed()).collect();
        assert!(delays[0] <= FIRST && delays[0] >= FIRST / 2, "{:?}", delays[0]);
        assert!(delays[39] <= LONGEST && delays[39] >= LONGEST / 2, "{:?}", delays[39]);
        backoff.reset();
        assert!(backoff.failed() <= FIRST);
    }

    #[test]
    fn a_long_outage_is_logged_ever_less_often() {
        let mut backoff = Backoff::default();
        let logged = (0..100)
            .filter(|_| {
                backoff.failed();
                backoff.is_news()
            })
            .count();
        assert_eq!(logged, 7);
    }
}
