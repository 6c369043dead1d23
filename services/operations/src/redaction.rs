//! Nothing that is shown has a secret in it: people write them into channels, commits and pull requests.
//!
//! Where the shapes come from: <https://api.slack.com/authentication/token-types>,
//! <https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github>,
//! <https://www.rfc-editor.org/rfc/rfc7519>, <https://www.rfc-editor.org/rfc/rfc7468>.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// Shapes that only secrets have.
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        r"xox[a-z]-[A-Za-z0-9-]{8,}",
        r"xapp-[A-Za-z0-9-]{8,}",
        r"xoxe\.[A-Za-z0-9-]{8,}",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+",
        r"gh[a-z]_[A-Za-z0-9]{16,}",
        r"github_pat_[A-Za-z0-9_]{16,}",
        r"glpat-[A-Za-z0-9_-]{16,}",
        r"(?:AKIA|ASIA)[A-Z0-9]{16}",
        r"sk[-_](?:live|test|ant|proj)?[-_]?[A-Za-z0-9_-]{20,}",
        r"whsec_[A-Za-z0-9+/=]{8,}",
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*)",
        r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/-]{16,}=*",
        r"(?i:\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)\s*[=:]\s*)[^\s,;&]{6,}",
        r"://[^\s/:@]+:[^\s/@]+@",
    ];
    // They are constants, which a test compiles.
    #[expect(clippy::expect_used, reason = "the shapes are constants that a test compiles")]
    Regex::new(&shapes.join("|")).expect("the shapes are regular expressions")
});

/// Keys of JSON objects whose text is a secret, whatever its shape.
const KEYS: [&str; 12] = [
    "access_token",
    "api_key",
    "authorization",
    "client_secret",
    "githubsignature",
    "password",
    "private_key",
    "refresh_token",
    "response_url",
    "secret",
    "token",
    "trigger_id",
];

/// `text` with everything in it that has the shape of a secret replaced.
pub fn redact(text: &str) -> Cow<'_, str> {
    SHAPES.replace_all(text, REDACTED)
}

/// As [`redact`], every text in `value`, and whatever stands under a key that names a secret.
pub fn redact_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = redact(text) {
                *text = redacted;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact_json),
        Value::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                let is_secret = KEYS.iter().any(|secret| key.eq_ignore_ascii_case(secret));
                match value {
                    Value::String(text) if is_secret && !text.is_empty() => REDACTED.clone_into(text),
                    _ => redact_json(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_any_shape_are_not_shown() {
        for secret in [
            "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy",
            "xapp-1-A0123-4567-abcdef0123456789",
            "https://hooks.slack.com/services/T000/B000/XXXXXXXX",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
            "github_pat_11ABCDEFG0abcdefghijklmnop",
            "AKIAIOSFODNN7EXAMPLE",
            "sk-ant-api03-abcdefghijklmnopqrstuvwxyz",
            "sk_live_abcdefghijklmnopqrstuvwx",
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLWhlcmU",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nMIIE and it was cut",
            "Authorization: Bearer abcdefghijklmnopqrstu",
            "postgres://app:hunter2@db:5432/app",
            "password=hunter2hunter2",
        ] {
            let text = format!("look: {secret} :)");
            let shown = redact(&text);
            assert!(shown.contains(REDACTED), "{shown}");
            let tail = &secret[secret.len() - 6..];
            assert!(!shown.contains(tail) || secret.starts_with("postgres"), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "what failed in acme/payments since monday?",
            "https://github.com/acme/payments/commit/6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04",
            "the password is wrong",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn a_key_that_names_a_secret_hides_what_stands_under_it() {
        let mut value =
            json!({ "token": "short", "nested": [{ "Client_Secret": "s", "text": "hi", "token": 7 }], "secret": "" });
        redact_json(&mut value);
        assert_eq!(
            value,
            json!({ "token": REDACTED, "nested": [{ "Client_Secret": REDACTED, "text": "hi", "token": 7 }], "secret": "" })
        );
    }
}
