//! A stored event in the shape that this build would write it in, so that two builds' events can be compared.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use infragpt_events::{
    DomainEvent, action::ActionEvent, audit::AuditEvent, change::ChangeEvent, channel::ChannelEvent,
    conversation::ConversationEvent, integration::IntegrationEvent, organization::OrganizationEvent,
    policy::PolicyEvent, user::UserEvent,
};
use infragpt_nats::{DecodeFailure, Received, decode_event};
use serde_json::Value;

/// The payload of a domain event in today's shape; nothing where it is none.
///
/// # Errors
/// When this build can't read it.
pub(super) fn payload(received: &Received) -> Option<Result<Value, DecodeFailure>> {
    fn read<E: DomainEvent>(received: &Received) -> Result<Value, DecodeFailure> {
        decode_event::<E>(received).map(|decoded| decoded.event.payload())
    }
    if received.token(0) != Some("events") {
        return None;
    }
    Some(match received.token(1)? {
        OrganizationEvent::AGGREGATE => read::<OrganizationEvent>(received),
        UserEvent::AGGREGATE => read::<UserEvent>(received),
        IntegrationEvent::AGGREGATE => read::<IntegrationEvent>(received),
        ChangeEvent::AGGREGATE => read::<ChangeEvent>(received),
        ConversationEvent::AGGREGATE => read::<ConversationEvent>(received),
        ChannelEvent::AGGREGATE => read::<ChannelEvent>(received),
        PolicyEvent::AGGREGATE => read::<PolicyEvent>(received),
        ActionEvent::AGGREGATE => read::<ActionEvent>(received),
        AuditEvent::AGGREGATE => read::<AuditEvent>(received),
        _ => return None,
    })
}

/// What two equal payloads have in common, in whatever order their keys stand.
pub(super) fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(entries) => {
            let mut keys: Vec<&String> = entries.keys().collect();
            keys.sort_unstable();
            (0_u8, keys.len()).hash(hasher);
            for key in keys {
                key.hash(hasher);
                feed(&entries[key], hasher);
            }
        }
        Value::Array(values) => {
            (1_u8, values.len()).hash(hasher);
            for value in values {
                feed(value, hasher);
            }
        }
        Value::String(text) => (2_u8, text).hash(hasher),
        Value::Number(number) => (3_u8, number.to_string()).hash(hasher),
        Value::Bool(value) => (4_u8, value).hash(hasher),
        Value::Null => 5_u8.hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_count_and_all_else_does() {
        let digests = [
            json!({ "a": 1, "b": [1, 2] }),
            json!({ "a": 1, "b": [2, 1] }),
            json!({ "a": "1", "b": [1, 2] }),
            json!({ "a": 1 }),
            json!([]),
            json!({}),
            json!(null),
            json!(false),
        ]
        .map(|value| digest(&value));
        for (index, one) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(one), "{index}");
        }
        assert_eq!(digests[0], digest(&json!({ "b": [1, 2], "a": 1 })));
    }
}
