//! How many messages could not be handled, and by whom.

use std::collections::BTreeMap;

use infragpt_nats::Connection;
use serde_json::{Value, json};

use super::{
    finding::{Finding, counted},
    nats::{ask, blind},
};

/// Looks at the dead letters.
pub async fn look(connection: Option<&Connection>) -> Vec<Finding> {
    let Some(connection) = connection else {
        return blind();
    };
    let request = json!({ "subjects_filter": "dead.>" });
    match ask(connection, "$JS.API.STREAM.INFO.DEAD_LETTERS", &request).await {
        Ok(info) => judge(&info),
        Err(error) => vec![Finding::unknown(error, "infragpt nats check")],
    }
}

fn judge(info: &Value) -> Vec<Finding> {
    let mut consumers: BTreeMap<String, u64> = BTreeMap::new();
    for (subject, count) in info["state"]["subjects"].as_object().into_iter().flatten() {
        // dead.<stream>.<consumer>.<original subject>
        let consumer: Vec<&str> = subject.splitn(4, '.').skip(1).take(2).collect();
        *consumers.entry(consumer.join(".")).or_default() += count.as_u64().unwrap_or(0);
    }
    if consumers.is_empty() {
        return vec![Finding::ok("there are no dead letters")];
    }
    let said = consumers.into_iter().map(|(place, count)| {
        let consumer = place.rsplit('.').next().unwrap_or_default();
        Finding::warning(
            format!(
                "{} could not be handled by {}",
                counted(count, "message"),
                place.replace('.', "/")
            ),
            format!("infragpt dead-letters list --consumer {consumer}"),
        )
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_for_each_consumer() {
        assert_eq!(
            judge(&json!({ "state": {} })),
            [Finding::ok("there are no dead letters")]
        );
        let found = judge(&json!({ "state": { "subjects": {
            "dead.EVENTS.connections.events.integration.acme.x.authorized": 2,
            "dead.EVENTS.connections.events.integration.globex.y.authorized": 1,
            "dead.RAW_SLACK.slack_handler.raw.slack.T0.message": 4,
        } } }));
        let said: Vec<&str> = found.iter().map(|finding| finding.found.as_str()).collect();
        assert_eq!(
            said,
            [
                "3 messages could not be handled by EVENTS/connections",
                "4 messages could not be handled by RAW_SLACK/slack_handler"
            ]
        );
        assert!(
            found[0]
                .todo
                .as_ref()
                .unwrap()
                .ends_with("dead-letters list --consumer connections")
        );
    }
}
