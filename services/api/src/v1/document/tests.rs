use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::v1;

fn document() -> Value {
    serde_json::to_value(v1::document()).unwrap()
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path.clone(), method.clone(), operation))
        })
        .collect()
}

#[test]
fn the_document_is_the_one_in_the_repository() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = document();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&file, format!("{}\n", serde_json::to_string_pretty(&document).unwrap())).unwrap();
    }
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(
        kept, document,
        "UPDATE_OPENAPI=1 cargo nextest run -p infragpt-api writes it anew"
    );
}

#[test]
fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.contains("#/components/responses/NotFound"));
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[test]
fn every_operation_says_what_can_be_wrong_and_who_may() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let at = format!("{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        let has = |status: &str| responses.contains_key(status);
        for status in ["400", "401", "403", "429", "500", "503"] {
            assert!(has(status), "{at} lacks {status}");
        }
        assert!(has("404") || !path.contains('{'), "{at} lacks 404");
        let writes = method != "get";
        assert_eq!(writes, has("413") && has("422") && has("409"), "{at}");
        assert_eq!(operation.get("requestBody").is_some(), has("415"), "{at}");
        assert!(operation["x-permission"]["name"].is_string(), "{at}");
        assert!(
            operation["summary"].is_string() && operation["tags"][0].is_string(),
            "{at}"
        );
        for (status, response) in responses {
            let described = response.get("$ref").is_some() || response["description"].is_string();
            assert!(described, "{at} {status}");
        }
    }
}
