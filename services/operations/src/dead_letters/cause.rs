//! Letters with the same cause are one finding.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Utc};
use regex::Regex;
use serde::Serialize;

use super::Summary;

/// Letters that one consumer could not handle for the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The stream that the messages stand in.
    pub stream: String,
    /// The consumer.
    pub consumer: String,
    /// The reason without what is different from one letter to the next.
    pub cause: String,
    /// How many there are.
    pub count: u64,
    /// When the first became one.
    pub first_at: DateTime<Utc>,
    /// When the last became one.
    pub last_at: DateTime<Utc>,
    /// The place of the last.
    pub example: String,
}

/// What is different from one letter to the next of the same cause: identifiers, times and numbers.
static VARYING: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        r"\b[0-9a-f]{12,}\b",
        r"\b[A-Z]+[0-9][A-Z0-9]{6,}\b",
        r"[0-9]+(?:[.:T-][0-9]+)*Z?",
    ];
    #[expect(clippy::expect_used, reason = "the shapes are constants that a test compiles")]
    Regex::new(&shapes.join("|")).expect("the shapes are regular expressions")
});

/// `reason` with `…` in the place of identifiers, times and numbers.
pub fn cause(reason: &str) -> String {
    VARYING.replace_all(reason, "…").into_owned()
}

/// The groups of `letters`, the largest first.
pub fn group(letters: &[Summary]) -> Vec<Group> {
    let mut groups: BTreeMap<(&str, &str, String), Group> = BTreeMap::new();
    for letter in letters {
        let cause = cause(&letter.reason);
        groups
            .entry((&letter.stream, &letter.consumer, cause.clone()))
            .and_modify(|group| {
                group.count += 1;
                group.last_at = letter.stored_at;
                group.example = letter.place();
            })
            .or_insert_with(|| Group {
                stream: letter.stream.clone(),
                consumer: letter.consumer.clone(),
                cause,
                count: 1,
                first_at: letter.stored_at,
                last_at: letter.stored_at,
                example: letter.place(),
            });
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_identifiers_and_numbers_have_one_cause() {
        for (reason, expected) in [
            (
                "invalid type: integer `7`, expected a string at line 1 column 42",
                "invalid type: integer `…`, expected a string at line … column …",
            ),
            ("user U0MAYA123 of 4f6c1f8e-9f0a-4c58-9d3b-0a8ad8b2f4a1", "user … of …"),
            ("commit 0123456789abcdef has no tree", "commit … has no tree"),
            ("too late at 2026-11-22T03:04:05Z", "too late at …"),
            ("missing field `installation`", "missing field `installation`"),
        ] {
            assert_eq!(cause(reason), expected);
        }
    }

    #[test]
    fn the_largest_group_comes_first_and_names_its_newest_letter() {
        let letter = |sequence: u32, reason: &str| Summary {
            sequence: sequence.into(),
            stored_at: DateTime::UNIX_EPOCH + chrono::Duration::seconds(sequence.into()),
            stream: "RAW_GITHUB".into(),
            original: 7,
            subject: "raw.github.42.push.-".into(),
            consumer: "github_handler".into(),
            id: None,
            correlation: None,
            kind: None,
            organization: None,
            reason: reason.into(),
            attempts: 1,
        };
        let groups = group(&[letter(1, "no tree"), letter(2, "column 3"), letter(4, "column 44")]);
        let told: Vec<_> = groups
            .iter()
            .map(|group| (group.cause.as_str(), group.count, group.example.as_str()))
            .collect();
        assert_eq!(
            told,
            [("column …", 2, "DEAD_LETTERS#4"), ("no tree", 1, "DEAD_LETTERS#1")]
        );
        assert_eq!(groups[0].first_at.timestamp(), 2);
        assert_eq!(groups[0].last_at.timestamp(), 4);
    }
}
