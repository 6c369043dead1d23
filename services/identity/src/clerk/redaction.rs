//! Takes what opens an account out of Clerk's payloads before they reach a stream.
//!
//! Clerk tells of every mail and message that it sends, with the one-time code or the link in it; of invitations, with the ticket
//! that accepts them; and of sessions and external accounts, sometimes with tokens.

use bytes::Bytes;
use infragpt_connectors::redaction::redact;
use serde_json::Value;

/// The keys whose string values are overwritten in every payload, at any depth. What a person or an organization looks
/// like has longer names, such as `image_url`.
const SECRET_KEYS: [&str; 16] = [
    "url",
    "token",
    "ticket",
    "jwt",
    "secret",
    "client_secret",
    "password",
    "code",
    "otp_code",
    "nonce",
    "access_token",
    "refresh_token",
    "id_token",
    "magic_link",
    "action_url",
    "external_verification_redirect_url",
];

/// What is overwritten as well where nobody can say what it is.
const MESSAGE_KEYS: [&str; 4] = ["body", "body_plain", "subject", "message"];

/// What is kept of a message that was sent; whatever else it has may hold its code.
const KEPT_OF_MESSAGES: [&str; 8] = [
    "id",
    "object",
    "slug",
    "status",
    "user_id",
    "organization_id",
    "email_address_id",
    "phone_number_id",
];

/// Overwrites the secrets of a webhook of the type `kind` with `*`, and names what it overwrote. A payload without any stays
/// as it came, byte for byte.
pub(super) fn redacted(kind: Option<&str>, body: &Bytes) -> (Bytes, Vec<&'static str>) {
    match kind {
        Some(kind) if kind.starts_with("email.") || kind.starts_with("sms.") => (without_message(body), vec!["data"]),
        Some(_) => overwritten(body, &SECRET_KEYS),
        None => overwritten(body, &[&SECRET_KEYS[..], &MESSAGE_KEYS[..]].concat()),
    }
}

fn overwritten(body: &Bytes, keys: &[&'static str]) -> (Bytes, Vec<&'static str>) {
    let (overwritten, found) = redact(body.to_vec(), keys);
    if found.is_empty() {
        (body.clone(), found)
    } else {
        (overwritten, found)
    }
}

/// A message that was sent, without anything that it says.
fn without_message(body: &[u8]) -> Bytes {
    let Ok(mut event) = serde_json::from_slice::<Value>(body) else {
        return overwrite_all(body);
    };
    match &mut event["data"] {
        Value::Object(data) => {
            for (key, value) in data.iter_mut() {
                if !KEPT_OF_MESSAGES.contains(&key.as_str()) {
                    blank(value);
                }
            }
        }
        data => blank(data),
    }
    event.to_string().into()
}

fn overwrite_all(body: &[u8]) -> Bytes {
    vec![b'*'; body.len()].into()
}

fn blank(value: &mut Value) {
    match value {
        Value::String(text) => *text = "*".repeat(text.len()),
        Value::Number(_) => *value = 0.into(),
        Value::Array(values) => values.iter_mut().for_each(blank),
        Value::Object(fields) => fields.values_mut().for_each(blank),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(kind: &str, data: &Value) -> (Value, Vec<&'static str>) {
        let body = json!({"type": kind, "object": "event", "data": data}).to_string();
        let (bytes, names) = redacted(Some(kind), &body.into());
        (serde_json::from_slice(&bytes).unwrap(), names)
    }

    #[test]
    fn of_a_mail_only_whose_it_is_stays() {
        let (event, names) = read(
            "email.created",
            &json!({
                "id": "ema_1", "object": "email", "slug": "verification_code", "user_id": "user_1", "email_address_id": "idn_1",
                "subject": "424242 is your verification code", "body": "<p>424242</p>", "body_plain": "424242",
                "to_email_address": "maya@acme.example", "delivered_by_clerk": true,
                "data": {"otp_code": 424_242, "codes": ["424242"], "app": {"name": "Acme", "link": "https://a/?ticket=424242"}},
            }),
        );
        assert!(!event.to_string().contains("424242"), "{event}");
        assert!(!event.to_string().contains("maya@"), "{event}");
        assert_eq!(event["type"], "email.created");
        assert_eq!(event["data"]["slug"], "verification_code");
        assert_eq!(event["data"]["user_id"], "user_1");
        assert_eq!(names, ["data"]);
    }

    #[test]
    fn of_a_text_message_only_whose_it_is_stays() {
        let (event, _) = read(
            "sms.created",
            &json!({
                "id": "sms_1", "message": "424242 is your code", "to_phone_number": "+15555550100", "phone_number_id": "idn_2",
                "data": {"otp_code": "424242"},
            }),
        );
        assert!(!event.to_string().contains("424242"), "{event}");
        assert_eq!(event["data"]["phone_number_id"], "idn_2");
        let (odd, _) = read("sms.created", &json!("424242"));
        assert!(!odd.to_string().contains("424242"), "{odd}");
    }

    #[test]
    fn a_ticket_of_an_invitation_does_not_stay() {
        for kind in ["organizationInvitation.created", "invitation.created", "of.tomorrow"] {
            let (event, names) = read(
                kind,
                &json!({"id": "orginv_1", "url": "https://clerk.acme.example/v1/tickets/accept?ticket=eyJ", "organization_id": "org_1"}),
            );
            assert!(!event.to_string().contains("eyJ"), "{event}");
            assert_eq!(event["data"]["organization_id"], "org_1");
            assert_eq!(names, ["url"]);
        }
    }

    #[test]
    fn what_has_no_secret_stays_byte_for_byte() {
        let body =
            r#"{ "type":"user.updated",  "data":{"id":"user_1","image_url":"https://img.clerk.com/1","nonce":null} }"#;
        let (bytes, names) = redacted(Some("user.updated"), &body.into());
        assert_eq!((&bytes[..], names), (body.as_bytes(), vec![]));
    }

    #[test]
    fn nothing_of_what_nobody_can_read_is_trusted() {
        let (bytes, names) = redacted(None, &r#"{"data":{"body":"424242","otp_code":"424242"#.into());
        assert!(!bytes.windows(6).any(|window| window == b"424242"));
        assert_eq!(names, ["body", "otp_code"]);
        assert_eq!(&without_message(b"424242 is no object")[..], b"*******************");
    }

    proptest! {
        #[test]
        fn nothing_that_a_message_says_survives(secret in "[a-z]{12,20}", key in "[a-z_]{1,12}", depth in 0..4_usize) {
            prop_assume!(!KEPT_OF_MESSAGES.contains(&key.as_str()));
            let mut value = json!([secret]);
            for _ in 0..depth {
                value = json!({ key.clone(): value });
            }
            let data = json!({ key: value });
            let (event, _) = read("email.created", &data);
            prop_assert!(!event.to_string().contains(&secret));
        }
    }
}
