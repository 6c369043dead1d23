//! Which connectors are configured, and whether the connections of organizations work.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use infragpt_connectors::{self as connectors};
use infragpt_nats::{Connection, request};
use serde_json::{Value, json};

use super::{
    finding::{Finding, counted},
    nats::{ask, blind},
};
use crate::{configuration::Configuration, serve::now};

/// How many organizations are asked for at once.
const AT_ONCE: usize = 8;

/// How many organizations are asked for: what is left is not looked at, and said so.
const MOST: usize = 500;

const CONFIGURE: &str = "infragpt configuration";

/// Looks at the connectors.
pub async fn look(configuration: &Configuration, connection: Option<&Connection>) -> Vec<Finding> {
    let mut findings = configured(configuration);
    let Some(connection) = connection else {
        findings.extend(blind());
        return findings;
    };
    let organizations = match connected(connection).await {
        Ok(organizations) => organizations,
        Err(error) => {
            findings.push(Finding::unknown(error, "infragpt nats check"));
            return findings;
        }
    };
    if organizations.is_empty() {
        findings.push(Finding::ok("no organization has connected anything yet"));
        return findings;
    }
    findings.extend(health(connection, &organizations).await);
    findings
}

fn configured(configuration: &Configuration) -> Vec<Finding> {
    match connectors::configured(&configuration.slack, &configuration.github, now) {
        Ok(connectors) if connectors.is_empty() => {
            vec![Finding::warning("no connector is configured here", CONFIGURE)]
        }
        Ok(connectors) => {
            let kinds = connectors.iter().map(|connector| connector.kind().to_string());
            kinds.map(|kind| halves(&kind, configuration)).collect()
        }
        Err(error) => vec![Finding::error(error.to_string(), CONFIGURE)],
    }
}

/// Which halves of a connector are configured: what it hears, and what it can be connected with.
fn halves(kind: &str, configuration: &Configuration) -> Finding {
    let (slack, github) = (&configuration.slack, &configuration.github);
    let (hears, connects, lacking) = match kind {
        "slack" => (
            slack.signing_secret.is_some() || slack.app_token.is_some(),
            slack.client_id.is_some(),
            ["slack.signing_secret or slack.app_token", "slack.client_id"],
        ),
        "github" => (
            github.webhook_secret.is_some(),
            github.app_id.is_some(),
            ["github.webhook_secret", "github.app_id"],
        ),
        _ => return Finding::ok(format!("{kind} is configured")),
    };
    match (hears, connects) {
        (true, true) => Finding::ok(format!("both halves of {kind} are configured: inbound and outbound")),
        (false, _) => Finding::warning(
            format!("{kind} hears nothing here: {} is missing", lacking[0]),
            CONFIGURE,
        ),
        (true, false) => Finding::warning(
            format!("nobody can connect {kind} here: {} is missing", lacking[1]),
            CONFIGURE,
        ),
    }
}

/// The organizations that ever connected something.
async fn connected(connection: &Connection) -> Result<BTreeSet<String>, request::Error> {
    let filter = json!({ "subjects_filter": "events.integration.*.*.authorized" });
    let info = ask(connection, "$JS.API.STREAM.INFO.EVENTS", &filter).await?;
    let subjects = info["state"]["subjects"].as_object().into_iter().flatten();
    Ok(subjects
        .filter_map(|(subject, _)| subject.split('.').nth(2).map(str::to_owned))
        .collect())
}

async fn health(connection: &Connection, organizations: &BTreeSet<String>) -> Vec<Finding> {
    let asking: Vec<_> = organizations
        .iter()
        .take(MOST)
        .map(|organization| async move {
            let request = json!({ "organization": organization });
            (organization, ask(connection, "integration.v1.list", &request).await)
        })
        .collect();
    let (mut findings, mut working) = (Vec::new(), 0_u64);
    let mut answers = stream::iter(asking).buffered(AT_ONCE);
    while let Some((organization, answer)) = answers.next().await {
        match answer {
            Ok(answer) => {
                for integration in answer["integrations"].as_array().into_iter().flatten() {
                    working += u64::from(integration["state"] == "active");
                    findings.extend(judge(organization, integration));
                }
            }
            Err(request::Error::NoResponders(_)) => {
                return vec![Finding::unknown(
                    "nobody serves integrations, who know how connections stand",
                    "infragpt serve --role integrations",
                )];
            }
            Err(error) => findings.push(Finding::unknown(
                error,
                format!("infragpt integrations list --organization {organization}"),
            )),
        }
    }
    if organizations.len() > MOST {
        findings.push(Finding::unknown(
            format!("the connections of {} more organizations", organizations.len() - MOST),
            "infragpt integrations list --organization …",
        ));
    }
    if findings.is_empty() {
        let count = organizations.len() as u64;
        let text = format!(
            "{} of {} working",
            counted(working, "connection"),
            counted(count, "organization")
        );
        findings.push(Finding::ok(text));
    }
    findings
}

fn judge(organization: &str, integration: &Value) -> Option<Finding> {
    let text = |field: &str| integration[field].as_str().unwrap_or_default();
    let (connector, state) = (text("connector"), text("state"));
    let reason = integration["reason"].as_str().map(|reason| format!(": {reason}"));
    let said = |said: &str| {
        format!(
            "{connector} of `{organization}` is {said}{}",
            reason.clone().unwrap_or_default()
        )
    };
    let todo = |command: &str| format!("infragpt integrations {command} {connector} --organization {organization}");
    match state {
        "degraded" => Some(Finding::warning(said(state), todo("validate"))),
        "suspended" => Some(Finding::warning(
            said(state),
            format!("resume it there, then {}", todo("validate")),
        )),
        "active" => {
            let problem = integration["last_try_problem"].as_str()?;
            Some(Finding::warning(
                format!("whether {connector} of `{organization}` works could not be found out: {problem}"),
                todo("validate"),
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_does_not_work_is_said_with_its_reason() {
        let judged = |integration: Value| judge("acme", &integration);
        assert_eq!(judged(json!({ "connector": "slack", "state": "active" })), None);
        assert_eq!(
            judged(json!({ "connector": "slack", "state": "disconnected", "reason": "gone" })),
            None
        );
        let degraded = judged(json!({ "connector": "slack", "state": "degraded", "reason": "token revoked" })).unwrap();
        assert_eq!(degraded.found, "slack of `acme` is degraded: token revoked");
        assert_eq!(
            degraded.todo.unwrap(),
            "infragpt integrations validate slack --organization acme"
        );
        let untried = json!({ "connector": "github", "state": "active", "last_try_problem": "timed out" });
        assert!(judged(untried).unwrap().found.contains("timed out"));
    }
}
