//! Whether NATS can be reached, how old it is, and how much it may store.

use std::time::Duration;

use infragpt_nats::{Connection, connection, request};
use serde_json::{Value, json};

use super::finding::{Finding, counted};
use crate::{
    command::settings,
    configuration::{Configuration, NatsUser},
};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long connecting may take, whatever servers there are.
const REACHED_WITHIN: Duration = Duration::from_secs(4);

/// How much of what may be stored is too much, in percent.
const FULL: u64 = 80;

/// Where the server comes from.
const SERVER: &str = "start nats-server with nats/server.conf, or set INFRAGPT_NATS_URL to where it is";

/// Who looks: an operator, or where there is no password of one, the administrator.
const EYES: [NatsUser; 2] = [NatsUser::Operator, NatsUser::Admin];

/// Connects as whoever may look at things, and says what is in the way.
pub async fn reach(configuration: &Configuration) -> (Option<Connection>, Vec<Finding>) {
    let reaching = tokio::time::timeout(REACHED_WITHIN, reach_as_any(configuration));
    reaching.await.unwrap_or_else(|_| {
        let seconds = REACHED_WITHIN.as_secs();
        let text = format!("no NATS server answers within {seconds} s");
        (None, vec![Finding::error(text, SERVER)])
    })
}

async fn reach_as_any(configuration: &Configuration) -> (Option<Connection>, Vec<Finding>) {
    let mut findings = Vec::new();
    for user in EYES {
        let Ok(settings) = settings(configuration, user) else {
            continue;
        };
        match Connection::connect(&settings).await {
            Ok(connection) => {
                let url = &settings.url;
                let text = format!("nats-server {} answers at {url}", connection.server_version());
                findings.push(Finding::ok(text));
                return (Some(connection), findings);
            }
            // Said in the area of the users.
            Err(connection::Error::Refused { .. }) => {}
            Err(error @ connection::Error::TooOld { .. }) => {
                findings.push(Finding::error(error.to_string(), "install a newer nats-server"));
                return (None, findings);
            }
            Err(error @ connection::Error::Unreachable { .. }) => {
                findings.push(Finding::error(error.to_string(), SERVER));
                return (None, findings);
            }
        }
    }
    let variable = NatsUser::Operator.password_variable();
    findings.push(Finding::unknown(
        "there is no password here that NATS takes of user `operator` or `admin`",
        format!("set {variable}"),
    ));
    (None, findings)
}

/// What to say of an area where NATS can't be asked.
pub fn blind() -> Vec<Finding> {
    vec![Finding::unknown(
        "NATS can't be asked",
        "mend what stands under `nats`, then run infragpt doctor again",
    )]
}

/// Asks the JetStream API, or a service.
///
/// # Errors
/// What [`Connection::request`] says, and what the API refused, as a service's error.
pub async fn ask(connection: &Connection, subject: &str, request: &Value) -> Result<Value, request::Error> {
    let answer: Value = connection.request(subject, request, PATIENCE).await?;
    match &answer["error"] {
        Value::Null => Ok(answer),
        error => Err(request::Error::Service {
            code: error["code"]
                .as_u64()
                .and_then(|code| code.try_into().ok())
                .unwrap_or(500),
            message: error["description"].as_str().unwrap_or("it was refused").to_owned(),
        }),
    }
}

/// Whether JetStream is on, and how much room is left.
pub async fn look(connection: Option<&Connection>, reached: Vec<Finding>) -> Vec<Finding> {
    let mut findings = reached;
    if let Some(connection) = connection {
        findings.push(jetstream(ask(connection, "$JS.API.INFO", &json!({})).await));
    }
    findings
}

fn jetstream(answer: Result<Value, request::Error>) -> Finding {
    let account = match answer {
        Ok(account) => account,
        Err(request::Error::NoResponders(_) | request::Error::Service { code: 503, .. }) => {
            return Finding::error("JetStream is off, so nothing can be stored", SERVER);
        }
        Err(error) => return Finding::error(format!("JetStream does not answer: {error}"), SERVER),
    };
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let (stored, streams) = (number(&account["storage"]), number(&account["streams"]));
    let text = format!("JetStream is on: {} in {}", bytes(stored), counted(streams, "stream"));
    // Without a limit of the account the server says nothing of its own: then the streams' limits are all that is known.
    match account["limits"]["max_storage"].as_u64().filter(|most| *most > 0) {
        Some(most) if stored >= most / 100 * FULL => Finding::warning(
            format!("{text}, of at most {}", bytes(most)),
            "raise `max_file_store` in nats/server.conf, and see that the disk has as much",
        ),
        Some(most) => Finding::ok(format!("{text}, of at most {}", bytes(most))),
        None => Finding::ok(text),
    }
}

/// A size for people.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} bytes");
    }
    let mut unit = 0;
    let mut tenths = count * 10 / 1024;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1024, unit + 1);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(bytes(12), "12 bytes");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(64 << 30), "64.0 GiB");
    }

    #[test]
    fn what_is_nearly_full_is_a_warning() {
        let account = |storage: u64, most: i64| {
            jetstream(Ok(
                json!({ "storage": storage, "streams": 9, "limits": { "max_storage": most } }),
            ))
            .status
        };
        assert_eq!(account(79_000, 100_000), Status::Ok);
        assert_eq!(account(80_000, 100_000), Status::Warning);
        assert_eq!(account(80_000, -1), Status::Ok);
        let off = jetstream(Err(request::Error::NoResponders("x".into())));
        assert!(off.status == Status::Error && off.found.contains("JetStream is off"));
    }
}
