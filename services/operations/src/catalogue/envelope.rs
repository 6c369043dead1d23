//! What stands in a message's headers, for people and for machines.

use serde_json::{Map, Value, json};

/// An attribute of the CloudEvents envelope: its name, its format where it has one, and what it says.
pub(super) type Attribute = (&'static str, Option<&'static str>, &'static str);

/// Those that every message has.
pub(super) const REQUIRED: [Attribute; 4] = [
    ("specversion", None, "The version of CloudEvents: `1.0`."),
    (
        "id",
        None,
        "Its identity, the same as `Nats-Msg-Id`. A UUIDv5 of what caused it, for events.",
    ),
    ("source", Some("uri-reference"), "Where it happened."),
    (
        "type",
        None,
        "What happened, with the version of the payload's shape for events.",
    ),
];

/// Those that a message may have, besides extensions of its connector.
pub(super) const OPTIONAL: [Attribute; 10] = [
    (
        "time",
        Some("date-time"),
        "When it happened. When it was stored is the stream's own time.",
    ),
    ("subject", None, "What it happened to."),
    ("datacontenttype", None, "The media type of the payload."),
    ("organizationid", None, "Whose it is."),
    (
        "correlationid",
        None,
        "The id of the fact that the whole case goes back to.",
    ),
    ("causationid", None, "The id of what it follows from."),
    ("actor", None, "Who did it."),
    ("traceparent", None, "The W3C trace context."),
    (
        "clientaddress",
        None,
        "The network address of whoever asked for it, where somebody did.",
    ),
    ("requestid", None, "The HTTP request that asked for it, where one did."),
];

/// The headers that a dead letter has besides those of the message that it was.
pub(super) const DEAD: [(&str, &str); 5] = [
    ("Infragpt-Dead-Stream", "The stream that the original stands in."),
    ("Infragpt-Dead-Sequence", "Where it stands there."),
    ("Infragpt-Dead-Consumer", "Who could not handle it."),
    ("Infragpt-Dead-Reason", "Why."),
    ("Infragpt-Dead-Attempts", "How often it was tried, or delivered."),
];

/// The JSON Schema of a CloudEvent's headers in binary mode.
pub(super) fn schema() -> Value {
    let mut properties = Map::new();
    for (name, format, about) in REQUIRED.into_iter().chain(OPTIONAL) {
        let mut property = json!({ "type": "string", "description": about });
        if let Some(format) = format {
            property["format"] = format.into();
        }
        properties.insert(format!("ce-{name}"), property);
    }
    properties["ce-specversion"]["const"] = "1.0".into();
    let id =
        json!({ "type": "string", "description": "The same as `ce-id`: a stream takes it once within its window." });
    properties.insert("Nats-Msg-Id".to_owned(), id);
    let required: Vec<String> = REQUIRED.iter().map(|(name, ..)| format!("ce-{name}")).collect();
    json!({
        "type": "object",
        "description": "The attributes of a CloudEvent in binary mode, percent-encoded as the NATS binding says.",
        "properties": properties,
        "required": required,
    })
}

/// The JSON Schema of what a dead letter says besides.
pub(super) fn dead_schema() -> Value {
    let properties: Map<String, Value> = DEAD
        .iter()
        .map(|(name, about)| ((*name).to_owned(), json!({ "type": "string", "description": about })))
        .collect();
    json!({ "type": "object", "properties": properties, "required": DEAD.map(|(name, _)| name) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use infragpt_nats::Envelope;

    use super::*;

    #[test]
    fn every_attribute_that_is_written_is_told() {
        let some = Some("x".to_owned());
        let envelope = Envelope {
            id: "x".to_owned(),
            source: "x".to_owned(),
            kind: "x".to_owned(),
            time: Some(chrono::DateTime::UNIX_EPOCH),
            subject: some.clone(),
            datacontenttype: some.clone(),
            organization: some.clone(),
            correlation: some.clone(),
            causation: some.clone(),
            actor: some.clone(),
            traceparent: some.clone(),
            client_address: some.clone(),
            request: some,
            extensions: std::collections::BTreeMap::new(),
        };
        let mut written: BTreeSet<&str> = envelope.attributes().into_iter().map(|(name, _)| name).collect();
        written.insert("specversion");
        let told = REQUIRED.iter().chain(&OPTIONAL).map(|(name, ..)| *name).collect();
        assert_eq!(written, told);
    }
}
