//! Ending the connections of an organization, which the role `integrations` does: it alone can shred credentials, ask their
//! providers to end them, and let accounts go.

use std::{collections::BTreeSet, time::Duration};

use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_nats::{Received, request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{context::Context, error::Error, quiet::LONGEST};

/// How long one connection may take to end: its provider is asked.
const PATIENCE: Duration = Duration::from_mins(1);

/// Who asks.
pub(crate) const ACTOR: &str = "system:erasure";

#[derive(Deserialize)]
struct List {
    integrations: Vec<Listed>,
}

/// What has to be known of an integration.
#[derive(Deserialize)]
struct Listed {
    connector: ConnectorKind,
    /// The account that is connected, or was.
    account: Option<Value>,
}

#[derive(Deserialize)]
struct Ended {
    remaining: Option<String>,
}

#[derive(Serialize)]
struct Disconnect<'a> {
    organization: &'a OrganizationId,
    connector: &'a ConnectorKind,
    reason: &'static str,
    force: bool,
    actor: &'static str,
    request_id: String,
}

impl Context {
    /// Ends every connection of `organization` that there is or was, those of `known` connectors too when they are not
    /// configured any more. After half an hour a provider is not waited for any longer.
    pub async fn end_connections(
        &self,
        organization: &OrganizationId,
        mut known: BTreeSet<ConnectorKind>,
        deletion: &Received,
    ) -> Result<(), Error> {
        let listed: List = self.ask("list", &json!({ "organization": organization })).await?;
        let configured: BTreeSet<ConnectorKind> = listed.integrations.iter().map(|it| it.connector.clone()).collect();
        let connected = listed.integrations.into_iter().filter(|it| it.account.is_some());
        known.extend(connected.map(|it| it.connector));
        let is_overdue = self.now() - deletion.published > LONGEST;
        let mut remains = None;
        for connector in known {
            let request = Disconnect {
                organization,
                connector: &connector,
                reason: "the organization was deleted",
                force: is_overdue || !configured.contains(&connector),
                actor: ACTOR,
                request_id: format!("{}#{}", deletion.envelope.id, Uuid::now_v7()),
            };
            match self.ask::<Ended>("disconnect", &request).await {
                // Or it never was connected.
                Ok(Ended { remaining: None }) | Err(Error::Connections(request::Error::Service { code: 404, .. })) => {}
                Ok(Ended {
                    remaining: Some(remaining),
                }) => remains = Some(Error::Connected { connector, remaining }),
                // The others are ended nevertheless.
                Err(error) => remains = Some(error),
            }
        }
        remains.map_or(Ok(()), Err)
    }

    async fn ask<R: serde::de::DeserializeOwned>(
        &self,
        command: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<R, Error> {
        let subject = format!("integration.v1.{command}");
        let reply = self.connection.request(&subject, request, PATIENCE).await;
        reply.map_err(Error::Connections)
    }
}
