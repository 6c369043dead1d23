//! Whether streams and consumers are as their files say, how full the streams are, and whether all replicas keep up.

use infragpt_nats::{
    Connection, Definitions,
    definition::{Change, ChangeKind},
    request,
};
use serde_json::{Value, json};

use super::{
    finding::Finding,
    nats::{ask, blind, bytes},
};
use crate::configuration::Configuration;

const APPLY: &str = "infragpt nats apply";

/// From how many percent of its size on a stream is soon full, and how many it takes to be as good as full. Then it refuses
/// what comes.
const FULL: (u64, u64) = (80, 95);

/// Looks at the streams.
pub async fn look(configuration: &Configuration, connection: Option<&Connection>) -> Vec<Finding> {
    let Some(connection) = connection else {
        return blind();
    };
    let definitions = match Definitions::embedded(configuration.nats.replicas) {
        Ok(definitions) => definitions,
        Err(error) => return vec![Finding::error(error.to_string(), "use a build whose files are valid")],
    };
    let mut findings = match definitions.check(connection).await {
        Ok(changes) => compared(&changes),
        Err(error) => return vec![Finding::unknown(error, "infragpt nats check")],
    };
    for stream in definitions.streams() {
        match ask(connection, &format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await {
            Ok(info) => {
                findings.extend(fullness(stream, &info));
                findings.extend(replicas(stream, &info));
            }
            // That it is not there was said above.
            Err(request::Error::Service { code: 404, .. }) => {}
            Err(error) => {
                findings.push(Finding::unknown(error, format!("nats stream info {stream}")));
                break;
            }
        }
    }
    findings
}

fn compared(changes: &[Change]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        match &change.kind {
            ChangeKind::Unchanged => {}
            ChangeKind::Create => findings.push(Finding::error(format!("{} is missing", change.name), APPLY)),
            ChangeKind::Update(_) => {
                let differences = change.to_string();
                let fields = differences.lines().skip(1).map(str::trim).collect::<Vec<_>>();
                findings.push(Finding::warning(
                    format!(
                        "{} is not as its file says (server -> file):\n{}",
                        change.name,
                        fields.join("\n")
                    ),
                    APPLY,
                ));
            }
        }
    }
    if findings.is_empty() {
        let count = changes.len();
        findings.push(Finding::ok(format!(
            "all {count} streams and consumers are as their files say"
        )));
    }
    findings
}

fn fullness(stream: &str, info: &Value) -> Option<Finding> {
    let most = info["config"]["max_bytes"].as_u64().filter(|most| *most > 0)?;
    let stored = info["state"]["bytes"].as_u64()?;
    let percent = stored.saturating_mul(100) / most;
    let text = format!(
        "stream {stream} is {percent} % full: {} of {}. A full stream refuses what comes",
        bytes(stored),
        bytes(most)
    );
    let todo = format!("raise `max_bytes` in nats/streams/{stream}.json and the disk, then {APPLY}");
    match percent {
        percent if percent >= FULL.1 => Some(Finding::error(text, todo)),
        percent if percent >= FULL.0 => Some(Finding::warning(text, todo)),
        _ => None,
    }
}

fn replicas(stream: &str, info: &Value) -> Option<Finding> {
    let cluster = info["cluster"].as_object()?;
    let todo = format!("nats stream info {stream}");
    if cluster.get("leader").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Some(Finding::error(format!("stream {stream} has no leader"), todo));
    }
    let late: Vec<&str> = cluster
        .get("replicas")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|replica| replica["offline"] == true || replica["current"] != true)
        .filter_map(|replica| replica["name"].as_str())
        .collect();
    (!late.is_empty()).then(|| {
        Finding::warning(
            format!("stream {stream}: its copy on {} is not current", late.join(", ")),
            todo,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    #[test]
    fn a_stream_that_fills_up_is_said_in_time() {
        let status = |bytes: u64| {
            let info = json!({ "config": { "max_bytes": 1_000 }, "state": { "bytes": bytes } });
            fullness("EVENTS", &info).map(|finding| finding.status)
        };
        assert_eq!(status(799), None);
        assert_eq!(status(800), Some(Status::Warning));
        assert_eq!(status(950), Some(Status::Error));
    }

    #[test]
    fn a_copy_that_is_late_is_named() {
        let info = |cluster| replicas("EVENTS", &json!({ "cluster": cluster }));
        assert_eq!(info(json!({ "leader": "n1" })), None);
        let late = json!({ "leader": "n1", "replicas": [
            { "name": "n2", "current": true }, { "name": "n3", "current": false }] });
        let found = info(late).unwrap();
        assert!(found.found.contains("n3") && !found.found.contains("n2"), "{found:?}");
        assert_eq!(info(json!({ "replicas": [] })).unwrap().status, Status::Error);
    }
}
