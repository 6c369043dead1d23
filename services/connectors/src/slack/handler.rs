//! From stored facts to conversations and integrations.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use infragpt_events::{
    conversation::{self, Conversation, ConversationCommand},
    integration::{Integration, IntegrationCommand, Resource, ResourceKind},
};
use infragpt_nats::{
    Accounts, AggregateSubject, Cause, Claim, Connection, EventStore, HandlerError, Received, Rehearsal, Route,
    account::Lookup,
};
use tracing::{debug, info};

use super::gestures::Gestures;
use super::interpretation::{Action, Interpretation, connector, interpret, route_key};
use crate::refusal::refused_is_done;

/// What a fact is about.
struct Context<'fact> {
    claim: &'fact Claim,
    /// The account that is claimed.
    account: &'fact str,
    cause: &'fact Cause,
    /// When it happened in Slack, where Slack says so.
    happened: Option<DateTime<Utc>>,
}

/// Handles RAW_SLACK. What nobody can ever read goes to the dead letters; what nobody connected stays in the stream.
#[derive(Clone, Debug)]
pub struct Handler {
    accounts: Lookup,
    store: EventStore,
    gestures: Arc<Gestures>,
}

impl Handler {
    /// A handler that reads and appends as `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            accounts: Lookup::Now(Accounts::new(connection)),
            store: EventStore::new(connection),
            gestures: Arc::default(),
        }
    }

    /// A handler that decides on the log as it was, and appends nothing. One for each fact: it has no other memory.
    pub fn rehearse(rehearsal: &Rehearsal) -> Self {
        Self {
            accounts: Lookup::AsItWas(rehearsal.clone()),
            store: EventStore::rehearse(rehearsal),
            gestures: Arc::default(),
        }
    }

    /// The first of `accounts` that somebody has.
    async fn claim(&self, accounts: &[String]) -> Result<Option<(Claim, String)>, HandlerError> {
        let connector = connector();
        for account in accounts {
            if let Some(claim) = self
                .accounts
                .find(&connector, account)
                .await
                .map_err(HandlerError::retry)?
            {
                return Ok(Some((claim, account.clone())));
            }
        }
        Ok(None)
    }

    async fn act(&self, context: &Context<'_>, action: Action) -> Result<(), HandlerError> {
        match action {
            Action::Converse { command, root } => self.converse(context, command, root).await,
            Action::Integrate(command) => self.integrate(context, command).await,
            Action::Join(resource) => {
                if self.known(context.claim, &resource.id).await?.is_some() {
                    return Ok(());
                }
                let resources = vec![resource];
                self.integrate(context, IntegrationCommand::GrantResources { resources })
                    .await
            }
            Action::Rename { id, name } => {
                let Some(known) = self.known(context.claim, &id).await? else {
                    return Ok(());
                };
                let resources = vec![Resource { name, ..known }];
                self.integrate(context, IntegrationCommand::GrantResources { resources })
                    .await
            }
        }
    }

    async fn converse(
        &self,
        context: &Context<'_>,
        command: ConversationCommand,
        root: bool,
    ) -> Result<(), HandlerError> {
        let Context { claim, cause, .. } = context;
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

    async fn integrate(&self, context: &Context<'_>, command: IntegrationCommand) -> Result<(), HandlerError> {
        let subject = AggregateSubject::new::<Integration>(&context.claim.organization, context.claim.integration);
        let command = about(context.account, context.happened, command);
        refused_is_done(
            "A fact from Slack",
            self.store
                .execute::<Integration>(&subject, context.cause, command)
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

/// Says which account a command is about. That an app was uninstalled can come late, after it was installed again; what happens in
/// channels comes at once, or is put right by the next synchronization.
fn about(account: &str, happened: Option<DateTime<Utc>>, command: IntegrationCommand) -> IntegrationCommand {
    let at = match command {
        IntegrationCommand::Disconnect { .. } => happened,
        _ => None,
    };
    IntegrationCommand::Of {
        account: account.to_owned(),
        at,
        command: Box::new(command),
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
        let Some((claim, account)) = self.claim(&accounts).await? else {
            info!(
                account = accounts.join(","),
                sequence = received.sequence,
                "A fact from a Slack workspace that nobody connected stays in RAW_SLACK"
            );
            return Ok(());
        };
        if !claim.covers(received.published) {
            debug!(
                account,
                sequence = received.sequence,
                "A fact from Slack is of another organization's time"
            );
            return Ok(());
        }
        let context = Context {
            claim: &claim,
            account: &account,
            cause: &Cause::of(&received, actor),
            happened: received.envelope.time,
        };
        self.act(&context, *action).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_an_installation_is_dated() {
        let happened = DateTime::from_timestamp(1_000, 0);
        let dated = |command: IntegrationCommand| match about("T1", happened, command.clone()) {
            IntegrationCommand::Of {
                account,
                at,
                command: inner,
            } => {
                assert_eq!((account.as_str(), *inner), ("T1", command));
                at
            }
            other => panic!("{other:?}"),
        };
        let reason = String::new();
        assert_eq!(dated(IntegrationCommand::Disconnect { reason }), happened);
        assert_eq!(dated(IntegrationCommand::GrantResources { resources: vec![] }), None);
    }
}
