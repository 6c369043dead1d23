//! From stored facts to conversations and integrations.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::{
    action::{ActionCommand, Refused},
    channel::{self, Channel, Spot},
    conversation::{
        self, Addressed, Conversation, ConversationCommand, ConversationEvent, ExplanationRequested, Message, Place,
    },
    integration::{Integration, IntegrationCommand, Resource, ResourceKind},
    policy::{self, Policy},
};
use infragpt_nats::{
    Accounts, AggregateSubject, Cause, Claim, Connection, EventStore, HandlerError, Period, Received, Rehearsal, Route,
    account::Lookup, chat, decode_event,
};
use tracing::{debug, info};
use uuid::Uuid;

use super::gestures::Gestures;
use super::interpretation::{
    Action, Address, Interpretation, Opened, Reaction, connector, interpret, route_key, timestamp,
};
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
    /// To tell others with; a rehearsal tells nobody.
    connection: Option<Connection>,
}

impl Handler {
    /// A handler that reads and appends as `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            accounts: Lookup::Now(Accounts::new(connection)),
            store: EventStore::new(connection),
            gestures: Arc::default(),
            connection: Some(connection.clone()),
        }
    }

    /// A handler that decides on the log as it was, and appends nothing. One for each fact: it has no other memory.
    pub fn rehearse(rehearsal: &Rehearsal) -> Self {
        Self {
            accounts: Lookup::AsItWas(rehearsal.clone()),
            store: EventStore::rehearse(rehearsal),
            gestures: Arc::default(),
            connection: None,
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
            Action::Converse {
                place,
                message,
                address,
                is_private,
                root,
            } => {
                self.converse(context, (place, message), (address, is_private), root)
                    .await
            }
            Action::Steer { place, command } => self.steer(context, &place, command).await,
            Action::React {
                spot,
                message_id,
                reaction,
                by,
            } => self.react(context, &spot, &message_id, (reaction, by)).await,
            Action::Decide {
                action,
                approve,
                by,
                spot,
            } => self.decide(context, action, approve, (by, spot)).await,
            Action::Watch(spot, command) => {
                let subject = AggregateSubject::new::<Channel>(&context.claim.organization, channel::id(&spot));
                let watched = self.store.execute::<Channel>(&subject, context.cause, command).await;
                refused_is_done("A command in Slack", watched.map(drop))
            }
            Action::Open(opened) => {
                self.open(context, &opened).await;
                Ok(())
            }
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
        (place, message): (Place, Message),
        (address, is_private): (Address, Option<bool>),
        root: bool,
    ) -> Result<(), HandlerError> {
        let Context { claim, cause, .. } = context;
        if self.gestures.is_asked(&place, &message.id) {
            return Ok(());
        }
        let Some(addressed) = self.addressed(claim, &place, address).await? else {
            debug!("A message in Slack addresses somebody else");
            return Ok(());
        };
        let is_private = match is_private {
            Some(is_private) => is_private,
            // A mention does not say in what kind of channel it is; of one that isn't known nothing gets out.
            None => (self.known(claim, &place.channel).await?).is_none_or(|channel| channel.private),
        };
        let subject = AggregateSubject::new::<Conversation>(&claim.organization, conversation::id(&place));
        let command = ConversationCommand::ReceiveMessage {
            place: place.clone(),
            message: message.clone(),
            addressed,
            is_private,
        };
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

    /// How a message addresses us, where it does, or its channel wants it to be answered.
    async fn addressed(
        &self,
        claim: &Claim,
        place: &Place,
        address: Address,
    ) -> Result<Option<Addressed>, HandlerError> {
        if let Address::Ours(addressed) = address {
            return Ok(Some(addressed));
        }
        let spot = Spot {
            connector: place.connector.clone(),
            account: place.account.clone(),
            channel: place.channel.clone(),
        };
        let subject = AggregateSubject::new::<Channel>(&claim.organization, channel::id(&spot));
        let channel = self
            .store
            .load::<Channel>(&subject)
            .await
            .map_err(HandlerError::retry)?;
        let is_watched = match &address {
            Address::App(name) => channel.state.watches(name),
            Address::Channel | Address::Ours(_) => channel.state.is_watched,
        };
        Ok(is_watched.then_some(Addressed::Watched))
    }

    async fn steer(
        &self,
        context: &Context<'_>,
        place: &Place,
        command: ConversationCommand,
    ) -> Result<(), HandlerError> {
        self.steer_by_id(context, conversation::id(place), command).await
    }

    async fn steer_by_id(
        &self,
        context: &Context<'_>,
        conversation: Uuid,
        command: ConversationCommand,
    ) -> Result<(), HandlerError> {
        let subject = AggregateSubject::new::<Conversation>(&context.claim.organization, conversation);
        let steered = self
            .store
            .execute::<Conversation>(&subject, context.cause, command)
            .await;
        refused_is_done("A gesture in Slack", steered.map(drop))
    }

    /// A reaction says which message it is on, not in which thread that stands: the log knows, near the time at which the
    /// message was written.
    async fn react(
        &self,
        context: &Context<'_>,
        spot: &Spot,
        message_id: &str,
        (reaction, by): (Reaction, String),
    ) -> Result<(), HandlerError> {
        let Some(written) = timestamp(message_id) else {
            return Ok(());
        };
        let filter = format!("events.conversation.{}.*.*", context.claim.organization);
        let period = Period {
            since: written - TimeDelta::minutes(1),
            until: written + TimeDelta::minutes(20),
        };
        let near = self.store.within(&filter, period).await.map_err(HandlerError::retry)?;
        for received in &near {
            let Ok(decoded) = decode_event::<ConversationEvent>(received) else {
                continue;
            };
            let is_named = match &decoded.event {
                ConversationEvent::AnswerRequested(requested) => requested.message.id == message_id,
                ConversationEvent::AnswerDrafted(drafted) => drafted.posted_id == message_id,
                ConversationEvent::AnswerPosted(posted) => posted.posted_id == message_id,
                _ => false,
            };
            if !is_named {
                continue;
            }
            let subject = AggregateSubject::new::<Conversation>(&decoded.organization, decoded.aggregate_id);
            let loaded = self.store.load::<Conversation>(&subject).await;
            let conversation = loaded.map_err(HandlerError::retry)?.state;
            let is_here = conversation
                .place()
                .is_some_and(|place| place.account == spot.account && place.channel == spot.channel);
            let Some(turn) = conversation.turn_at(message_id).filter(|_| is_here) else {
                continue;
            };
            let answer_id = turn.answer_id;
            let command = match reaction {
                Reaction::Stop => ConversationCommand::Stop {
                    by,
                    answer_id: Some(answer_id),
                },
                Reaction::Explain => ConversationCommand::Explain(ExplanationRequested { answer_id, by }),
            };
            return self.steer_by_id(context, decoded.aggregate_id, command).await;
        }
        Ok(())
    }

    async fn decide(
        &self,
        context: &Context<'_>,
        id: Uuid,
        approve: bool,
        (by, spot): (String, Spot),
    ) -> Result<(), HandlerError> {
        let organization = &context.claim.organization;
        let subject = AggregateSubject::new::<infragpt_events::action::Action>(organization, id);
        let at = context.cause.time;
        let person = format!("slack:{by}");
        let command = if !self.policy(context.claim).await?.may_approve(&by) {
            ActionCommand::Refuse(Refused {
                by: person,
                spot,
                reason: "Only the people whom your administrators named may decide on this.".to_owned(),
            })
        } else if approve {
            ActionCommand::Approve { by: person, at }
        } else {
            ActionCommand::Deny {
                by: person,
                reason: None,
                at,
            }
        };
        let decided = self
            .store
            .execute::<infragpt_events::action::Action>(&subject, context.cause, command)
            .await;
        refused_is_done("A decision in Slack", decided.map(drop))
    }

    async fn policy(&self, claim: &Claim) -> Result<Policy, HandlerError> {
        let organization = &claim.organization;
        let subject = AggregateSubject::new::<Policy>(organization, policy::id(organization));
        let loaded = self.store.load::<Policy>(&subject).await;
        Ok(loaded.map_err(HandlerError::retry)?.state)
    }

    /// Tells those who show something, right now or never: whoever opened it opens it again.
    async fn open(&self, context: &Context<'_>, opened: &Opened) {
        let Some(connection) = &self.connection else {
            return;
        };
        let told = chat::Opened {
            organization: context.claim.organization.clone(),
            connector: connector(),
            account: context.account.to_owned(),
            place: match opened.clone() {
                Opened::Home { user } => chat::OpenedPlace::Home { user },
                Opened::Thread { user, channel, thread } => chat::OpenedPlace::Thread { user, channel, thread },
            },
        };
        let payload = serde_json::json!(told).to_string();
        if let Err(error) = connection.tell(chat::OPENED, payload.into()).await {
            debug!(
                error = &error as &dyn std::error::Error,
                "Nobody is told that something was opened"
            );
        }
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
        let (accounts, actor, shared, action) = match interpret(&received).map_err(HandlerError::discard)? {
            Interpretation::Nothing(reason) => {
                debug!(subject = %received.subject, sequence = received.sequence, reason, "A fact from Slack asks for nothing");
                return Ok(());
            }
            Interpretation::Act {
                accounts,
                actor,
                shared,
                action,
            } => (accounts, actor, shared, action),
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
        let is_gesture = !matches!(*action, Action::Integrate(_) | Action::Join(_) | Action::Rename { .. });
        if shared && is_gesture && !self.policy(&claim).await?.rules.shared_channels {
            debug!(
                account,
                sequence = received.sequence,
                "A fact from Slack is shared with another company, which the organization does not allow"
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
