//! `tool.v1.infragpt.integrations`: what is connected, and what it may see.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, integration::ResourceKind};
use serde::Serialize;
use sqlx::PgConnection;

use crate::{integrations, resources};

/// What is connected, by connector.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    pub integrations: Vec<Connected>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Connected {
    pub connector: String,
    pub state: String,
    pub account: Account,
    pub authorized_at: DateTime<Utc>,
    pub repositories: Vec<String>,
    pub channels: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Account {
    pub id: String,
    pub name: String,
}

pub(crate) async fn answer(
    connection: &mut PgConnection,
    organization: &OrganizationId,
) -> Result<Answer, sqlx::Error> {
    let integrations = integrations::list(&mut *connection, organization).await?;
    let resources = resources::list(&mut *connection, organization).await?;
    let named = |integration, kind: ResourceKind| {
        resources
            .iter()
            .filter(|resource| resource.integration_id == integration && resource.kind == kind.as_str())
            .map(|resource| resource.name.clone())
            .collect()
    };
    let integrations = integrations
        .into_iter()
        .map(|integration| Connected {
            repositories: named(integration.id, ResourceKind::Repository),
            channels: named(integration.id, ResourceKind::Channel),
            connector: integration.connector,
            state: integration.state,
            account: Account {
                id: integration.account_id,
                name: integration.account_name,
            },
            authorized_at: integration.authorized_at,
        })
        .collect();
    Ok(Answer { integrations })
}
