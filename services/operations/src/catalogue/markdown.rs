//! The catalogue as a page.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    entry::{Entry, Reader, entries, readers, stream},
    envelope,
    fact::{Facts, SENDERS},
    permission::Users,
    schema::{self, Field},
    service::ENDPOINTS,
};

const BEGINNING: &str = "\
# Events

Everything that InfraGPT writes down, told from its code. A test compares this page with the code, and `make events` renews it.
`infragpt events catalogue` prints the page of the build that runs it, `infragpt events catalogue --json` one event a line, and
`infragpt events asyncapi` the same as an [AsyncAPI 3 document](asyncapi.json) for other tools.

*May append* is whom [nats/server.conf](../../nats/server.conf) lets write it. *Read by* are the durable consumers that get it, and the roles that
they belong to. What can be looked at in a terminal is in the [operator's guide](../../nats/README.md).

## Envelope

Every message is a [CloudEvent](https://github.com/cloudevents/spec) in binary mode: an attribute is the header `ce-<name>`, and the
payload is the data. Senders of facts add extensions of their own.

";

/// The page, in Markdown.
pub fn markdown() -> String {
    let mut page = BEGINNING.to_owned();
    table(&mut page, ["attribute", "", "what it says"]);
    for (attributes, when) in [(&envelope::REQUIRED[..], "always"), (&envelope::OPTIONAL[..], "")] {
        for (name, _, about) in attributes {
            row(&mut page, [&format!("`{name}`"), when, about]);
        }
    }
    let entries = entries();
    for aggregate in entries.chunk_by(|one, other| one.event.aggregate == other.event.aggregate) {
        one_aggregate(&mut page, aggregate);
    }
    page.push_str("\n## Raw facts\n\nWhat the world said, stored before it is acknowledged, and never edited.\n");
    let users = Users::embedded();
    for facts in &SENDERS {
        one_sender(&mut page, facts, &users);
    }
    dead_letters(&mut page, &users);
    requests(&mut page, &users);
    page
}

fn one_aggregate(page: &mut String, entries: &[Entry]) {
    let Some(first) = entries.first() else { return };
    let _ = write!(page, "\n## {}\n\n{}\n\n", first.event.aggregate, first.event.about);
    table(page, ["event", "", "what happened"]);
    for Entry { event, .. } in entries {
        let anchor = event.identifier().replace('.', "");
        let link = format!("[`{}`](#{anchor})", event.name);
        row(page, [&link, &format!("v{}", event.version), event.meaning]);
    }
    for entry in entries {
        one_event(page, entry);
    }
}

fn one_event(page: &mut String, entry: &Entry) {
    let event = &entry.event;
    let identifier = event.identifier();
    let _ = write!(page, "\n### {identifier}\n\n{}\n\n", event.meaning);
    let file = |identifier: &str| format!("[{identifier}](../../events/schemas/{identifier}.json)");
    let _ = writeln!(page, "- Type `{}`", event.kind());
    let _ = writeln!(page, "- Subject `{}` in `{}`", angled(&entry.subject), entry.stream);
    let _ = writeln!(page, "- May append: {}", named(&entry.appended_by));
    let _ = writeln!(page, "- Read by: {}", consumers(&entry.read_by));
    let _ = writeln!(page, "- Schema: {}", file(&identifier));
    let earlier: Vec<String> = event.earlier().map(|identifier| file(&identifier)).collect();
    if !earlier.is_empty() {
        let _ = writeln!(
            page,
            "- Earlier versions, which are read for ever: {}",
            earlier.join(", ")
        );
    }
    let schema = event.schema.as_value();
    page.push('\n');
    fields(page, &schema::fields(schema));
    for (name, part) in schema::parts(schema) {
        one_part(page, name, part);
    }
    let _ = write!(page, "\n```json\n{}\n```\n", event.example.trim_end());
}

fn one_part(page: &mut String, name: &str, part: &Value) {
    let about = schema::description(part);
    let values = schema::values(part);
    let parts = schema::fields(part);
    let _ = write!(page, "\n`{name}`: ");
    if values.is_empty() && parts.is_empty() {
        let about = if about.is_empty() { about } else { format!(". {about}") };
        let _ = writeln!(page, "{}{about}", schema::kind(part));
        return;
    }
    let _ = write!(page, "{about}\n\n");
    if !parts.is_empty() {
        fields(page, &parts);
    }
    if !values.is_empty() {
        table(page, ["value", "meaning"]);
        for (value, meaning) in &values {
            row(page, [&format!("`{value}`"), meaning]);
        }
    }
}

fn fields(page: &mut String, fields: &[Field]) {
    if fields.is_empty() {
        page.push_str("It has no fields.\n");
        return;
    }
    table(page, ["field", "type", "", "meaning"]);
    for field in fields {
        let required = if field.is_required { "required" } else { "" };
        row(
            page,
            [&format!("`{}`", field.name), &field.kind, required, &field.meaning],
        );
    }
}

fn one_sender(page: &mut String, facts: &Facts, users: &Users) {
    let pattern = wildcards(facts.subject);
    let stream = stream(&pattern);
    let _ = write!(page, "\n### Facts of {}\n\n", facts.title);
    let _ = writeln!(page, "- Type `{}<{}>`", facts.prefix, facts.word_parameter());
    let _ = writeln!(page, "- Subject `{}` in `{stream}`", angled(facts.subject));
    let _ = writeln!(page, "- Stored by: {}", named(&users.publishers(&pattern)));
    let _ = writeln!(page, "- Read by: {}", consumers(&readers(&stream, &pattern)));
    let _ = writeln!(
        page,
        "- Payload: {}; the sender [describes it]({})",
        facts.payload, facts.reference
    );
    page.push('\n');
    table(page, ["in the subject", "what it is"]);
    for (name, about) in facts.parameters {
        row(page, [&format!("`<{name}>`"), about]);
    }
    let words: Vec<String> = facts.words.iter().map(|word| format!("`{word}`")).collect();
    let _ = write!(
        page,
        "\nThis build knows {} words of theirs by name. A word that it doesn't know is stored, too.\n\n{}\n",
        words.len(),
        words.join(" ")
    );
}

fn dead_letters(page: &mut String, users: &Users) {
    page.push_str("\n## Dead letters\n\nWhat could not be handled: the message as it was, and why.\n\n");
    page.push_str("- Subject `dead.<stream>.<consumer>.<original subject>` in `DEAD_LETTERS`\n");
    let _ = write!(page, "- Stored by: {}\n\n", named(&users.publishers("dead.>")));
    table(page, ["header", "what it says"]);
    for (name, about) in envelope::DEAD {
        row(page, [&format!("`{name}`"), about]);
    }
}

fn requests(page: &mut String, users: &Users) {
    page.push_str(
        "\n## Requests\n\nWhat is asked rather than written down, as JSON with one reply, or with frames as in\n\
         [the agent protocol](../agent-protocol.md). A refusal has the headers `Nats-Service-Error` and `Nats-Service-Error-Code`.\n\n",
    );
    table(page, ["subject", "what it does", "service", "served by", "asked by"]);
    for endpoint in ENDPOINTS {
        let service = endpoint
            .service
            .map_or_else(String::new, |service| format!("`{service}`"));
        row(
            page,
            [
                &format!("`{}`", angled(endpoint.subject)),
                endpoint.about,
                &service,
                &named(&endpoint.served_by(users)),
                &named(&endpoint.asked_by(users)),
            ],
        );
    }
}

fn named(users: &[String]) -> String {
    if users.is_empty() {
        return "nobody yet".to_owned();
    }
    let users: Vec<String> = users.iter().map(|user| format!("`{user}`")).collect();
    users.join(", ")
}

fn consumers(readers: &[Reader]) -> String {
    if readers.is_empty() {
        return "no consumer".to_owned();
    }
    let readers: Vec<String> = readers
        .iter()
        .map(|Reader { consumer, role }| {
            if consumer == role {
                format!("`{consumer}`")
            } else {
                format!("`{consumer}` of `{role}`")
            }
        })
        .collect();
    readers.join(", ")
}

/// A subject as the documentation writes it.
fn angled(subject: &str) -> String {
    subject.replace('{', "<").replace('}', ">")
}

/// The pattern of all subjects of a form.
pub(super) fn wildcards(subject: &str) -> String {
    let token = |token| if str::starts_with(token, '{') { "*" } else { token };
    subject.split('.').map(token).collect::<Vec<_>>().join(".")
}

fn table<const COLUMNS: usize>(page: &mut String, headings: [&str; COLUMNS]) {
    row(page, headings);
    let _ = writeln!(page, "|{}", "---|".repeat(COLUMNS));
}

fn row<const COLUMNS: usize>(page: &mut String, cells: [&str; COLUMNS]) {
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}
