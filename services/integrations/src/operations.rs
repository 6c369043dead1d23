//! What connectors do for others, as `connector.v1.<connector>.<operation>`.

use infragpt_connectors::Operation;
use infragpt_events::ConnectorKind;
use infragpt_nats::{Call, ServiceError};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    context::Context,
    request::{Target, organization},
};

/// Whose connection an operation works with: every request says it.
#[derive(Deserialize)]
struct About {
    organization: String,
}

impl Context {
    /// Runs an operation. When its credential is refused, the connection is tried at once, so that administrators read
    /// what is wrong before they are asked.
    pub(crate) async fn operate(
        &self,
        connector: ConnectorKind,
        operation: Operation,
        call: Call,
    ) -> Result<Value, ServiceError> {
        let about: Option<About> = serde_json::from_slice(&call.payload).ok();
        let outcome = (operation.run)(call).await;
        if let (Err(ServiceError { code: 401, .. }), Some(about)) = (&outcome, about)
            && let Ok(organization) = organization(&about.organization)
        {
            let (context, target) = (self.clone(), Target::new(organization, connector));
            tokio::spawn(async move {
                let cause = context.own_cause();
                if let Err(error) = context.validate_now(&target, &cause).await {
                    tracing::debug!(
                        code = error.code,
                        "A refused credential can't be tried: {}",
                        error.message
                    );
                }
            });
        }
        outcome
    }
}
