//! What was written must be readable for ever: frozen payloads of every version, and schemas that don't change.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use infragpt_events::{
    DecodeError, DomainEvent, action::ActionEvent, audit::AuditEvent, catalogue, change::ChangeEvent,
    channel::ChannelEvent, conversation::ConversationEvent, credential::CredentialEvent, integration::IntegrationEvent,
    organization::OrganizationEvent, policy::PolicyEvent, user::UserEvent,
};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// `<aggregate>.<name>.v<version>` of every JSON file in `directory`.
fn identifiers(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect()
}

fn decode(identifier: &str, payload: &[u8]) -> Result<serde_json::Value, DecodeError> {
    let [aggregate, name, version] = identifier.split('.').collect::<Vec<_>>()[..] else {
        panic!("{identifier}")
    };
    let version = version.strip_prefix('v').unwrap().parse().unwrap();
    match aggregate {
        "integration" => IntegrationEvent::decode(name, version, payload).map(|event| event.payload()),
        "change" => ChangeEvent::decode(name, version, payload).map(|event| event.payload()),
        "conversation" => ConversationEvent::decode(name, version, payload).map(|event| event.payload()),
        "credential" => CredentialEvent::decode(name, version, payload).map(|event| event.payload()),
        "organization" => OrganizationEvent::decode(name, version, payload).map(|event| event.payload()),
        "user" => UserEvent::decode(name, version, payload).map(|event| event.payload()),
        "action" => ActionEvent::decode(name, version, payload).map(|event| event.payload()),
        "channel" => ChannelEvent::decode(name, version, payload).map(|event| event.payload()),
        "policy" => PolicyEvent::decode(name, version, payload).map(|event| event.payload()),
        "audit" => AuditEvent::decode(name, version, payload).map(|event| event.payload()),
        other => panic!("no aggregate `{other}`"),
    }
}

#[test]
fn every_version_ever_written_loads() {
    let fixtures = directory("tests/fixtures");
    let frozen = identifiers(&fixtures);
    for identifier in &frozen {
        let payload = fs::read(fixtures.join(format!("{identifier}.json"))).unwrap();
        let decoded = decode(identifier, &payload).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(decoded, written, "{identifier} reads back differently");
    }
    for description in catalogue::all() {
        assert!(
            frozen.contains(&description.identifier()),
            "freeze a fixture of {}",
            description.identifier()
        );
    }
}

/// `UPDATE_SCHEMAS=1` writes the schema of a new event; a released one never changes, it gets the next version.
#[test]
fn released_schemas_do_not_change() {
    let schemas = directory("schemas");
    let update = std::env::var_os("UPDATE_SCHEMAS").is_some();
    for description in catalogue::all() {
        let path = schemas.join(format!("{}.json", description.identifier()));
        let generated = format!("{}\n", serde_json::to_string_pretty(&description.schema).unwrap());
        if update && !path.exists() {
            fs::write(&path, &generated).unwrap();
        }
        let released: serde_json::Value = serde_json::from_slice(
            &fs::read(&path)
                .unwrap_or_else(|_| panic!("no schema of {}: run with UPDATE_SCHEMAS=1", description.identifier())),
        )
        .unwrap();
        assert_eq!(
            serde_json::to_value(&description.schema).unwrap(),
            released,
            "{} changed: give it the next version instead",
            description.identifier()
        );
    }
}

#[test]
fn an_event_of_a_newer_build_is_named() {
    let error = ChangeEvent::decode("recorded", 2, b"{}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`change.recorded` has version 2, and this build reads up to 1: upgrade it"
    );
    let error = ChangeEvent::decode("undone", 1, b"{}").unwrap_err();
    assert_eq!(error.to_string(), "this build knows no `change` event named `undone`");
    let error = ChangeEvent::decode("recorded", 1, b"{}").unwrap_err();
    assert!(matches!(error, DecodeError::Payload { .. }));
}
