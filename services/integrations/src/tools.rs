//! What connectors do with a grant, as `tool.v1.<connector>.<tool>`. The grant is verified here, before anything else.

use infragpt_connectors::{Task, Tool};
use infragpt_events::{ConnectorKind, integration::Standing};
use infragpt_nats::{Call, Grant, ServiceError};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    context::{Context, sentence},
    request::Target,
};

/// The part of every request that says who may ask.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    grant: String,
    #[serde(flatten)]
    arguments: serde_json::Map<String, Value>,
}

impl Context {
    /// Verifies the grant, and does what it allows with the connection of its organization.
    pub(crate) async fn perform(
        &self,
        connector: ConnectorKind,
        tool: &Tool,
        call: &Call,
    ) -> Result<Value, ServiceError> {
        let Granted { grant, arguments } = call.json()?;
        let grant = self.granted(&grant, tool, &call.subject)?;
        let target = Target::new(grant.organization.clone(), connector);
        let state = self.load(&target).await?;
        if let Standing::Suspended(_, reason) = &state.standing {
            let paused = format!("The connection to {} is paused: {reason}", target.connector);
            return Err(ServiceError::new(409, sentence(&paused)));
        }
        let Some(connected) = state.connected() else {
            let missing = format!(
                "Organization `{}` has not connected {}.",
                grant.organization, target.connector
            );
            return Err(ServiceError::new(404, missing));
        };
        let task = Task {
            organization: grant.organization,
            action: grant.action,
            connected: connected.clone(),
            arguments: arguments.into(),
        };
        let outcome = (tool.perform)(task).await;
        if let Some(action) = grant.action {
            let code = outcome.as_ref().err().map(|refused| refused.code);
            tracing::info!(
                organization.id = %target.organization, action.id = %action, tool = call.subject, code,
                "Did, or tried to do, what was approved as action `{action}`"
            );
        }
        outcome
    }

    fn granted(&self, signed: &str, tool: &Tool, subject: &str) -> Result<Grant, ServiceError> {
        let verified = self.grants.verify(signed, self.now(), subject);
        let grant = verified.map_err(|error| ServiceError::new(403, sentence(&error.to_string())))?;
        if tool.changes && grant.action.is_none() {
            let unapproved = "Nobody approved that: this tool changes something, so people decide first.";
            return Err(ServiceError::new(403, unapproved));
        }
        Ok(grant)
    }
}
