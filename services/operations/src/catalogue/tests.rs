//! What is told is what is written, and the files under `docs/events` say it.

use std::{collections::BTreeSet, fs, path::Path};

use infragpt_events::catalogue;
use serde_json::Value;

use super::*;

/// `UPDATE_EVENTS=1` writes the files.
fn compare(name: &str, told: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/events")
        .join(name);
    if std::env::var_os("UPDATE_EVENTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, told).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let line = written
        .lines()
        .zip(told.lines())
        .position(|(written, told)| written != told);
    assert!(
        written == told,
        "docs/events/{name} is not what the code says (line {}): `make events` renews it",
        line.unwrap_or_default() + 1
    );
}

#[test]
fn the_page_is_what_the_code_says() {
    compare("README.md", &markdown());
}

#[test]
fn the_document_is_what_the_code_says() {
    compare("asyncapi.json", &format!("{:#}\n", asyncapi()));
}

#[test]
fn every_event_is_told_with_its_place() {
    let page = markdown();
    let document = asyncapi();
    for description in catalogue::all() {
        let identifier = description.identifier();
        assert!(page.contains(&format!("\n### {identifier}\n")), "{identifier}");
        let message = &document["components"]["messages"][&identifier];
        assert_eq!(message["name"], description.kind(), "{identifier}");
        let channel = &document["channels"][format!("{}.{}", description.aggregate, description.name)];
        assert!(
            channel["messages"][&identifier].is_object(),
            "{identifier} has no channel"
        );
    }
    let identifiers: BTreeSet<String> = catalogue::all()
        .iter()
        .map(catalogue::Description::identifier)
        .collect();
    assert_eq!(identifiers.len(), catalogue::all().len());
}

#[test]
fn who_writes_and_reads_is_found() {
    let entries = entries();
    let one = |name: &str| entries.iter().find(|entry| entry.channel() == name).unwrap();
    let readers =
        |entry: &Entry| -> Vec<String> { entry.read_by.iter().map(|reader| reader.consumer.clone()).collect() };

    let asked = one("conversation.answer_requested");
    assert_eq!(
        asked.subject,
        "events.conversation.{organization}.{id}.answer_requested"
    );
    assert_eq!(
        (asked.stream.as_str(), &asked.appended_by[..]),
        ("EVENTS", &["handlers".to_owned()][..])
    );
    assert_eq!(readers(asked), ["conversations", "projections"]);

    let stored = one("credential.stored");
    assert_eq!(
        (stored.stream.as_str(), &stored.appended_by[..]),
        ("CREDENTIALS", &["integrations".to_owned()][..])
    );
    assert_eq!(readers(stored), [""; 0]);

    let deleted = one("user.deleted");
    assert_eq!(deleted.subject, "events.user.-.{id}.deleted");
    assert_eq!(readers(deleted), ["erasures", "projections"]);
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(target) if name == "$ref" => found.push(target),
                        other => walk(other, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let document = asyncapi();
    let mut references = Vec::new();
    walk(&document, &mut references);
    assert!(references.len() > 300, "{}", references.len());
    for reference in references {
        let target = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(target).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn channels_and_operations_are_whole() {
    let document = asyncapi();
    let channels = document["channels"].as_object().unwrap();
    for (name, channel) in channels {
        // Whoever asks names the inbox.
        let Some(address) = channel["address"].as_str() else {
            assert_eq!(name, "reply");
            continue;
        };
        let named: BTreeSet<&str> = address
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
            .collect();
        let told: BTreeSet<&str> = channel["parameters"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(named, told, "the parameters of {name}");
        assert!(
            !channel["messages"].as_object().unwrap().is_empty(),
            "{name} has no message"
        );
    }
    for (name, operation) in document["operations"].as_object().unwrap() {
        let (role, channel) = match operation["action"].as_str().unwrap() {
            "send" => name.split_once(".send.").unwrap(),
            "receive" => name.split_once(".receive.").unwrap(),
            other => panic!("{name}: {other}"),
        };
        assert!(!role.is_empty(), "{name}");
        assert_eq!(operation["channel"]["$ref"], format!("#/channels/{channel}"), "{name}");
        let message = operation["messages"][0]["$ref"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("#/channels/{channel}/messages/")),
            "{name}"
        );
    }
}

#[test]
fn the_text_does_not_depend_on_the_order_of_keys() {
    fn in_order(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.keys().is_sorted() && fields.values().all(in_order),
            Value::Array(values) => values.iter().all(in_order),
            _ => true,
        }
    }
    assert!(in_order(&asyncapi()));
}
