//! Which pages may change something with the session that a browser adds by itself.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::v1::{Error, Settings};

/// The origins of pages that may: the API's own, and those that are configured.
#[derive(Debug)]
pub(super) struct Origins(Vec<HeaderValue>);

impl Origins {
    pub fn new(settings: &Settings) -> Self {
        let own = std::iter::once(&settings.origin);
        let all = own.chain(&settings.cors_origins);
        Self(all.filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// Refuses a request that a page of others had a browser send. Browsers say whose page it is with every request that
    /// changes something: <https://fetch.spec.whatwg.org/#origin-header>
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Error> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) if self.0.contains(origin) => Ok(()),
            _ => Err(Error::ForeignOrigin),
        }
    }
}
