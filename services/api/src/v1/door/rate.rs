//! How often an organization may ask: a number in a minute, and a number at once.
//!
//! The headers are those of <https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06>.

use std::{num::NonZeroU32, time::Duration};

use axum::http::{HeaderMap, HeaderName, Method};
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
};
use infragpt_events::OrganizationId;

/// What a write costs, in requests: it is kept in the log, and its key for a day.
const WRITE: NonZeroU32 = NonZeroU32::new(5).expect("five is not zero");

pub(crate) const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What each organization has left, in this process. An entry is made only for an organization that Clerk signed a session
/// for, so there are never more of them than organizations.
pub(super) struct Rate {
    limiter: DefaultKeyedRateLimiter<OrganizationId, StateInformationMiddleware>,
    burst: NonZeroU32,
    /// After how long one more request may be made.
    interval: Duration,
}

/// What an organization has left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    limit: u32,
    remaining: u32,
    /// After how many seconds it has everything again.
    reset: u64,
    /// After how many seconds to try again, where this request was one too many.
    pub retry_after: Option<u64>,
}

impl Rate {
    pub fn new(per_minute: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self {
            limiter: DefaultKeyedRateLimiter::dashmap(quota).with_middleware(),
            burst,
            interval: quota.replenish_interval(),
        }
    }

    /// Takes a request from what `organization` has.
    pub fn take(&self, organization: &OrganizationId, method: &Method) -> Allowance {
        let cost = if method.is_safe() { NonZeroU32::MIN } else { WRITE };
        // What costs more than there ever is takes all of it.
        let cost = cost.min(self.burst);
        let (remaining, retry_after) = match self.limiter.check_key_n(organization, cost) {
            Ok(Ok(left)) => (left.remaining_burst_capacity(), None),
            Ok(Err(not_yet)) => (
                0,
                Some(seconds(not_yet.wait_time_from(DefaultClock::default().now())).max(1)),
            ),
            Err(_) => (0, Some(1)),
        };
        Allowance {
            limit: self.burst.get(),
            remaining,
            reset: seconds(self.interval * self.burst.get().saturating_sub(remaining)),
            retry_after,
        }
    }
}

impl Allowance {
    /// Says it in the response.
    pub fn write(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, self.remaining.into());
        headers.insert(RESET, self.reset.into());
    }
}

/// Whole seconds, rounded up.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_minute: u32, burst: u32) -> Rate {
        Rate::new(per_minute.try_into().unwrap(), burst.try_into().unwrap())
    }

    #[test]
    fn one_organization_s_hurry_is_its_own() {
        let rate = rate(1, 2);
        let acme = OrganizationId::parse("acme").unwrap();
        let first = rate.take(&acme, &Method::GET);
        assert_eq!((first.limit, first.remaining, first.retry_after), (2, 1, None));
        assert_eq!(first.reset, 60);
        assert_eq!(rate.take(&acme, &Method::GET).retry_after, None);
        let third = rate.take(&acme, &Method::GET);
        assert_eq!((third.remaining, third.reset), (0, 120));
        let wait = third.retry_after.unwrap();
        assert!((59..=60).contains(&wait), "{wait}");
        assert_eq!(
            rate.take(&OrganizationId::parse("globex").unwrap(), &Method::GET)
                .retry_after,
            None
        );
    }

    #[test]
    fn a_write_costs_five_and_never_more_than_there_is() {
        let acme = OrganizationId::parse("acme").unwrap();
        let wide = rate(60, 12);
        assert_eq!(wide.take(&acme, &Method::PUT).remaining, 7);
        assert_eq!(wide.take(&acme, &Method::DELETE).remaining, 2);
        let third = wide.take(&acme, &Method::POST);
        assert!((2..=3).contains(&third.retry_after.unwrap()), "{third:?}");
        assert_eq!(wide.take(&acme, &Method::GET).remaining, 1);
        assert_eq!(rate(60, 3).take(&acme, &Method::PUT).retry_after, None);
    }

    #[test]
    fn a_moment_is_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
        assert_eq!(seconds(Duration::ZERO), 0);
    }
}
