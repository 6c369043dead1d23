//! `tool.v1.infragpt.integrations`: what is connected, and what it may see.

use chrono::{DateTime, Utc};
use infragpt_events::{
    OrganizationId,
    integration::{Lifecycle, ResourceKind},
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::{integrations, resources};

/// What is connected, or about to be, by connector.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    pub integrations: Vec<Connected>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Connected {
    pub connector: String,
    /// `pending`, `active`, `degraded`, `suspended` or `disconnected`.
    pub state: String,
    /// Why it is degraded, suspended or was disconnected.
    pub reason: Option<String>,
    pub account: Account,
    pub authorized_at: Option<DateTime<Utc>>,
    pub repositories: Vec<String>,
    pub channels: Vec<String>,
}

/// Empty while the first authorization is pending.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Account {
    pub id: String,
    pub name: String,
}

pub(crate) async fn answer(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Answer, sqlx::Error> {
    let integrations = integrations::list(&mut *connection, organization, now).await?;
    let resources = resources::list(&mut *connection, organization).await?;
    // A private channel is known in it alone.
    let is_told = |kind: ResourceKind, private: bool| kind != ResourceKind::Channel || !private;
    let named = |integration, kind: ResourceKind| {
        resources
            .iter()
            .filter(|resource| resource.integration_id == integration && resource.kind == kind.as_str())
            .filter(|resource| is_told(kind, resource.private))
            .map(|resource| resource.name.clone())
            .collect()
    };
    let integrations = integrations
        .into_iter()
        // What somebody only tried to connect is not connected.
        .filter(|integration| integration.state != Lifecycle::NotStarted.as_str())
        .map(|integration| Connected {
            repositories: named(integration.id, ResourceKind::Repository),
            channels: named(integration.id, ResourceKind::Channel),
            connector: integration.connector,
            state: integration.state,
            reason: integration.reason,
            account: Account {
                id: integration.account_id.unwrap_or_default(),
                name: integration.account_name.unwrap_or_default(),
            },
            authorized_at: integration.authorized_at,
        })
        .collect();
    Ok(Answer { integrations })
}
