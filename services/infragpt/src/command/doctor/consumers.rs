//! Whether somebody reads through each consumer, and keeps up.

use std::time::Duration;

use futures::future::join_all;
use infragpt_nats::{Connection, Definitions, request};
use serde_json::{Value, json};

use super::{
    finding::{Finding, counted},
    nats::{ask, blind},
};
use crate::configuration::Configuration;

/// How many messages may wait before somebody should look.
const MANY: u64 = 1_000;

/// How often it is looked whether somebody reads, and how long lies between: between two pulls nobody seems to.
const LOOKS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(200);

/// Looks at the consumers.
pub async fn look(configuration: &Configuration, connection: Option<&Connection>) -> Vec<Finding> {
    let Some(connection) = connection else {
        return blind();
    };
    // Whether the files are valid is said of the streams.
    let Ok(definitions) = Definitions::embedded(configuration.nats.replicas) else {
        return Vec::new();
    };
    let consumers: Vec<_> = definitions.consumers().collect();
    let looking = consumers
        .iter()
        .map(|(stream, name, owner)| look_at(connection, stream, name, owner));
    let looked: Vec<Vec<Finding>> = join_all(looking).await.into_iter().flatten().collect();
    let there = looked.len() as u64;
    if there == 0 {
        return vec![Finding::unknown("no consumer is there", "infragpt nats apply")];
    }
    let mut findings = looked.concat();
    if findings.is_empty() {
        findings.push(Finding::ok(format!(
            "{}: read, and not behind",
            counted(there, "consumer")
        )));
    }
    findings
}

/// What is found of a consumer; nothing of one that is not there, which is said of the streams.
async fn look_at(connection: &Connection, stream: &str, name: &str, owner: &str) -> Option<Vec<Finding>> {
    let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{name}");
    let mut looks = 1;
    loop {
        let info = match ask(connection, &subject, &json!({})).await {
            Ok(info) => info,
            Err(request::Error::Service { code: 404, .. }) => return None,
            Err(error) => {
                let todo = format!("nats consumer info {stream} {name}");
                return Some(vec![Finding::unknown(error, todo)]);
            }
        };
        if is_read(&info) || looks == LOOKS {
            return Some(judge(stream, name, owner, &info));
        }
        looks += 1;
        tokio::time::sleep(BETWEEN).await;
    }
}

/// Whether somebody waits for messages.
fn is_read(info: &Value) -> bool {
    info["num_waiting"].as_u64().unwrap_or(0) > 0
}

fn judge(stream: &str, name: &str, owner: &str, info: &Value) -> Vec<Finding> {
    let number = |field: &str| info[field].as_u64().unwrap_or(0);
    let (waiting, in_flight) = (number("num_pending"), number("num_ack_pending"));
    let messages = counted(waiting, "message");
    let consumer = format!("consumer {stream}/{name}");
    let mut findings = Vec::new();
    let serve = format!("infragpt serve --role {owner}");
    if !is_read(info) && in_flight == 0 {
        findings.push(Finding::error(
            format!("{consumer} is read by nobody; waiting: {messages}"),
            &serve,
        ));
    } else if !is_read(info) {
        // Who has all hands full asks for nothing more, just as who was killed.
        findings.push(Finding::warning(
            format!(
                "nobody asks for more of {consumer}: its role is busy, or gone; in flight: {}, waiting: {messages}",
                counted(in_flight, "message")
            ),
            format!("look into the log of role `{owner}`; where it does not run: {serve}"),
        ));
    }
    if info["paused"] == true {
        let until = info["config"]["pause_until"].as_str().unwrap_or("later");
        findings.push(Finding::warning(
            format!("{consumer} is held back until {until}; waiting: {messages}"),
            match name {
                "projections" => "infragpt projections resume".to_owned(),
                _ => format!("nats consumer resume {stream} {name}"),
            },
        ));
    } else if is_read(info) && waiting > MANY {
        findings.push(Finding::warning(
            format!("{consumer} is behind; waiting: {messages}"),
            format!("look into the log of role `{owner}`, or run another one: {serve}"),
        ));
    }
    let most = info["config"]["max_ack_pending"].as_u64().filter(|most| *most > 0);
    if most.is_some_and(|most| in_flight >= most) {
        findings.push(Finding::error(
            format!("{consumer} is given nothing more: {in_flight} messages have no outcome yet"),
            format!("look into the log of role `{owner}` for what it tries again"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    fn judged(info: &Value) -> Vec<(Status, String)> {
        let findings = judge("EVENTS", "conversations", "conversations", info);
        let said = findings.into_iter().map(|it| (it.status, it.todo.unwrap_or_default()));
        said.collect()
    }

    #[test]
    fn a_consumer_that_is_read_and_keeps_up_is_no_finding() {
        let limits = json!({ "max_ack_pending": 5_000 });
        let info = json!({ "num_waiting": 1, "num_pending": 999, "num_ack_pending": 3, "config": limits });
        assert_eq!(judged(&info), []);
    }

    #[test]
    fn what_is_wrong_comes_with_what_to_do() {
        let serve = "infragpt serve --role conversations".to_owned();
        let resume = "nats consumer resume EVENTS conversations".to_owned();
        assert_eq!(judged(&json!({})), [(Status::Error, serve)]);
        let busy = judged(&json!({ "num_ack_pending": 1 }));
        assert!(
            busy[0].0 == Status::Warning && busy[0].1.contains("infragpt serve"),
            "{busy:?}"
        );
        let paused = json!({ "num_waiting": 1, "num_pending": 2_000, "paused": true });
        assert_eq!(judged(&paused), [(Status::Warning, resume)]);
        let behind = judged(&json!({ "num_waiting": 1, "num_pending": 1_001 }));
        assert_eq!(behind[0].0, Status::Warning);
        let stuck = json!({ "num_waiting": 1, "num_ack_pending": 10, "config": { "max_ack_pending": 10 } });
        assert_eq!(judged(&stuck)[0].0, Status::Error);
    }
}
