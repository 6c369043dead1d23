//! Whether the services answer, and are of this build.

use futures::future::join_all;
use infragpt_nats::{Connection, request};
use serde_json::{Value, json};

use super::{
    finding::Finding,
    nats::{ask, blind},
};

/// The services, and the role that serves each.
const SERVICES: [(&str, &str); 6] = [
    ("agent", "agent"),
    ("integration", "integrations"),
    ("connector", "integrations"),
    ("organization", "identity"),
    ("audit", "identity"),
    ("infragpt_tools", "queries"),
];

/// The version of this build.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Looks at the services.
pub async fn look(connection: Option<&Connection>) -> Vec<Finding> {
    let Some(connection) = connection else {
        return blind();
    };
    let looking = SERVICES.into_iter().map(|(service, role)| async move {
        let answer = ask(connection, &format!("$SRV.PING.{service}"), &json!({})).await;
        judge(service, role, answer)
    });
    let mut findings: Vec<Finding> = join_all(looking).await.into_iter().flatten().collect();
    if findings.is_empty() {
        findings.push(Finding::ok(format!("all {} services answer", SERVICES.len())));
    }
    findings
}

fn judge(service: &str, role: &str, answer: Result<Value, request::Error>) -> Option<Finding> {
    let serve = format!("infragpt serve --role {role}");
    match answer {
        Ok(answer) => {
            let version = answer["version"].as_str().unwrap_or_default();
            // Anybody's agent may be the agent.
            (version != VERSION && service != "agent").then(|| {
                Finding::warning(
                    format!("service `{service}` is of version {version}, and this build is {VERSION}"),
                    format!("use the same build for all: {serve}"),
                )
            })
        }
        Err(request::Error::NoResponders(_)) => Some(Finding::error(format!("nobody serves `{service}`"), serve)),
        Err(error) => Some(Finding::error(
            format!("service `{service}` does not answer: {error}"),
            format!("look into the log of role `{role}`, then {serve}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    #[test]
    fn a_service_of_another_build_is_a_warning() {
        let of = |version: &str| judge("audit", "identity", Ok(json!({ "version": version })));
        assert_eq!(of(VERSION), None);
        assert_eq!(of("99.0.0").unwrap().status, Status::Warning);
        let absent = judge("audit", "identity", Err(request::Error::NoResponders("x".into()))).unwrap();
        assert_eq!(absent.todo.unwrap(), "infragpt serve --role identity");
    }
}
