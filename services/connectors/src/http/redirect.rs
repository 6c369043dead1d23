//! Redirects are followed only within one origin: what a provider answers must not lead us to an address of our own network, nor
//! hand a token to somebody else.

use reqwest::redirect::{Attempt, Policy};
use url::Url;

/// A provider that needs more of them is going round in circles.
const MOST: usize = 5;

/// Whether both have the same scheme, host and port.
pub(crate) fn same_origin(left: &Url, right: &Url) -> bool {
    left.origin().is_tuple() && left.origin() == right.origin()
}

/// Follows what stays at the origin, at most five times; anything else is the answer itself.
pub(super) fn policy() -> Policy {
    Policy::custom(|attempt: Attempt| {
        let stays = attempt
            .previous()
            .first()
            .is_some_and(|first| same_origin(first, attempt.url()));
        if stays && attempt.previous().len() <= MOST {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = |text: &str| Url::parse(text).unwrap();
        let slack = url("https://slack.com/api/auth.test");
        assert!(same_origin(&slack, &url("https://slack.com:443/elsewhere?x=1")));
        for other in [
            "http://slack.com/api",
            "https://slack.com:8443/api",
            "https://slack.com.evil.test/",
            "https://10.0.0.1/",
            "https://slack.com@evil.test/",
        ] {
            assert!(!same_origin(&slack, &url(other)), "{other}");
        }
        assert!(!same_origin(&url("data:,a"), &url("data:,a")));
    }
}
