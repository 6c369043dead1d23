//! What an operator decides about the API.

use std::num::NonZeroU32;

use infragpt_events::ConnectorKind;
use url::Url;

use crate::{NotANetwork, Proxies};

/// What an operator decides about the API.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(super) origin: String,
    pub(super) is_https: bool,
    pub(super) cors_origins: Vec<String>,
    pub(super) rate_per_minute: NonZeroU32,
    pub(super) rate_burst: NonZeroU32,
    pub(super) proxies: Proxies,
    pub(super) connectors: Vec<ConnectorKind>,
}

/// A setting that can't work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not an address that a browser would have.
    #[error("http.public_url isn't an http(s) address")]
    PublicUrl,
    /// Not an origin.
    #[error("api.cors_origins has `{0}`, which isn't an origin such as `https://app.example.com`")]
    Origin(String),
    /// Nobody could ask anything.
    #[error("api.{0} is 0: nobody could ask anything")]
    Zero(&'static str),
    /// Not a proxy's address.
    #[error("api.trusted_proxies: {0}")]
    Proxies(#[from] NotANetwork),
}

impl Settings {
    /// Reads settings as they are configured.
    ///
    /// - `public_url`: where the API is, as browsers see it.
    /// - `cors_origins`: origins whose pages may call it with a browser's session, separated by commas. Its own needs none.
    /// - `rate_per_minute`, `rate_burst`: how many requests an organization may make in a minute, and at once.
    /// - `trusted_proxies`: addresses and networks of proxies in front, separated by commas.
    ///
    /// # Errors
    /// [`Error`] names the key.
    pub fn read(
        public_url: &Url,
        cors_origins: &str,
        rate_per_minute: u32,
        rate_burst: u32,
        trusted_proxies: &str,
    ) -> Result<Self, Error> {
        let origins = cors_origins.split(',').map(str::trim).filter(|it| !it.is_empty());
        Ok(Self {
            origin: web_origin(public_url).ok_or(Error::PublicUrl)?,
            is_https: public_url.scheme() == "https",
            cors_origins: origins.map(cors_origin).collect::<Result<_, _>>()?,
            rate_per_minute: NonZeroU32::new(rate_per_minute).ok_or(Error::Zero("rate_per_minute"))?,
            rate_burst: NonZeroU32::new(rate_burst).ok_or(Error::Zero("rate_burst"))?,
            proxies: Proxies::parse(trusted_proxies)?,
            connectors: Vec::new(),
        })
    }

    /// With the kinds of systems that can be connected, so that those that nobody began to connect are listed too.
    pub fn with_connectors(mut self, connectors: impl IntoIterator<Item = ConnectorKind>) -> Self {
        self.connectors = connectors.into_iter().collect();
        self.connectors.sort();
        self
    }

    /// The proxies in front.
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }
}

fn cors_origin(text: &str) -> Result<String, Error> {
    let wrong = || Error::Origin(text.to_owned());
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_bare || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong());
    }
    web_origin(&url).ok_or_else(wrong)
}

/// An address's origin as a browser writes it.
fn web_origin(url: &Url) -> Option<String> {
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_web.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(public_url: &str, origins: &str, rate: u32, burst: u32, proxies: &str) -> Result<Settings, String> {
        let public_url = Url::parse(public_url).unwrap();
        Settings::read(&public_url, origins, rate, burst, proxies).map_err(|error| error.to_string())
    }

    #[test]
    fn origins_are_as_browsers_write_them() {
        let settings = read(
            "https://Infra.example.com/below",
            "https://App.example.com:443/, http://localhost:3000",
            600,
            100,
            "10.0.0.0/8",
        )
        .unwrap();
        assert_eq!(settings.origin, "https://infra.example.com");
        assert!(settings.is_https);
        assert_eq!(
            settings.cors_origins,
            ["https://app.example.com", "http://localhost:3000"]
        );
        assert!(read("http://a", "", 1, 1, "").unwrap().cors_origins.is_empty());
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        for (settings, expected) in [
            (read("ftp://a", "", 1, 1, ""), "http.public_url isn't"),
            (read("https://a", "*", 1, 1, ""), "api.cors_origins has `*`"),
            (read("https://a", "https://b/path", 1, 1, ""), "api.cors_origins has"),
            (read("https://a", "null", 1, 1, ""), "api.cors_origins has"),
            (read("https://a", "", 0, 1, ""), "api.rate_per_minute is 0"),
            (read("https://a", "", 1, 0, ""), "api.rate_burst is 0"),
            (
                read("https://a", "", 1, 1, "x"),
                "api.trusted_proxies: `x` is no address",
            ),
        ] {
            let problem = settings.unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
