use cloudevents::{AttributesReader as _, EventBuilder as _, EventBuilderV10};
use proptest::prelude::*;

use super::*;

fn envelope() -> Envelope {
    Envelope {
        id: "Ev1".into(),
        source: "/slack/T1".into(),
        kind: "com.slack.app_mention".into(),
        time: DateTime::from_timestamp(1_763_800_000, 120_000_000),
        subject: Some("C1 \"ops\" 100% ✓".into()),
        datacontenttype: Some("application/json".into()),
        organization: Some("acme".into()),
        extensions: BTreeMap::from([("other".into(), "x".into())]),
        ..Envelope::default()
    }
}

#[test]
fn binary_mode_reads_back_and_leaves_the_payload_untouched() {
    let payload = Bytes::from_static(b"{\"a\" : 1}\n");
    let (read, data) = Envelope::read(&envelope().headers(), &payload).unwrap();
    assert_eq!(read, envelope());
    assert_eq!(data, payload);
}

#[test]
fn values_are_encoded_as_the_binding_says() {
    let headers = envelope().headers();
    assert_eq!(
        headers.get("ce-subject").unwrap().as_str(),
        "C1%20%22ops%22%20100%25%20%E2%9C%93"
    );
    assert_eq!(headers.get("ce-time").unwrap().as_str(), "2025-11-22T08:26:40.120Z");
    assert_eq!(headers.get("Nats-Msg-Id").unwrap().as_str(), "Ev1");
}

#[test]
fn headers_are_read_in_any_case() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("CE-SpecVersion", "1.0"),
        ("Ce-Id", "1"),
        ("cE-source", "/x"),
        ("CE-TYPE", "t"),
        ("ce-MyThing", "v"),
    ] {
        headers.insert(name, value);
    }
    let (read, _) = Envelope::read(&headers, &Bytes::new()).unwrap();
    assert_eq!(
        (read.id.as_str(), read.extensions.get("mything").map(String::as_str)),
        ("1", Some("v"))
    );
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let without = |name: &str| {
        let mut headers = HeaderMap::new();
        for (other, values) in envelope().headers().iter() {
            if !AsRef::<str>::as_ref(other).eq_ignore_ascii_case(name) {
                headers.insert(other.clone(), values[0].clone());
            }
        }
        headers
    };
    for (header, attribute) in [
        ("ce-id", "id"),
        ("ce-type", "type"),
        ("ce-source", "source"),
        ("ce-specversion", "specversion"),
    ] {
        let error = Envelope::read(&without(header), &Bytes::new()).unwrap_err();
        assert!(
            matches!(error, Error::Missing(name) if name == attribute),
            "{header}: {error}"
        );
    }
    let mut headers = envelope().headers();
    headers.insert("ce-specversion", "0.3");
    assert!(
        Envelope::read(&headers, &Bytes::new())
            .unwrap_err()
            .to_string()
            .contains("`0.3` is not 1.0")
    );
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-time", "yesterday");
    assert!(
        Envelope::read(&headers, &Bytes::new())
            .unwrap_err()
            .to_string()
            .contains("`time`")
    );
}

#[test]
fn the_cloudevents_sdk_writes_what_is_read_in_structured_mode() {
    let event = EventBuilderV10::new()
        .id("9")
        .source("/other")
        .ty("example")
        .subject("s")
        .extension("organizationid", "acme")
        .extension("anything", 7)
        .data("application/json", serde_json::json!({"a": 1}))
        .build()
        .unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/cloudevents+json; charset=utf-8");
    let payload = Bytes::from(serde_json::to_vec(&event).unwrap());
    let (read, data) = Envelope::read(&headers, &payload).unwrap();
    assert_eq!((read.id.as_str(), read.organization.as_deref()), ("9", Some("acme")));
    assert_eq!(read.extensions.get("anything").map(String::as_str), Some("7"));
    assert_eq!(data, Bytes::from_static(b"{\"a\":1}"));
    headers.insert("content-type", "application/cloudevents+json");
    assert!(matches!(
        Envelope::read(&headers, &Bytes::from_static(b"{")),
        Err(Error::Structured(_))
    ));
}

/// Conformance: the SDK reads the attributes that are written here, once they are in its own form.
#[test]
fn the_cloudevents_sdk_accepts_what_is_written() {
    let attributes = envelope();
    let json: serde_json::Map<String, serde_json::Value> = attributes
        .attributes()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into_owned().into()))
        .chain([
            ("specversion".to_owned(), "1.0".into()),
            ("data".to_owned(), serde_json::json!({"a": 1})),
        ])
        .collect();
    let event: cloudevents::Event = serde_json::from_value(json.into()).unwrap();
    assert_eq!(event.id(), "Ev1");
    assert_eq!(event.ty(), "com.slack.app_mention");
    assert_eq!(event.extension("organizationid").unwrap().to_string(), "acme");
    assert!(
        attributes
            .attributes()
            .iter()
            .all(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase()))
    );
}

proptest! {
    #[test]
    fn any_text_survives_a_header(id in "\\PC+|[\\r\\n\\t%\" ]+|.+", actor in proptest::option::of(".*")) {
        let written = Envelope { id, actor, source: "/x".into(), kind: "t".into(), ..Envelope::default() };
        let (read, _) = Envelope::read(&written.headers(), &Bytes::new()).unwrap();
        prop_assert_eq!(read, written);
    }
}
