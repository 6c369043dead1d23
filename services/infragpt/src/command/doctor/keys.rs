//! Whether the keys that are here can be used, and whether every credential is wrapped under the current one.

use infragpt_nats::{Connection, request};
use serde_json::{Value, json};

use super::{
    finding::{Finding, counted},
    nats::{ask, blind},
};
use crate::{
    configuration::Configuration,
    failure::Failure,
    serve::{grant_key, key_ring},
};

const GRANT: &str = "set INFRAGPT_GRANT_KEY to at least 32 random characters, the same for all roles";
const KEYS: &str =
    "set INFRAGPT_ENCRYPTION_KEYS to what the role `integrations` has, for a new installation: infragpt keys generate";

/// Looks at the keys.
pub async fn look(configuration: &Configuration, connection: Option<&Connection>) -> Vec<Finding> {
    let ring = configuration.encryption.keys.as_ref().map(|keys| key_ring(Some(keys)));
    let grant = configuration
        .grant
        .key
        .as_ref()
        .map(|key| grant_key(Some(key)).map(drop));
    let mut findings = vec![
        parsed("grant.key", grant, GRANT),
        parsed(
            "encryption.keys",
            ring.as_ref().map(|ring| ring.as_ref().map(drop)),
            KEYS,
        ),
    ];
    let Some(connection) = connection else {
        findings.extend(blind());
        return findings;
    };
    let current = ring.and_then(Result::ok).map(|ring| ring.current_id().to_owned());
    match ask(connection, "integration.v1.key_status", &json!({})).await {
        Ok(status) => findings.extend(judge(&status, current.as_deref())),
        Err(request::Error::NoResponders(_)) => findings.push(Finding::unknown(
            "nobody serves integrations, who hold the credentials",
            "infragpt serve --role integrations",
        )),
        Err(error) => findings.push(Finding::unknown(error, "infragpt keys status")),
    }
    findings
}

fn parsed<E: std::borrow::Borrow<Failure>>(name: &str, key: Option<Result<(), E>>, todo: &str) -> Finding {
    match key {
        Some(Ok(())) => Finding::ok(format!("`{name}` can be used")),
        Some(Err(failure)) => Finding::error(failure.borrow().to_string(), todo),
        None => Finding::unknown(format!("`{name}` is not set here"), todo),
    }
}

/// What the role that holds the credentials says of their keys; `current` is the first of those that are here.
fn judge(status: &Value, current: Option<&str>) -> Vec<Finding> {
    let theirs = status["current"].as_str().unwrap_or_default();
    let configured = status["configured"].as_array().cloned().unwrap_or_default();
    let mut findings = Vec::new();
    if current.is_some_and(|current| current != theirs) {
        findings.push(Finding::warning(
            format!("the current key of role `integrations` is {theirs}, and here it is another"),
            KEYS,
        ));
    }
    let mut credentials = 0;
    for (key, count) in status["data_keys"].as_object().into_iter().flatten() {
        let count = count.as_u64().unwrap_or(0);
        credentials += count;
        if !configured.iter().any(|id| id == key.as_str()) {
            findings.push(Finding::error(
                format!(
                    "{} wrapped under key {key}, which is not configured: nobody can read that",
                    counted(count, "credential")
                ),
                "add that key to INFRAGPT_ENCRYPTION_KEYS of role `integrations`, after the current one",
            ));
        } else if key != theirs {
            findings.push(Finding::warning(
                format!("{} wrapped under the older key {key}", counted(count, "credential")),
                "infragpt keys rotate",
            ));
        }
    }
    let unreadable = status["unreadable"].as_u64().unwrap_or(0);
    if unreadable > 0 {
        findings.push(Finding::error(
            format!("{unreadable} entries of the bucket CREDENTIAL_KEYS are no wrapped keys"),
            "nats stream info KV_CREDENTIAL_KEYS",
        ));
    }
    if findings.is_empty() {
        let text = format!(
            "{} wrapped under the current key, none under another",
            counted(credentials, "credential")
        );
        findings.push(Finding::ok(text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    fn judged(data_keys: &Value, unreadable: u64) -> Vec<(Status, String)> {
        let status = json!({ "current": "k2", "configured": ["k2", "k1"], "data_keys": data_keys,
            "unreadable": unreadable });
        let findings = judge(&status, Some("k2")).into_iter();
        findings.map(|it| (it.status, it.todo.unwrap_or_default())).collect()
    }

    #[test]
    fn credentials_under_older_keys_and_lost_ones_are_said() {
        assert_eq!(judged(&json!({ "k2": 3 }), 0)[0].0, Status::Ok);
        let older = judged(&json!({ "k1": 1, "k2": 3 }), 0);
        assert_eq!(older, [(Status::Warning, "infragpt keys rotate".to_owned())]);
        assert_eq!(judged(&json!({ "k0": 1 }), 0)[0].0, Status::Error);
        assert_eq!(judged(&json!({}), 1)[0].0, Status::Error);
    }

    #[test]
    fn another_current_key_than_the_role_has_is_a_warning() {
        let status = json!({ "current": "k2", "configured": ["k2"], "data_keys": {} });
        assert_eq!(judge(&status, Some("k1"))[0].status, Status::Warning);
        assert_eq!(judge(&status, None)[0].status, Status::Ok);
    }
}
