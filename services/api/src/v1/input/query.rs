//! The query of an address: each parameter once, none that is not known, all of it UTF-8.

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::v1::Error;

/// The longest query that is read, in bytes.
const LONGEST: usize = 8 * 1024;

/// A query, read into `T`.
#[derive(Debug)]
pub(crate) struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    if query.len() > LONGEST {
        return Err(Error::input(format!("The query is longer than {LONGEST} bytes.")));
    }
    // What follows would put a replacement character in the place of what is no UTF-8, and go on.
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(Error::input("The query is not UTF-8."));
    }
    serde_urlencoded::from_str(query).map_err(|error| Error::input(format!("The query can't be read: {error}.")))
}

/// For routes that take no parameters: a parameter that does nothing is a mistake of whoever sends it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: Option<String>,
        count: Option<u16>,
    }

    #[test]
    fn a_query_is_read_strictly() {
        let wanted: Wanted = read("name=a%20b%2Bc&count=7").unwrap();
        assert_eq!((wanted.name.as_deref(), wanted.count), (Some("a b+c"), Some(7)));
        assert!(read::<Wanted>("").unwrap().name.is_none());
        for (query, problem) in [
            ("nmae=x", "unknown field `nmae`"),
            ("name=x&name=y", "duplicate field `name`"),
            ("count=-1", "invalid digit"),
            ("count=99999999999999999999", "number too large"),
            ("count=", "cannot parse integer from empty string"),
            ("name=%FF", "not UTF-8"),
            ("%C3%28=x", "not UTF-8"),
        ] {
            let error = read::<Wanted>(query).unwrap_err();
            assert_eq!(error.status(), 400, "{query}");
            assert!(error.to_string().contains(problem), "{query}: {error}");
        }
        assert_eq!(
            read::<Wanted>(&format!("name={}", "x".repeat(LONGEST)))
                .unwrap_err()
                .status(),
            400
        );
    }
}
