//! `Idempotency-Key`: a write that is sent again is answered as the first time.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

use axum::{
    body::Body,
    extract::{OriginalUri, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request, uri::PathAndQuery},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use infragpt_nats::{Begun, IdempotencyKey, IdempotencyKeys, Recorded, Ticket};
use tracing::Instrument as _;

use super::{Admitted, Caller};
use crate::v1::Error;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key that is taken.
const LONGEST: usize = 255;

/// The key of a request, as its caller's own.
pub(super) fn key(headers: &HeaderMap, caller: &Caller) -> Result<Option<IdempotencyKey>, Error> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let chosen = value.to_str().unwrap_or_default();
    let is_graphic = chosen.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_graphic || !(1..=LONGEST).contains(&chosen.len()) || values.next().is_some() {
        return Err(Error::input(
            "`Idempotency-Key` has to come once, with 1 to 255 visible ASCII characters and no space.",
        ));
    }
    Ok(Some(IdempotencyKey::new(&caller.organization, &caller.user, chosen)))
}

/// All that makes a request the same request.
pub(super) fn fingerprint(parts: &request::Parts, body: &Bytes) -> Vec<u8> {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
    let conditions = |name| {
        let values = parts.headers.get_all(name).iter().map(HeaderValue::as_bytes);
        values.collect::<Vec<_>>().join(&b',')
    };
    [
        parts.method.as_str().as_bytes(),
        uri.path_and_query().map_or("", PathAndQuery::as_str).as_bytes(),
        &conditions(header::IF_MATCH),
        &conditions(header::IF_NONE_MATCH),
        body,
    ]
    .join(&b'\n')
}

/// Answers `request` of somebody admitted once, however often it is sent with `key`.
pub(super) async fn once(
    mut admitted: Admitted,
    key: &IdempotencyKey,
    fingerprint: &[u8],
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let (keys, clock) = (admitted.api.keys.clone(), admitted.api.clock);
    match keys.begin(key, fingerprint, clock()).await? {
        Begun::Fresh(ticket) => {
            admitted.command = Some(ticket.command().to_owned());
            request.extensions_mut().insert(admitted);
            let answer = answer(keys, ticket, clock, request, next);
            // Goes on when whoever sent it hangs up, so that they find the answer when they ask again.
            match tokio::spawn(answer.in_current_span()).await {
                Ok(answer) => answer,
                Err(ended) => match ended.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(stopped) => Err(Error::unavailable(stopped)),
                },
            }
        }
        Begun::Done(recorded) => replay(recorded),
        Begun::Running => Err(Error::Running),
        Begun::Other => Err(Error::KeyReused),
    }
}

/// Answers, and records the answer if something came of it: what was refused or failed is worth another try.
async fn answer(
    keys: IdempotencyKeys,
    ticket: Ticket,
    clock: fn() -> chrono::DateTime<chrono::Utc>,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let (parts, body) = next.run(request).await.into_parts();
    let body = body.collect().await.map_err(Error::internal)?.to_bytes();
    let ended = if parts.status.is_success() {
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        let recorded = Recorded {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        keys.finish(ticket, recorded, clock()).await
    } else {
        keys.abandon(ticket, clock()).await
    };
    if let Err(error) = ended {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "An answer is not kept for its idempotency key"
        );
    }
    Ok(Response::from_parts(parts, body.into()))
}

fn replay(recorded: Recorded) -> Result<Response, Error> {
    let mut response = Response::new(Body::from(recorded.body));
    *response.status_mut() = StatusCode::from_u16(recorded.status).map_err(Error::internal)?;
    for (name, value) in recorded.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
