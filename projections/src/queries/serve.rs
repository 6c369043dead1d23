//! The NATS service in front of the tools: grant first, then the answer.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use infragpt_nats::{Call, Connection, GrantKey, Service, ServiceError, service};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{changes, conversations, integrations, status};

const CHANGES: &str = "tool.v1.infragpt.changes";
const CONVERSATIONS: &str = "tool.v1.infragpt.conversations";
const INTEGRATIONS: &str = "tool.v1.infragpt.integrations";
const STATUS: &str = "tool.v1.infragpt.status";

struct Tools {
    database: PgPool,
    grants: GrantKey,
}

/// The part of every request that says who may ask.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    grant: String,
}

/// Serves the tools that answer from the read models, as the NATS service `infragpt_tools`, until `shutdown`.
///
/// A call without a valid grant for its tool is refused with 403. The organization is always the grant's: a request
/// can't name one.
///
/// # Errors
/// When NATS refuses the service.
pub async fn serve(
    connection: Connection,
    database: PgPool,
    grants: GrantKey,
    shutdown: CancellationToken,
) -> Result<(), service::Error> {
    let tools = Arc::new(Tools { database, grants });
    let (for_changes, for_integrations, for_status) = (tools.clone(), tools.clone(), tools.clone());
    Service::new(
        &connection,
        "infragpt_tools",
        env!("CARGO_PKG_VERSION"),
        "Answers agents' questions from the read models: changes, conversations, integrations, status",
    )
    .endpoint(CHANGES, move |call| {
        let tools = for_changes.clone();
        async move {
            let organization = tools.verify(&call, CHANGES)?;
            let request = call.json()?;
            answered(changes::answer(&tools.database, &organization, request).await)
        }
    })
    .endpoint(CONVERSATIONS, move |call| {
        let tools = tools.clone();
        async move {
            let organization = tools.verify(&call, CONVERSATIONS)?;
            answered(conversations::answer(&tools.database, &organization).await)
        }
    })
    .endpoint(INTEGRATIONS, move |call| {
        let tools = for_integrations.clone();
        async move {
            let organization = tools.verify(&call, INTEGRATIONS)?;
            answered(tools.integrations(&organization).await)
        }
    })
    .endpoint(STATUS, move |call| {
        let tools = for_status.clone();
        async move {
            let organization = tools.verify(&call, STATUS)?;
            answered(status::answer(&tools.database, &organization, now()).await)
        }
    })
    .run(shutdown)
    .await
}

impl Tools {
    async fn integrations(&self, organization: &OrganizationId) -> Result<integrations::Answer, sqlx::Error> {
        integrations::answer(&mut *self.database.acquire().await?, organization, now()).await
    }

    fn verify(&self, call: &Call, tool: &str) -> Result<OrganizationId, ServiceError> {
        let Granted { grant } = call.json()?;
        match self.grants.verify(&grant, now(), tool) {
            Ok(grant) => Ok(grant.organization),
            Err(error) => Err(ServiceError::new(403, error.to_string())),
        }
    }
}

fn answered<A: Serialize>(answer: Result<A, sqlx::Error>) -> Result<Value, ServiceError> {
    let answer = answer.map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "A tool can't read the read models"
        );
        ServiceError::new(503, "the read models can't be read right now, try again")
    })?;
    serde_json::to_value(answer).map_err(|error| {
        tracing::error!(%error, "A tool's answer is no JSON");
        ServiceError::new(500, "the answer can't be written")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a question is asked at its own time, and nothing is derived from it"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
