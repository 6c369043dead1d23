//! From stored facts to conversations and integrations.

use std::sync::Arc;

use infragpt_events::{
    conversation::{self, Conversation, ConversationCommand},
    integration::{Integration, IntegrationCommand, Resource, ResourceKind},
};
use infragpt_nats::{Accounts, AggregateSubject, Cause, Claim, Connection, EventStore, HandlerError, Received, Route};
use tracing::{debug, info};

use super::gestures::Gestures;
use super::interpretation::{Action, Interpretation, connector, interpret, route_key};
use crate::refusal::refused_is_done;

/// Handles RAW_SLACK. What nobody can ever read goes to the dead letters; what nobody connected stays in the stream.
#[derive(Clone, Debug)]
pub struct Handler {
    accounts: Accounts,
    store: EventStore,
    gestures: Arc<Gestures>,
}

impl Handler {
    /// A handler that reads and appends as `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            accounts: Accounts::new(connection),
            store: EventStore::new(connection),
            gestures: Arc::default(),
        }
    }

    async fn claim(&self, accounts: &[String]) -> Result<Option<Claim>, HandlerError> {
        let connector = connector();
        for account in accounts {
            if let Some(claim) = self
                .accounts
                .find(&connector, account)
                .await
                .map_err(HandlerError::retry)?
            {
                return Ok(Some(claim));
            }
        }
        Ok(None)
    }

    async fn act(&self, claim: &Claim, cause: &Cause, action: Action) -> Result<(), HandlerError> {
        match action {
            Action::Converse { command, root } => self.converse(claim, cause, command, root).await,
            Action::Integrate(command) => self.integrate(claim, cause, command).await,
            Action::Join(resource) => {
                if self.known(claim, &resource.id).await?.is_some() {
                    return Ok(());
                }
                self.integrate(
                    claim,
                    cause,
                    IntegrationCommand::GrantResources {
                        resources: vec![resource],
                    },
                )
                .await
            }
            Action::Rename { id, name } => {
                let Some(known) = self.known(claim, &id).await? else {
                    return Ok(());
                };
                let resources = vec![Resource { name, ..known }];
                self.integrate(claim, cause, IntegrationCommand::GrantResources { resources })
                    .await
            }
        }
    }

    async fn converse(
        &self,
        claim: &Claim,
        cause: &Cause,
        command: ConversationCommand,
        root: bool,
    ) -> Result<(), HandlerError> {
        let ConversationCommand::ReceiveMessage { place, message, .. } = command.clone() else {
            return Ok(());
        };
        if self.gestures.is_asked(&place, &message.id) {
            return Ok(());
        }
        let subject = AggregateSubject::new::<Conversation>(&claim.organization, conversation::id(&place));
        let executed = if root {
            self.store.execute_new::<Conversation>(&subject, cause, command).await
        } else {
            self.store.execute::<Conversation>(&subject, cause, command).await
        };
        if executed.as_ref().is_ok_and(|executed| !executed.events.is_empty()) {
            self.gestures.asked(&place, &message.id);
        }
        refused_is_done("A fact from Slack", executed.map(drop))
    }

    async fn integrate(&self, claim: &Claim, cause: &Cause, command: IntegrationCommand) -> Result<(), HandlerError> {
        let subject = AggregateSubject::new::<Integration>(&claim.organization, claim.integration);
        refused_is_done(
            "A fact from Slack",
            self.store
                .execute::<Integration>(&subject, cause, command)
                .await
                .map(drop),
        )
    }

    /// The channel as the integration knows it.
    async fn known(&self, claim: &Claim, channel: &str) -> Result<Option<Resource>, HandlerError> {
        let subject = AggregateSubject::new::<Integration>(&claim.organization, claim.integration);
        let loaded = self
            .store
            .load::<Integration>(&subject)
            .await
            .map_err(HandlerError::retry)?;
        let key = (ResourceKind::Channel, channel.to_owned());
        Ok(loaded
            .state
            .connected()
            .and_then(|connected| connected.resources.get(&key))
            .cloned())
    }
}

impl infragpt_nats::Handler for Handler {
    fn route(&self, received: &Received) -> Route {
        let tenant = received.token(2).unwrap_or_default().to_owned();
        let key = route_key(received).unwrap_or_else(|| tenant.clone());
        Route { key, tenant }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let (accounts, actor, action) = match interpret(&received).map_err(HandlerError::discard)? {
            Interpretation::Nothing(reason) => {
                debug!(subject = %received.subject, sequence = received.sequence, reason, "A fact from Slack asks for nothing");
                return Ok(());
            }
            Interpretation::Act {
                accounts,
                actor,
                action,
            } => (accounts, actor, action),
        };
        let Some(claim) = self.claim(&accounts).await? else {
            info!(
                account = accounts.join(","),
                sequence = received.sequence,
                "A fact from a Slack workspace that nobody connected stays in RAW_SLACK"
            );
            return Ok(());
        };
        self.act(&claim, &Cause::of(&received, actor), *action).await
    }
}
