//! The same as an AsyncAPI 3 document. <https://www.asyncapi.com/docs/reference/specification/v3.0.0>

use serde_json::{Map, Value, json};

use super::{
    entry::{Entry, Reader, entries, readers, stream},
    envelope,
    fact::{Facts, SENDERS},
    markdown::wildcards,
    permission::Users,
    service::{ENDPOINTS, Endpoint},
};

/// The document. Its keys are in order, so that the same build always makes the same text.
pub fn asyncapi() -> Value {
    let mut parts = Parts::default();
    let users = Users::embedded();
    for entry in entries() {
        parts.event(&entry);
    }
    for facts in &SENDERS {
        parts.facts(facts, &users);
    }
    parts.dead_letters(&users);
    parts.replies();
    for endpoint in ENDPOINTS {
        parts.request(&endpoint, &users);
    }
    parts.schemas.insert("envelope".to_owned(), envelope::schema());
    parts.schemas.insert("dead-letter".to_owned(), envelope::dead_schema());
    sorted(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "InfraGPT",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every fact and event that InfraGPT keeps in NATS JetStream, and what its roles ask each other. An \
                operation is what one role does; each role has a NATS user of its own, which may do nothing else.",
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "defaultContentType": "application/json",
        "servers": { "nats": {
            "host": "127.0.0.1:4222",
            "protocol": "nats",
            "description": "nats-server with JetStream, as `nats/server.conf` configures it.",
            "security": [{ "$ref": "#/components/securitySchemes/user" }],
        } },
        "channels": parts.channels,
        "operations": parts.operations,
        "components": {
            "messages": parts.messages,
            "schemas": parts.schemas,
            "securitySchemes": { "user": {
                "type": "userPassword",
                "description": "One user for each role, and `operator` for people.",
            } },
        },
    }))
}

/// What the document is put together from.
#[derive(Debug, Default)]
struct Parts {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Parts {
    fn event(&mut self, entry: &Entry) {
        let event = &entry.event;
        let identifier = event.identifier();
        let mut parameters = json!({ "id": { "description": format!("Which {}.", event.aggregate) } });
        if entry.subject.contains("{organization}") {
            parameters["organization"] = json!({ "description": "Whose it is." });
        }
        let example: Value = serde_json::from_str(event.example)
            .unwrap_or_else(|error| unreachable!("a frozen payload of this build: {error}"));
        let message = json!({
            "name": event.kind(),
            "title": event.name.replace('_', " "),
            "summary": event.meaning,
            "contentType": "application/json",
            "headers": headers(&json!({ "const": event.kind() })),
            "correlationId": { "location": "$message.header#/ce-correlationid" },
            "payload": reference("schemas", &identifier),
            "examples": [{ "payload": example }],
        });
        let schema = event.schema.as_value().clone();
        self.schemas.insert(identifier.clone(), placed(schema, &identifier));
        let channel = Channel {
            name: entry.channel(),
            address: entry.subject.clone(),
            about: format!("{} Kept in {}.", event.meaning, entry.stream),
            parameters,
        };
        self.channel(channel, identifier, message, &entry.appended_by, &entry.read_by);
    }

    fn facts(&mut self, facts: &Facts, users: &Users) {
        let pattern = wildcards(facts.subject);
        let stream = stream(&pattern);
        let parameters: Map<String, Value> = facts
            .parameters
            .iter()
            .map(|(name, about)| {
                let mut parameter = json!({ "description": about });
                if *name == facts.word_parameter() {
                    parameter["examples"] = facts.tokens().into();
                }
                ((*name).to_owned(), parameter)
            })
            .collect();
        let message = json!({
            "name": format!("{}*", facts.prefix),
            "title": format!("A fact of {}", facts.title),
            "summary": format!("What {} said, {}.", facts.title, facts.payload),
            "headers": headers(&json!({ "pattern": format!("^{}", facts.prefix.replace('.', "\\.")) })),
            "correlationId": { "location": "$message.header#/ce-correlationid" },
            "payload": { "description": format!("See {}", facts.reference) },
            "externalDocs": { "url": facts.reference },
        });
        let channel = Channel {
            name: format!("raw.{}", facts.name),
            address: facts.subject.to_owned(),
            about: format!("What {} says. Kept in {stream}.", facts.title),
            parameters: parameters.into(),
        };
        let publishers = users.publishers(&pattern);
        let identifier = channel.name.clone();
        self.channel(channel, identifier, message, &publishers, &readers(&stream, &pattern));
    }

    fn dead_letters(&mut self, users: &Users) {
        let message = json!({
            "name": "dead letter",
            "title": "A dead letter",
            "summary": "A message as it was, and why it could not be handled.",
            "headers": { "allOf": [reference("schemas", "envelope"), reference("schemas", "dead-letter")] },
            "payload": { "description": "The payload of the message that could not be handled." },
        });
        let channel = Channel {
            name: "dead".to_owned(),
            address: "dead.{stream}.{consumer}.{subject}".to_owned(),
            about: "What could not be handled. Kept in DEAD_LETTERS.".to_owned(),
            parameters: json!({
                "stream": { "description": "The stream that the original stands in." },
                "consumer": { "description": "Who could not handle it." },
                "subject": { "description": "The original's subject, with its dots." },
            }),
        };
        self.channel(channel, "dead".to_owned(), message, &users.publishers("dead.>"), &[]);
    }

