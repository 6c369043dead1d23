//! What was appended against what would be.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::redaction::redact_json;

/// The fact that was replayed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// Its stream.
    pub stream: String,
    /// Its place there.
    pub sequence: u64,
    /// Its identifier.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its subject.
    pub subject: String,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
}

/// An event that was appended, or would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Appended {
    /// Its place in EVENTS, if it was appended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Its identifier.
    pub id: Uuid,
    /// Its subject.
    pub subject: String,
    /// Its payload in today's shape, without secrets.
    pub data: Value,
}

impl Appended {
    /// `<aggregate>.<event>`.
    pub fn name(&self) -> String {
        let tokens: Vec<&str> = self.subject.split('.').collect();
        match tokens[..] {
            [_, aggregate, .., name] => format!("{aggregate}.{name}"),
            _ => self.subject.clone(),
        }
    }
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It was appended, and would not be.
    OnlyRecorded {
        /// What.
        event: Appended,
    },
    /// It was not appended, and would be.
    OnlyReplayed {
        /// What.
        event: Appended,
    },
    /// It says something else in one place.
    Payload {
        /// What, as it was appended.
        event: Appended,
        /// Where, as a JSON pointer.
        path: String,
        /// What stands there in the log.
        recorded: Value,
        /// What would stand there.
        replayed: Value,
    },
    /// It can't be handled by this build, and could be then.
    Fails {
        /// Why.
        reason: String,
    },
    /// It is a dead letter, and this build can handle it.
    NoLongerDead {
        /// The letter's place in DEAD_LETTERS.
        letter: u64,
    },
}

/// A fact of which this build makes something else.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The fact.
    pub fact: Fact,
    /// What is different.
    pub changes: Vec<Change>,
}

/// What differs between events of one fact. Events are the same by identifier, or else by subject.
pub(super) fn compare(recorded: Vec<Appended>, replayed: Vec<Appended>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut replayed: Vec<Option<Appended>> = replayed.into_iter().map(Some).collect();
    let mut take = |is_it: &dyn Fn(&Appended) -> bool| {
        let found = replayed.iter_mut().find(|event| event.as_ref().is_some_and(is_it));
        found.and_then(Option::take)
    };
    for event in recorded {
        let by_id = take(&|other| other.id == event.id);
        let counterpart = by_id.or_else(|| take(&|other| other.subject == event.subject));
        match counterpart {
            Some(other) => {
                let mut places = Vec::new();
                differences(String::new(), &event.data, &other.data, &mut places);
                changes.extend(places.into_iter().map(|(path, was, is)| {
                    let (mut recorded, mut replayed) = (was, is);
                    redact_json(&mut recorded);
                    redact_json(&mut replayed);
                    Change::Payload {
                        event: shown(event.clone()),
                        path,
                        recorded,
                        replayed,
                    }
                }));
            }
            None => changes.push(Change::OnlyRecorded { event: shown(event) }),
        }
    }
    let new = replayed.into_iter().flatten();
    changes.extend(new.map(|event| Change::OnlyReplayed { event: shown(event) }));
    changes
}

fn shown(mut event: Appended) -> Appended {
    redact_json(&mut event.data);
    event
}

fn differences(path: String, was: &Value, is: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let mut keys: Vec<&String> = was.keys().chain(is.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let (was, is) = (was.get(key), is.get(key));
                let inner = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                differences(inner, was.unwrap_or(&Value::Null), is.unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                differences(format!("{path}/{index}"), was, is, found);
            }
        }
        _ if was == is => {}
        _ => found.push((path, was.clone(), is.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: u128, name: &str, data: Value) -> Appended {
        Appended {
            sequence: None,
            id: Uuid::from_u128(id),
            subject: format!("events.change.acme.{}.{name}", Uuid::from_u128(9)),
            data,
        }
    }

    #[test]
    fn the_same_is_no_difference() {
        let events = || vec![event(1, "recorded", json!({ "a": 1, "b": null }))];
        assert_eq!(compare(events(), events()), []);
        let without_null = vec![event(1, "recorded", json!({ "a": 1 }))];
        assert_eq!(compare(events(), without_null), []);
    }

    #[test]
    fn each_difference_is_named_with_its_place() {
        let recorded = vec![
            event(
                1,
                "recorded",
                json!({ "title": "x", "details": [{ "a": 1 }], "k/e": 1 }),
            ),
            event(2, "gone", json!({})),
        ];
        let replayed = vec![
            event(
                3,
                "recorded",
                json!({ "title": "y", "details": [{ "a": 2 }], "k/e": 2, "new": true }),
            ),
            event(4, "added", json!({ "token": "xoxb-1234567890-abcdef" })),
        ];
        let changes = compare(recorded, replayed);
        let said: Vec<String> = changes
            .iter()
            .map(|change| match change {
                Change::Payload {
                    path,
                    recorded,
                    replayed,
                    ..
                } => format!("{path}: {recorded} → {replayed}"),
                Change::OnlyRecorded { event } => format!("- {}", event.name()),
                Change::OnlyReplayed { event } => format!("+ {} {}", event.name(), event.data),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            said,
            [
                "/details/0/a: 1 → 2",
                "/k~1e: 1 → 2",
                "/new: null → true",
                "/title: \"x\" → \"y\"",
                "- change.gone",
                "+ change.added {\"token\":\"[redacted]\"}",
            ]
        );
    }
}
