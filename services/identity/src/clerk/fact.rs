//! What Clerk's webhooks are stored as.

use std::{collections::BTreeMap, net::IpAddr};

use bytes::Bytes;
use chrono::DateTime;
use infragpt_connectors::{Fact, text::Text};
use infragpt_nats::{Envelope, RawSubject};
use serde::Deserialize;

use super::{redaction::redacted, verification::Signed};
use crate::identifier::is_identifier;

/// Longer than the name of any event, short enough for a header.
const LONGEST_TYPE: usize = 128;

/// Reads a verified webhook. The payload stays byte for byte, so that its signature can be verified again, unless it holds a
/// secret. One that can't be read is a fact too: its handler dead-letters it with the reason.
pub fn delivery(signed: Signed<'_>, body: &Bytes) -> Fact {
    let head = Head::read(body);
    let kind = head.kind();
    let organization = head.organization().map(str::to_owned);
    let instance = head.instance_id.as_deref().filter(|id| is_identifier(id));
    let mut extensions = BTreeMap::from([
        ("svixtimestamp".to_owned(), signed.timestamp.to_owned()),
        ("svixsignature".to_owned(), signed.signature.to_owned()),
    ]);
    let subject = RawSubject::clerk(organization.as_deref(), kind.unwrap_or("malformed"));
    let mut envelope = Envelope {
        id: signed.id.to_owned(),
        source: format!("/clerk/{}", instance.unwrap_or("-")),
        kind: format!("dev.clerk.{}", kind.unwrap_or("malformed")),
        time: head.timestamp.and_then(DateTime::from_timestamp_millis),
        subject: head.about().map(str::to_owned),
        datacontenttype: Some("application/json".to_owned()),
        organization: organization.filter(|id| is_identifier(id)),
        correlation: Some(signed.id.to_owned()),
        client_address: head.address().map(|address| address.to_string()),
        ..Envelope::default()
    };
    let (payload, names) = redacted(kind, body);
    if !names.is_empty() {
        extensions.insert("redacted".to_owned(), names.join(" "));
    }
    envelope.extensions = extensions;
    Fact {
        subject,
        envelope,
        payload,
    }
}

/// What every event has, and where it says whose it is.
#[derive(Default, Deserialize)]
struct Head<'json> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'json>>,
    #[serde(borrow, default)]
    instance_id: Option<Text<'json>>,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(borrow, default)]
    data: Option<Whose<'json>>,
    #[serde(borrow, default)]
    event_attributes: Option<Attributes<'json>>,
}

#[derive(Deserialize)]
struct Whose<'json> {
    #[serde(borrow)]
    id: Option<Text<'json>>,
    #[serde(borrow)]
    user_id: Option<Text<'json>>,
    #[serde(borrow)]
    organization_id: Option<Text<'json>>,
    #[serde(borrow)]
    organization: Option<Named<'json>>,
    #[serde(borrow)]
    public_user_data: Option<PublicUserData<'json>>,
}

#[derive(Deserialize)]
struct Named<'json> {
    #[serde(borrow)]
    id: Option<Text<'json>>,
}

#[derive(Deserialize)]
struct PublicUserData<'json> {
    #[serde(borrow)]
    user_id: Option<Text<'json>>,
}

#[derive(Deserialize)]
struct Attributes<'json> {
    #[serde(borrow)]
    http_request: Option<HttpRequest<'json>>,
}

#[derive(Deserialize)]
struct HttpRequest<'json> {
    #[serde(borrow)]
    client_ip: Option<Text<'json>>,
}

