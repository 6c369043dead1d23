//! `integration.v1.list`: how an organization's integrations stand, straight from the log.

use chrono::{DateTime, Utc};
use infragpt_events::{
    Aggregate as _, ConnectorKind,
    integration::{Account, Integration, Lifecycle},
};
use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, not_stored},
    request::{Target, organization},
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRequest {
    /// Whose integrations.
    pub organization: String,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReply {
    /// One for each configured connector, by name.
    pub integrations: Vec<Listed>,
}

/// How an integration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The integration.
    pub integration: Uuid,
    /// The kind of system.
    pub connector: ConnectorKind,
    /// `not_started`, `pending`, `active`, `degraded`, `suspended` or `disconnected`.
    pub state: String,
    /// Why, where it is not as it should be.
    pub reason: Option<String>,
    /// Since when it is in that state.
    pub since: Option<DateTime<Utc>>,
    /// When it was last authorized.
    pub authorized_at: Option<DateTime<Utc>>,
    /// The account that is connected, or was.
    pub account: Option<Account>,
    /// What the account's owner allowed.
    pub scopes: Vec<String>,
    /// How many resources it may see.
    pub resources: usize,
    /// Why the last attempt to authorize it came to nothing, if it did.
    pub last_failure: Option<String>,
    /// When that was.
    pub last_failed_at: Option<DateTime<Utc>>,
    /// When what it may see was last compared with what there is.
    pub synchronized_at: Option<DateTime<Utc>>,
    /// When it was last tried whether it works, if that was in the process that answers.
    pub last_tried_at: Option<DateTime<Utc>>,
    /// Why that could not be found out then; it says nothing of the connection.
    pub last_try_problem: Option<String>,
}

impl Context {
    /// How the integrations stand.
    pub(crate) async fn list(&self, request: ListRequest) -> Result<ListReply, ServiceError> {
        let organization = organization(&request.organization)?;
        let mut integrations = Vec::new();
        for connector in self.connectors.keys() {
            integrations.push(
                self.listed(Target::new(organization.clone(), connector.clone()))
                    .await?,
            );
        }
        Ok(ListReply { integrations })
    }

    async fn listed(&self, target: Target) -> Result<Listed, ServiceError> {
        use infragpt_events::integration::IntegrationEvent as Event;
        let history = self.store.history::<Integration>(&target.subject).await;
        let now = self.now();
        let mut state = Integration::default();
        let (mut since, mut authorized_at, mut synchronized_at) = (None, None, None);
        let mut last_failure: Option<(String, DateTime<Utc>)> = None;
        for (stored, event) in history.map_err(|error| not_stored(&error))? {
            let before = state.lifecycle(stored);
            state = state.evolve(&event);
            if state.lifecycle(stored) != before {
                since = Some(stored);
            }
            match event {
                Event::AuthorizationFailed(failed) => last_failure = Some((failed.reason, stored)),
                Event::AuthorizationStarted(_) => last_failure = None,
                Event::Authorized(_) => (authorized_at, last_failure) = (Some(stored), None),
                Event::Synchronized(_) => synchronized_at = Some(stored),
                _ => {}
            }
        }
        if let Some(over) = state.attempts.over_at(now).filter(|over| since < Some(*over)) {
            // An attempt that expired ended by itself, without an event.
            let is_pending = |at| state.lifecycle(at) == Lifecycle::Pending;
            since = if is_pending(over - chrono::Duration::milliseconds(1)) {
                Some(over)
            } else {
                since
            };
        }
        let connected = state.ever_connected();
        let (last_failure, last_failed_at) = last_failure.unzip();
        let trial = self.trials.last(target.integration);
        Ok(Listed {
            integration: target.integration,
            connector: target.connector,
            state: state.lifecycle(now).to_string(),
            reason: state.reason().map(str::to_owned),
            since,
            authorized_at,
            account: connected.map(|connected| connected.account.clone()),
            scopes: state.connected().map(|it| it.scopes.clone()).unwrap_or_default(),
            resources: state.connected().map_or(0, |it| it.resources.len()),
            last_failure,
            last_failed_at,
            synchronized_at,
            last_tried_at: trial.as_ref().map(|trial| trial.at),
            last_try_problem: trial.and_then(|trial| trial.problem),
        })
    }
}
