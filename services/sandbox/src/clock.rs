use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use ring::rand::{SecureRandom, SystemRandom};

/// Slack's clock: message timestamps identify messages, so no two are alike and they only grow.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    last: AtomicI64,
}

impl Clock {
    /// The next message timestamp, `seconds.micros`.
    pub(crate) fn next_ts(&self) -> String {
        let now = now().timestamp_micros();
        let before = self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(now.max(last + 1)))
            .unwrap_or_default();
        let micros = now.max(before + 1);
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }

    /// Never hands out a timestamp at or below this one again.
    pub(crate) fn after(&self, ts: &str) {
        let mut parts = ts.splitn(2, '.').map(|part| part.parse::<i64>().unwrap_or_default());
        let (seconds, micros) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        self.last.fetch_max(
            seconds.saturating_mul(1_000_000).saturating_add(micros),
            Ordering::SeqCst,
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox plays the outside world, where time comes from"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Seconds since the epoch.
pub(crate) fn seconds() -> i64 {
    now().timestamp()
}

/// Milliseconds since the epoch, as Clerk writes time.
pub(crate) fn milliseconds() -> i64 {
    now().timestamp_millis()
}

/// The time now, as GitHub writes it.
pub(crate) fn rfc3339() -> String {
    at(now())
}

/// The time `seconds` from now, as GitHub writes it.
pub(crate) fn rfc3339_in(seconds: i64) -> String {
    at(now() + chrono::TimeDelta::seconds(seconds))
}

/// The time now with milliseconds, for journals.
pub(crate) fn precise() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Sixteen random bytes.
pub(crate) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // A sandbox identifier needs to be unique, not secret.
        bytes = u128::from_ne_bytes(bytes)
            .wrapping_add(now().timestamp_micros().unsigned_abs().into())
            .to_ne_bytes();
    }
    bytes
}

/// An upper-case identifier with Slack's prefix, such as `Ev…`.
pub(crate) fn slack_id(prefix: &str) -> String {
    format!("{prefix}0{}", hex::encode_upper(&random()[..5]))
}

/// A random UUID in its usual form.
pub(crate) fn guid() -> String {
    let mut bytes = random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex::encode(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_only_grow() {
        let clock = Clock::default();
        let taken: Vec<_> = (0..1000).map(|_| clock.next_ts()).collect();
        assert!(taken.is_sorted_by(|a, b| a < b));
        clock.after("9999999999.000007");
        assert_eq!(clock.next_ts(), "9999999999.000008");
    }
}
