//! Asking the role `integrations`, as an operator.

use std::time::Duration;

use infragpt_nats::{Connection, request};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;

/// How long Slack or GitHub may take, several requests of it.
const PATIENCE: Duration = Duration::from_secs(45);

/// Asks `integration.v1.<command>`, adding who asks.
///
/// # Errors
/// When nobody serves integrations, or what was asked for is refused.
pub async fn ask(connection: &Connection, command: &str, mut request: Value) -> Result<Value, Failure> {
    request["actor"] = operator().into();
    request["request_id"] = json!(Uuid::now_v7());
    connection
        .request(&format!("integration.v1.{command}"), &request, PATIENCE)
        .await
        .map_err(failure)
}

/// Who types, as `operator:<name>`.
pub fn operator() -> String {
    format!(
        "operator:{}",
        std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())
    )
}

/// What a refused request is to the shell.
pub fn failure(error: request::Error) -> Failure {
    match error {
        request::Error::Service { message, .. } => Failure::findings(anyhow::anyhow!(message)),
        request::Error::NoResponders(_) => Failure::from(anyhow::anyhow!(
            "nobody serves integrations: is `infragpt serve` running with the role `integrations`?"
        )),
        other => Failure::from(anyhow::Error::from(other)),
    }
}
