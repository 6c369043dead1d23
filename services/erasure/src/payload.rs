//! Whether a stored payload is about somebody.

use serde_json::Value;

/// Whether a payload has `identifier` as a value anywhere. One that is no JSON has it if the bytes are in it.
pub(crate) fn has(identifier: &str, payload: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(payload) {
        Ok(value) => is_in(identifier, &value),
        Err(_) => payload
            .windows(identifier.len().max(1))
            .any(|window| window == identifier.as_bytes()),
    }
}

fn is_in(identifier: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text == identifier,
        Value::Array(values) => values.iter().any(|value| is_in(identifier, value)),
        Value::Object(fields) => fields.values().any(|value| is_in(identifier, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_person_is_found_wherever_they_are_named_and_nobody_else_is() {
        let is_named = |value: Value| has("user_1", value.to_string().as_bytes());
        assert!(is_named(json!({ "data": { "id": "user_1" } })));
        assert!(is_named(
            json!({ "data": { "public_user_data": { "user_id": "user_1" } } })
        ));
        assert!(is_named(json!({ "data": [{ "created_by": "user_1" }] })));
        assert!(!is_named(
            json!({ "data": { "id": "user_12", "text": "about user_1" }, "user_1": 1 })
        ));
        // The same letters, written another way.
        assert!(has("user_1", br#"{ "id": "us\u0065r_1" }"#));
        assert!(has("user_1", b"no JSON, and yet user_1"));
        assert!(!has("user_1", b"no JSON"));
        assert!(!has("user_1", b""));
    }
}