impl<'json> Head<'json> {
    /// As much of it as can be read: an event of tomorrow may have something else in the same place.
    fn read(body: &'json [u8]) -> Self {
        #[derive(Deserialize)]
        struct OnlyType<'json> {
            #[serde(borrow, rename = "type")]
            kind: Option<Text<'json>>,
        }
        serde_json::from_slice(body).unwrap_or_else(|_| Self {
            kind: serde_json::from_slice::<OnlyType<'_>>(body)
                .ok()
                .and_then(|only| only.kind),
            ..Self::default()
        })
    }

    fn kind(&self) -> Option<&str> {
        let is_word =
            |kind: &&str| (1..=LONGEST_TYPE).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_graphic());
        self.kind.as_deref().filter(is_word)
    }

    fn is_about(&self, what: &str) -> bool {
        self.kind().and_then(|kind| kind.split('.').next()) == Some(what)
    }

    /// The organization that it belongs to.
    fn organization(&self) -> Option<&str> {
        let data = self.data.as_ref()?;
        if self.is_about("organization") {
            return data.id.as_deref();
        }
        let named = data
            .organization
            .as_ref()
            .and_then(|organization| organization.id.as_deref());
        named.or(data.organization_id.as_deref())
    }

    /// Whom it is about, or else which organization.
    fn about(&self) -> Option<&str> {
        let data = self.data.as_ref()?;
        let person = if self.is_about("user") {
            data.id.as_deref()
        } else {
            let public = data
                .public_user_data
                .as_ref()
                .and_then(|public| public.user_id.as_deref());
            public.or(data.user_id.as_deref())
        };
        person.or_else(|| self.organization()).filter(|id| is_identifier(id))
    }

    /// Where the request came from that changed something at Clerk.
    fn address(&self) -> Option<IpAddr> {
        let request = self.event_attributes.as_ref()?.http_request.as_ref()?;
        request.client_ip.as_deref()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SIGNED: Signed<'static> = Signed {
        id: "msg_1",
        timestamp: "1614265330",
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,x",
    };

    fn stored(kind: &str, data: &Value) -> Fact {
        let event = json!({
            "data": data, "object": "event", "type": kind, "timestamp": 1_614_265_330_123_i64, "instance_id": "ins_1",
            "event_attributes": {"http_request": {"client_ip": "203.0.113.7", "user_agent": "x"}},
        });
        delivery(SIGNED, &event.to_string().into())
    }

    #[test]
    fn an_organization_s_fact_is_stored_under_it_as_it_came() {
        let body = br#"{"type":"organization.created",  "data":{"id":"org_1","name":"Acme"}}"#;
        let fact = delivery(SIGNED, &Bytes::from_static(body));
        assert_eq!(fact.subject.to_string(), "raw.clerk.org_1.organization_created");
        assert_eq!(fact.envelope.kind, "dev.clerk.organization.created");
        assert_eq!(fact.envelope.id, "msg_1");
        assert_eq!(fact.envelope.subject.as_deref(), Some("org_1"));
        assert_eq!(fact.envelope.organization.as_deref(), Some("org_1"));
        assert_eq!(fact.envelope.extensions["svixtimestamp"], SIGNED.timestamp);
        assert_eq!(fact.envelope.extensions["svixsignature"], SIGNED.signature);
        assert_eq!(fact.payload, &body[..]);
        assert!(!fact.envelope.extensions.contains_key("redacted"));
    }

    #[test]
    fn a_fact_says_whose_it_is_when_and_from_where() {
        let fact = stored("user.deleted", &json!({"id": "user_1", "deleted": true}));
        assert_eq!(fact.subject.to_string(), "raw.clerk.-.user_deleted");
        assert_eq!(fact.envelope.subject.as_deref(), Some("user_1"));
        assert_eq!(fact.envelope.organization, None);
        assert_eq!(fact.envelope.source, "/clerk/ins_1");
        assert_eq!(fact.envelope.client_address.as_deref(), Some("203.0.113.7"));
        assert_eq!(fact.envelope.time.unwrap().timestamp_millis(), 1_614_265_330_123);
    }

    #[test]
    fn each_kind_of_fact_has_its_place() {
        let membership = json!({
            "id": "orgmem_1", "organization": {"id": "org_1"}, "public_user_data": {"user_id": "user_1"},
        });
        for (kind, data, subject, about) in [
            (
                "organizationMembership.created",
                membership,
                "raw.clerk.org_1.organizationMembership_created",
                Some("user_1"),
            ),
            (
                "organizationInvitation.created",
                json!({"id": "orginv_1", "organization_id": "org_1"}),
                "raw.clerk.org_1.organizationInvitation_created",
                Some("org_1"),
            ),
            (
                "session.ended",
                json!({"id": "sess_1", "user_id": "user_1"}),
                "raw.clerk.-.session_ended",
                Some("user_1"),
            ),
            (
                "of.tomorrow",
                json!({"organization": "x"}),
                "raw.clerk.-.of_tomorrow",
                None,
            ),
            ("of.tomorrow", json!([1]), "raw.clerk.-.of_tomorrow", None),
            (
                "organization.deleted",
                json!({"id": "org.>"}),
                "raw.clerk.org=2E=3E.organization_deleted",
                None,
            ),
        ] {
            let fact = stored(kind, &data);
            assert_eq!(fact.subject.as_str(), subject);
            assert_eq!(fact.envelope.subject.as_deref(), about, "{kind} {data}");
            assert_eq!(fact.envelope.kind, format!("dev.clerk.{kind}"));
        }
    }

    #[test]
    fn what_can_not_be_read_is_stored() {
        let long = json!({"type": "x".repeat(129)}).to_string();
        for body in ["", "not json", "[]", "{}", r#"{"type":7}"#, r#"{"type":"a b"}"#, &long] {
            let fact = delivery(SIGNED, &Bytes::copy_from_slice(body.as_bytes()));
            assert_eq!(fact.subject.as_str(), "raw.clerk.-.malformed", "{body}");
            assert_eq!(fact.envelope.kind, "dev.clerk.malformed");
            assert_eq!(fact.payload, body.as_bytes());
        }
    }

    #[test]
    fn what_was_overwritten_is_said() {
        let fact = stored("email.created", &json!({"user_id": "user_1", "body": "424242"}));
        assert_eq!(fact.envelope.extensions["redacted"], "data");
        assert!(!fact.payload.windows(6).any(|window| window == b"424242"));
    }
}
