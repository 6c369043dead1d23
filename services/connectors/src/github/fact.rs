//! What GitHub's deliveries are stored as. The hot path: it reads two fields and builds no tree.

use std::{borrow::Cow, collections::BTreeMap};

use axum::http::HeaderMap;
use bytes::Bytes;
use infragpt_nats::{Envelope, RawSubject};
use serde::Deserialize;

use crate::{
    Fact,
    problem::{header, is_content_type},
    text::Text,
};

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Longer than any event name or GUID of GitHub, short enough for a header.
const LONGEST: usize = 128;

/// A verified request that isn't a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `X-GitHub-Event` is missing or unusable.
    #[error("X-GitHub-Event is missing or isn't the name of an event")]
    Event,
    /// `X-GitHub-Delivery` is missing or unusable.
    #[error("X-GitHub-Delivery is missing or isn't an identifier")]
    Delivery,
    /// Neither of the two content types that a webhook can be configured with.
    #[error("a delivery is application/json or application/x-www-form-urlencoded")]
    ContentType,
}

/// Reads a verified delivery. The payload stays byte for byte, so that its signature can be verified again;
/// one that isn't JSON is a fact too: its handler dead-letters it with the reason.
///
/// # Errors
/// When the headers don't say what it is.
pub fn delivery(headers: &HeaderMap, signature: &str, body: Bytes) -> Result<Fact, Error> {
    let event = word(headers, "x-github-event").ok_or(Error::Event)?;
    let delivery = word(headers, "x-github-delivery").ok_or(Error::Delivery)?;
    let (datacontenttype, head) = if is_content_type(headers, JSON) {
        (JSON, serde_json::from_slice::<Head>(&body).ok())
    } else if is_content_type(headers, FORM) {
        (
            FORM,
            form_payload(&body).and_then(|json| Some(serde_json::from_str::<Head>(&json).ok()?.into_owned())),
        )
    } else {
        return Err(Error::ContentType);
    };
    let head = head.unwrap_or_default();
    let installation = head.installation.map(|installation| installation.id);
    let action = head.action.as_deref();
    let kind = action.map_or_else(
        || format!("com.github.{event}"),
        |action| format!("com.github.{event}.{action}"),
    );
    let envelope = Envelope {
        id: delivery.to_owned(),
        source: installation.map_or_else(|| "/github/app".to_owned(), |id| format!("/github/{id}")),
        kind,
        datacontenttype: Some(datacontenttype.to_owned()),
        correlation: Some(delivery.to_owned()),
        extensions: BTreeMap::from([("githubsignature".to_owned(), signature.to_owned())]),
        ..Envelope::default()
    };
    let subject = RawSubject::github(installation, event, action);
    Ok(Fact {
        subject,
        envelope,
        payload: body,
    })
}

/// The JSON of a stored delivery, whichever content type the webhook is configured with.
pub(super) fn json<'a>(datacontenttype: Option<&str>, payload: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    if datacontenttype == Some(FORM) {
        form_payload(payload).map(|json| Cow::Owned(json.into_bytes()))
    } else {
        Some(Cow::Borrowed(payload))
    }
}

fn form_payload(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Form {
        payload: String,
    }
    serde_urlencoded::from_bytes::<Form>(body).ok().map(|form| form.payload)
}

fn word<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = header(headers, name)?;
    let usable = (1..=LONGEST).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then_some(value)
}

#[derive(Default, Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    action: Option<Text<'a>>,
    installation: Option<InstallationHead>,
}

#[derive(Clone, Copy, Deserialize)]
struct InstallationHead {
    id: u64,
}

impl Head<'_> {
    fn into_owned(self) -> Head<'static> {
        Head {
            action: self.action.map(|action| Text(Cow::Owned(action.0.into_owned()))),
            installation: self.installation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn complete(content_type: &str) -> HeaderMap {
        headers(&[
            ("x-github-event", "pull_request"),
            ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("content-type", content_type),
        ])
    }

    const MERGED: &[u8] = include_bytes!("fixtures/pull_request.closed.json");

    #[test]
    fn a_delivery_is_stored_byte_for_byte_by_its_guid() {
        let fact = delivery(&complete(JSON), "sha256=00", Bytes::from_static(MERGED)).unwrap();
        assert_eq!(fact.subject.to_string(), "raw.github.42000001.pull_request.closed");
        assert_eq!(fact.envelope.id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
        assert_eq!(fact.envelope.source, "/github/42000001");
        assert_eq!(fact.envelope.kind, "com.github.pull_request.closed");
        assert_eq!(fact.envelope.extensions["githubsignature"], "sha256=00");
        assert_eq!(&fact.payload[..], MERGED);
    }

    #[test]
    fn a_form_stays_a_form_and_is_understood() {
        let form = serde_urlencoded::to_string([("payload", std::str::from_utf8(MERGED).unwrap())]).unwrap();
        let fact = delivery(
            &complete("application/x-www-form-urlencoded; charset=utf-8"),
            "sha256=00",
            form.clone().into(),
        )
        .unwrap();
        assert_eq!(fact.subject.to_string(), "raw.github.42000001.pull_request.closed");
        assert_eq!(fact.envelope.datacontenttype.as_deref(), Some(FORM));
        assert_eq!(fact.payload, form.as_bytes());
        assert_eq!(json(Some(FORM), &fact.payload).unwrap(), MERGED);
    }

    #[test]
    fn a_delivery_without_installation_or_action_belongs_to_the_app() {
        let headers = headers(&[
            ("x-github-event", "ping"),
            ("x-github-delivery", "g-1"),
            ("content-type", JSON),
        ]);
        let fact = delivery(
            &headers,
            "",
            Bytes::from_static(br#"{"zen":"Keep it logically awesome.","hook_id":1}"#),
        )
        .unwrap();
        assert_eq!(fact.subject.to_string(), "raw.github.app.ping.-");
        assert_eq!(fact.envelope.kind, "com.github.ping");
    }

    #[test]
    fn malformed_json_is_stored() {
        for body in [&b"{\"action\":"[..], b"", b"\xff"] {
            let fact = delivery(&complete(JSON), "", Bytes::copy_from_slice(body)).unwrap();
            assert_eq!(fact.subject.to_string(), "raw.github.app.pull_request.-");
            assert_eq!(fact.payload, body);
        }
    }

    #[test]
    fn what_does_not_say_what_it_is_is_refused() {
        let body = Bytes::from_static(b"{}");
        for (missing, expected) in [
            ("x-github-event", Error::Event),
            ("x-github-delivery", Error::Delivery),
            ("content-type", Error::ContentType),
        ] {
            let mut headers = complete(JSON);
            headers.remove(missing);
            assert_eq!(delivery(&headers, "", body.clone()), Err(expected));
        }
        assert_eq!(delivery(&complete("text/plain"), "", body), Err(Error::ContentType));
    }
}
