//! Takes credentials out of payloads before they reach a stream.

use bytes::Bytes;

/// Overwrites the string values of `secret` keys with `*`, at any depth, in place and of the same length, and names the keys
/// that it found.
///
/// This looks at bytes, not at a tree: in JSON, a quoted word that is followed by a colon is a key, and a quote inside of a
/// string is always preceded by a backslash.
pub fn redact<'key>(mut json: Vec<u8>, secret: &[&'key str]) -> (Bytes, Vec<&'key str>) {
    let mut redacted = Vec::new();
    let mut position = 0;
    while let Some(offset) = json[position..].iter().position(|byte| *byte == b'"') {
        let quote = position + offset;
        position = quote + 1;
        let Some((key, value)) = secret_value(&json, quote, secret) else {
            continue;
        };
        let end = string_end(&json, value);
        json[value..end].fill(b'*');
        if !redacted.contains(&key) {
            redacted.push(key);
        }
        position = (end + 1).min(json.len());
    }
    (json.into(), redacted)
}

/// If a secret key starts at `quote` and its value is a string: the key, and where the string's content starts.
fn secret_value<'key>(json: &[u8], quote: usize, secret: &[&'key str]) -> Option<(&'key str, usize)> {
    if quote > 0 && json[quote - 1] == b'\\' {
        return None;
    }
    let rest = &json[quote + 1..];
    let key = secret
        .iter()
        .copied()
        .find(|key| rest.starts_with(key.as_bytes()) && rest.get(key.len()) == Some(&b'"'))?;
    let colon = skip_whitespace(json, quote + key.len() + 2);
    if json.get(colon) != Some(&b':') {
        return None;
    }
    let value = skip_whitespace(json, colon + 1);
    (json.get(value) == Some(&b'"')).then_some((key, value + 1))
}

fn skip_whitespace(json: &[u8], from: usize) -> usize {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    from + json.get(from..).unwrap_or_default().iter().take_while(blank).count()
}

/// Where the string that started before `from` ends: its closing quote, or the end of the input.
fn string_end(json: &[u8], from: usize) -> usize {
    let mut index = from;
    while index < json.len() {
        match json[index] {
            b'\\' => index += 2,
            b'"' => return index,
            _ => index += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const SECRET: [&str; 3] = ["token", "response_url", "bot_access_token"];

    fn redacted(json: &str) -> (String, Vec<&'static str>) {
        let (bytes, keys) = redact(json.as_bytes().to_vec(), &SECRET);
        (String::from_utf8(bytes.to_vec()).unwrap(), keys)
    }

    #[test]
    fn values_of_secret_keys_are_overwritten_at_any_depth() {
        let (json, keys) = redacted(r#"{"token":"abc","a":{"response_url" : "https://x/\"y"},"b":[{"token":"q"}]}"#);
        assert_eq!(
            json,
            r#"{"token":"***","a":{"response_url" : "*************"},"b":[{"token":"*"}]}"#
        );
        assert_eq!(keys, ["token", "response_url"]);
    }

    #[test]
    fn nothing_else_is_touched() {
        for json in [
            r#"{"tokens":{"bot":["U1"]},"text":"the \"token\": \"abc\"","token":null,"a":"token"}"#,
            r#"{"x\"token":"kept"}"#,
            r#"["token","abc"]"#,
            "token=abc",
            "",
        ] {
            assert_eq!(redacted(json), (json.to_owned(), vec![]));
        }
    }

    #[test]
    fn a_value_that_never_ends_is_overwritten_to_the_end() {
        assert_eq!(redacted(r#"{"token":"abc\"#).0, r#"{"token":"****"#);
    }

    proptest! {
        #[test]
        fn a_secret_never_survives_and_the_rest_always_does(secret in "[a-z]{12,20}", text in ".*", key in 0..SECRET.len()) {
            let before = json!({"text": text, SECRET[key]: format!("{secret}\"\\"), "after": {"text": text}});
            let (after, keys) = redact(before.to_string().into_bytes(), &SECRET);
            let after: Value = serde_json::from_slice(&after).unwrap();
            prop_assert_eq!(keys, vec![SECRET[key]]);
            prop_assert_eq!(&after["text"], &before["text"]);
            prop_assert_eq!(&after["after"], &before["after"]);
            prop_assert!(!after[SECRET[key]].to_string().contains(&secret));
        }

        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(redact(bytes.clone(), &SECRET).0.len(), bytes.len());
        }
    }
}
