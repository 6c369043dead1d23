//! Values from events in the form that PostgreSQL can hold. An event is stored for ever and may hold anything that JSON
//! can; a table can't, and must not stop the projector for it.

use chrono::{DateTime, Datelike, SubsecRound as _, TimeZone, Utc};
use serde_json::Value;
use uuid::Uuid;

/// The most bytes of an indexed text: a B-tree entry has at most 2704
/// (<https://www.postgresql.org/docs/15/btree-implementation.html>).
const MAXIMUM_KEY: usize = 512;

/// Text without U+0000, which PostgreSQL can't store
/// (<https://www.postgresql.org/docs/15/datatype-character.html>).
pub(crate) fn text(value: &str) -> String {
    if value.contains('\0') {
        value.replace('\0', "\u{fffd}")
    } else {
        value.to_owned()
    }
}

/// As [`text`], where there is one.
pub(crate) fn optional(value: Option<&str>) -> Option<String> {
    value.map(text)
}

/// Texts as one JSON array, because PostgreSQL can't unnest an array of arrays of different lengths.
pub(crate) fn list(values: &[String]) -> Value {
    values.iter().map(|value| text(value)).collect()
}

/// JSON without U+0000, which no text of a `jsonb` may hold either
/// (<https://www.postgresql.org/docs/15/datatype-json.html>).
pub(crate) fn json(value: &Value) -> Value {
    match value {
        Value::String(string) => text(string).into(),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (text(name), json(member)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Text for an indexed column: an over-long one is cut, and stays distinct by the hash of the whole.
pub(crate) fn key(value: &str) -> String {
    if value.len() <= MAXIMUM_KEY {
        return text(value);
    }
    let end = (0..=MAXIMUM_KEY - 48)
        .rev()
        .find(|&end| value.is_char_boundary(end))
        .unwrap_or(0);
    let whole = Uuid::new_v5(&Uuid::NAMESPACE_OID, value.as_bytes());
    format!("{}…{whole}", text(&value[..end]))
}

/// A time within the years 1 to 9999, which every reader of the tables can show, to the microsecond.
pub(crate) fn time(value: DateTime<Utc>) -> DateTime<Utc> {
    let value = value.trunc_subsecs(6);
    match value.year() {
        ..1 => Utc.timestamp_opt(-62_135_596_800, 0).single().unwrap_or(value),
        1..=9999 => value,
        10_000.. => Utc.timestamp_opt(253_402_300_799, 0).single().unwrap_or(value),
    }
}

/// A stream's sequence as a column; no stream gets past 2^63.
pub(crate) fn sequence(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_loses_only_what_postgresql_cannot_hold() {
        assert_eq!(text("a\0b"), "a\u{fffd}b");
        assert_eq!(text("ä\n"), "ä\n");
        assert_eq!(list(&["x\0".to_owned()]), serde_json::json!(["x\u{fffd}"]));
    }

    #[test]
    fn json_loses_no_more() {
        let value = serde_json::json!({ "a\0": ["\0", 1.5, null, { "b": "\0" }] });
        let kept = serde_json::json!({ "a\u{fffd}": ["\u{fffd}", 1.5, null, { "b": "\u{fffd}" }] });
        assert_eq!(json(&value), kept);
    }

    #[test]
    fn long_keys_are_cut_and_stay_distinct() {
        let one = key(&format!("{}1", "ü".repeat(2000)));
        let two = key(&format!("{}2", "ü".repeat(2000)));
        assert!(one.len() <= MAXIMUM_KEY, "{}", one.len());
        assert_ne!(one, two);
        assert_eq!(key("short"), "short");
    }

    #[test]
    fn times_that_tables_cannot_hold_are_clamped() {
        assert_eq!(time(DateTime::<Utc>::MIN_UTC).to_rfc3339(), "0001-01-01T00:00:00+00:00");
        assert_eq!(time(DateTime::<Utc>::MAX_UTC).to_rfc3339(), "9999-12-31T23:59:59+00:00");
    }
}
