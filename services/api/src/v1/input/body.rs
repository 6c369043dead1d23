//! A request's body: JSON, read strictly.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::v1::Error;

/// A body that has to be there.
#[derive(Debug)]
pub(crate) struct Json<T>(pub T);

/// A body that says nothing where it is absent.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub T);

/// No body: one that is sent would be ignored, and whoever sends it means something by it.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (headers, body) = bytes(request, state).await?;
        if body.is_empty() {
            return Err(Error::input("The body is missing: send JSON."));
        }
        parse(&headers, &body).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (headers, body) = bytes(request, state).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&headers, &body).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (_, body) = bytes(request, state).await?;
        if body.is_empty() {
            Ok(Self)
        } else {
            Err(Error::input("This takes no body."))
        }
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<(HeaderMap, Bytes), Error> {
    let headers = request.headers().clone();
    let body = Bytes::from_request(request, state).await;
    Ok((headers, body.map_err(|_| Error::input("The body broke off."))?))
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Error> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return Err(Error::MediaType);
    }
    // An array would be taken for an object's values in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::input("The body has to be a JSON object."));
    }
    serde_json::from_slice(body).map_err(|error| Error::input(format!("The body can't be read: {error}.")))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[serde(default)]
        name: String,
    }

    fn request(kind: Option<&str>, body: &'static str) -> Request {
        let mut request = Request::new(Body::from(body));
        if let Some(kind) = kind {
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        request
    }

    #[tokio::test]
    async fn a_body_is_json_and_nothing_else() {
        let read = async |kind, body| {
            let read = Json::<Wanted>::from_request(request(kind, body), &()).await;
            read.map(|Json(wanted)| wanted.name)
                .map_err(|error| error.status().as_u16())
        };
        let json = Some("application/json");
        assert_eq!(read(json, r#"{"name":"a"}"#).await, Ok("a".to_owned()));
        assert_eq!(
            read(Some("Application/JSON; charset=utf-8"), "{}").await,
            Ok(String::new())
        );
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("application/jsonp"),
        ] {
            assert_eq!(read(kind, "{}").await, Err(415), "{kind:?}");
        }
        for body in [
            "",
            "{",
            "[]",
            "null",
            r#"{"nmae":"a"}"#,
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":7}"#,
            "{} {}",
        ] {
            assert_eq!(read(json, body).await, Err(400), "{body}");
        }
    }

    #[tokio::test]
    async fn an_absent_body_is_one_that_says_nothing_where_that_is_enough() {
        let absent = OptionalJson::<Wanted>::from_request(request(None, ""), &())
            .await
            .unwrap();
        assert_eq!(absent.0, Wanted::default());
        let wrong = OptionalJson::<Wanted>::from_request(request(None, "{}"), &())
            .await
            .unwrap_err();
        assert_eq!(wrong.status(), 415);
        assert!(NoBody::from_request(request(None, ""), &()).await.is_ok());
        let ignored = NoBody::from_request(request(None, "{}"), &()).await.unwrap_err();
        assert_eq!(ignored.status(), 400);
    }
}