    /// Where replies go.
    fn replies(&mut self) {
        let message = json!({
            "name": "reply",
            "title": "A reply",
            "summary": "JSON, or one of several frames; a refusal says why in its headers.",
            "headers": {
                "type": "object",
                "properties": {
                    "Infragpt-Frame": { "type": "string", "description": "What a frame is, where an answer has several." },
                    "Nats-Service-Error": { "type": "string", "description": "Why it is refused, in a sentence." },
                    "Nats-Service-Error-Code": { "type": "string", "description": "In the manner of HTTP status codes." },
                },
            },
            "payload": { "description": "What was asked for." },
        });
        let channel = json!({
            "address": null,
            "description": "The inbox that a request names for its reply.",
            "messages": { "reply": reference("messages", "reply") },
        });
        self.messages.insert("reply".to_owned(), message);
        self.channels.insert("reply".to_owned(), channel);
    }

    fn request(&mut self, endpoint: &Endpoint, users: &Users) {
        let tokens = endpoint.subject.split('.').filter(|token| !token.starts_with('{'));
        let name = tokens.collect::<Vec<_>>().join(".");
        let parameters = if name == endpoint.subject {
            json!({})
        } else {
            json!({
                "stream": { "description": "The stream that the message stands in." },
                "consumer": { "description": "Whose role is to handle it." },
            })
        };
        let message = json!({
            "name": name,
            "title": name,
            "summary": endpoint.about,
            "contentType": "application/json",
            "payload": { "type": "object", "description": "What is asked, in JSON." },
        });
        let channel = Channel {
            name: name.clone(),
            address: endpoint.subject.to_owned(),
            about: endpoint.about.to_owned(),
            parameters,
        };
        let servers: Vec<Reader> = endpoint.served_by(users).into_iter().map(Reader::of).collect();
        let operations = self.channel(channel, name, message, &endpoint.asked_by(users), &servers);
        for operation in operations {
            let Some(operation) = self.operations.get_mut(&operation) else {
                continue;
            };
            operation["reply"] = json!({
                "channel": { "$ref": "#/channels/reply" },
                "messages": [{ "$ref": "#/channels/reply/messages/reply" }],
            });
            if operation["action"] == "receive" {
                operation["bindings"] = json!({ "nats": { "queue": "q" } });
            }
        }
    }

    /// Puts a channel there with its message and operations, and returns the operations' names.
    fn channel(
        &mut self,
        channel: Channel,
        identifier: String,
        message: Value,
        publishers: &[String],
        readers: &[Reader],
    ) -> Vec<String> {
        let Channel {
            name,
            address,
            about,
            parameters,
        } = channel;
        let mut names = Vec::new();
        let mut operation = |name: String, action: &str, role: &str, channel: &str| {
            let operation = json!({
                "action": action,
                "title": name,
                "tags": [{ "name": role }],
                "channel": { "$ref": format!("#/channels/{channel}") },
                "messages": [{ "$ref": format!("#/channels/{channel}/messages/{identifier}") }],
            });
            self.operations.insert(name.clone(), operation);
            names.push(name);
        };
        for role in publishers {
            operation(format!("{role}.send.{name}"), "send", role, &name);
        }
        for Reader { consumer, role } in readers {
            let reader = if consumer == role {
                role.clone()
            } else {
                format!("{role}.{consumer}")
            };
            operation(format!("{reader}.receive.{name}"), "receive", role, &name);
        }
        let channel = json!({
            "address": address,
            "description": about,
            "parameters": parameters,
            "servers": [{ "$ref": "#/servers/nats" }],
            "messages": { identifier.clone(): reference("messages", &identifier) },
        });
        self.channels.insert(name, channel);
        self.messages.insert(identifier, message);
        names
    }
}

/// Where messages go.
struct Channel {
    name: String,
    address: String,
    about: String,
    parameters: Value,
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// The headers of a CloudEvent, of whose type this is known.
fn headers(kind: &Value) -> Value {
    json!({ "allOf": [reference("schemas", "envelope"), { "type": "object", "properties": { "ce-type": kind } }] })
}

/// A schema of its own as a part of the document: what it refers to in itself stands below its place there.
fn placed(mut schema: Value, identifier: &str) -> Value {
    fn turn(schema: &mut Value, identifier: &str) {
        match schema {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(target) if name == "$ref" => {
                            *target = target.replacen("#/", &format!("#/components/schemas/{identifier}/"), 1);
                        }
                        other => turn(other, identifier),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| turn(value, identifier)),
            _ => {}
        }
    }
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("$schema");
    }
    turn(&mut schema, identifier);
    schema
}

/// `value` with the keys of every object in order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}
