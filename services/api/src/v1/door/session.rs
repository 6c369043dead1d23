//! Where a request's session is: `Authorization: Bearer`, or the cookie that Clerk sets.

use axum::http::{HeaderMap, header};
use infragpt_identity::session;

use crate::v1::Error;

/// The cookie that Clerk's pages set.
const COOKIE: &str = "__session";

/// A session token as a request has it, not verified yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Presented<'request> {
    pub token: &'request str,
    /// Whether the browser added it by itself, as it does for any page that makes it send a request.
    pub by_itself: bool,
}

/// The token of a request. Two that differ are refused rather than one of them chosen.
pub(super) fn find(headers: &HeaderMap) -> Result<Presented<'_>, Error> {
    let in_header = bearer(headers)?;
    let in_cookie = cookie(headers)?;
    let token = match (in_header, in_cookie) {
        (Some(one), Some(other)) if one != other => return Err(Error::TwoSessions),
        (one, other) => one.or(other).ok_or(Error::NoSession)?,
    };
    Ok(Presented {
        token,
        by_itself: in_header.is_none(),
    })
}

/// <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::TwoSessions);
    }
    let malformed = Error::BadSession(session::Error::Malformed);
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(|| malformed.clone())?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(malformed);
    }
    Ok(Some(token))
}

/// The session cookie's value. A browser sends several of one name when they were set for several paths.
fn cookie(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut found = None;
    let lines = headers.get_all(header::COOKIE).iter();
    for pair in lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
    {
        let Some((COOKIE, token)) = pair.trim().split_once('=') else {
            continue;
        };
        if token.is_empty() {
            continue;
        }
        if found.is_some_and(|found| found != token) {
            return Err(Error::TwoSessions);
        }
        found = Some(token);
    }
    Ok(found)
}

/// The token of the cookie, for pages that people come back to: there, whoever has none goes on without.
pub(crate) fn of_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[(&str, &str)]) -> Result<(String, bool), u16> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        find(&headers)
            .map(|presented| (presented.token.to_owned(), presented.by_itself))
            .map_err(|error| error.status().as_u16())
    }

    #[test]
    fn a_token_comes_in_a_header_or_in_a_cookie() {
        let by_hand = Ok(("t.1".to_owned(), false));
        let by_itself = Ok(("t.1".to_owned(), true));
        assert_eq!(found(&[("authorization", "Bearer t.1")]), by_hand);
        assert_eq!(found(&[("authorization", "bearer  t.1")]), by_hand);
        assert_eq!(found(&[("cookie", "a=b; __session=t.1; c=d")]), by_itself);
        assert_eq!(found(&[("cookie", "a=b"), ("cookie", "__session=t.1")]), by_itself);
        assert_eq!(found(&[("cookie", "__session=t.1; __session=t.1")]), by_itself);
        assert_eq!(
            found(&[("authorization", "Bearer t.1"), ("cookie", "__session=t.1")]),
            by_hand,
            "no page of others makes a browser send this header"
        );
    }

    #[test]
    fn none_or_two_are_refused() {
        for lines in [
            &[][..],
            &[("cookie", "__session=")],
            &[("cookie", "__session_x=t.1; x__session=t.1")],
            &[("authorization", "Basic dDox")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer t.1"), ("authorization", "Bearer t.1")],
            &[("authorization", "Bearer t.1"), ("cookie", "__session=t.2")],
            &[("cookie", "__session=t.1; __session=t.2")],
        ] {
            assert_eq!(found(lines), Err(401), "{lines:?}");
        }
    }
}
