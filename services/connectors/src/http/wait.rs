//! How long a provider wants us to wait, and how long we wait by ourselves.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;

use super::{Answer, Error};

/// Where the limit is over, but nobody says when it begins anew.
const UNSAID: Duration = Duration::from_mins(1);

/// Whether the provider wants fewer requests: 429, 503 or 403 with `Retry-After`, or 403 with `x-ratelimit-remaining: 0` and
/// `x-ratelimit-reset`.
///
/// Sources: <https://docs.slack.dev/apis/web-api/rate-limits>,
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>.
pub(super) fn asked_for(answer: &Answer, now: DateTime<Utc>) -> Option<Duration> {
    let number = |name| answer.header(name).and_then(|text| text.trim().parse::<i64>().ok());
    let seconds = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let retry_after = number("retry-after").map(seconds);
    let exhausted = (number("x-ratelimit-remaining") == Some(0)).then(|| {
        number("x-ratelimit-reset").map_or(UNSAID, |reset| {
            seconds(reset.saturating_sub(now.timestamp()).saturating_add(1))
        })
    });
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Some(retry_after.or(exhausted).unwrap_or(Duration::from_secs(1))),
        StatusCode::FORBIDDEN => retry_after.or(exhausted),
        StatusCode::SERVICE_UNAVAILABLE => retry_after,
        _ => None,
    }
}

/// How long to wait before the next of `made` tries, if there may be one.
pub(super) fn before_next(error: &Error, made: u32, repeatable: bool, patience: Duration) -> Option<Duration> {
    match error {
        Error::RateLimited(wait) => (*wait <= patience).then_some(*wait),
        Error::NotSent(_) => Some(pause(made)),
        Error::Unclear(_) => repeatable.then(|| pause(made)),
    }
}

/// 100 ms, doubled every time, and up to half of that more or less, so that many callers don't come back together.
fn pause(made: u32) -> Duration {
    let base = 100 << made.saturating_sub(1).min(4);
    Duration::from_millis(fastrand::u64(base / 2..=base * 3 / 2))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName};

    use super::*;

    fn wait(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::new(),
        };
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        asked_for(&answer, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_provider_says_how_long_to_wait() {
        assert_eq!(wait(429, &[("retry-after", "30")]), Some(30));
        assert_eq!(wait(429, &[]), Some(1));
        assert_eq!(wait(503, &[("retry-after", "2")]), Some(2));
        assert_eq!(wait(503, &[]), None);
        assert_eq!(wait(403, &[("retry-after", "60")]), Some(60));
        let exhausted = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1040")];
        assert_eq!(wait(403, &exhausted), Some(41));
        assert_eq!(wait(429, &exhausted), Some(41));
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "0")]), Some(60));
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "7")]), None);
        assert_eq!(wait(200, &exhausted), None);
        assert_eq!(wait(429, &[("retry-after", "-5")]), Some(0));
    }

    #[test]
    fn only_what_is_safe_is_repeated() {
        let patience = Duration::from_secs(3);
        let next = |error: &Error, repeatable| before_next(error, 1, repeatable, patience);
        let unclear = Error::Unclear(String::new());
        assert!(next(&unclear, true).is_some());
        assert_eq!(next(&unclear, false), None);
        assert!(next(&Error::NotSent(String::new()), false).is_some());
        assert_eq!(next(&Error::RateLimited(patience), false), Some(patience));
        assert_eq!(next(&Error::RateLimited(Duration::from_secs(4)), true), None);
    }

    #[test]
    fn pauses_grow_and_differ() {
        for (made, least, most) in [(1, 50, 150), (2, 100, 300)] {
            for _ in 0..100 {
                let pause = u64::try_from(pause(made).as_millis()).unwrap();
                assert!((least..=most).contains(&pause), "{made}: {pause}");
            }
        }
    }
}
