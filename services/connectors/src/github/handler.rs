//! From stored deliveries to changes and integrations.

use chrono::{DateTime, Utc};
use infragpt_events::{
    change::{self, Change, ChangeCommand, Recorded},
    integration::{Integration, IntegrationCommand},
};
use infragpt_nats::{
    Accounts, AggregateSubject, Cause, Claim, Connection, EventStore, HandlerError, Received, Rehearsal, Route,
    account::Lookup,
};
use tracing::{debug, info};

use super::interpretation::{Action, Interpretation, connector, interpret, route_key};
use crate::refusal::refused_is_done;

/// Handles RAW_GITHUB. What nobody can ever read goes to the dead letters; what nobody connected stays in the stream.
#[derive(Clone, Debug)]
pub struct Handler {
    accounts: Lookup,
    store: EventStore,
}

impl Handler {
    /// A handler that reads and appends as `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            accounts: Lookup::Now(Accounts::new(connection)),
            store: EventStore::new(connection),
        }
    }

    /// A handler that decides on the log as it was, and appends nothing. One for each fact: it has no other memory.
    pub fn rehearse(rehearsal: &Rehearsal) -> Self {
        Self {
            accounts: Lookup::AsItWas(rehearsal.clone()),
            store: EventStore::rehearse(rehearsal),
        }
    }

    async fn record(
        &self,
        claim: &Claim,
        cause: &Cause,
        identity: &str,
        recorded: Recorded,
    ) -> Result<(), HandlerError> {
        let id = change::id(&claim.organization, &connector(), identity);
        let subject = AggregateSubject::new::<Change>(&claim.organization, id);
        let executed = self
            .store
            .execute_new::<Change>(&subject, cause, ChangeCommand::Record(recorded))
            .await;
        refused_is_done("A delivery from GitHub", executed.map(drop))
    }

    async fn integrate(
        &self,
        claim: &Claim,
        cause: &Cause,
        installation: &str,
        commands: Vec<IntegrationCommand>,
        at: impl Fn(&IntegrationCommand) -> Option<DateTime<Utc>>,
    ) -> Result<(), HandlerError> {
        let subject = AggregateSubject::new::<Integration>(&claim.organization, claim.integration);
        for (index, command) in commands.into_iter().enumerate() {
            // Identifiers of events derive from the cause's: two commands of one cause need two of them.
            let id = if index == 0 {
                cause.id.clone()
            } else {
                format!("{}#{index}", cause.id)
            };
            let cause = Cause { id, ..cause.clone() };
            let command = IntegrationCommand::Of {
                account: installation.to_owned(),
                at: at(&command),
                command: Box::new(command),
            };
            refused_is_done(
                "A delivery from GitHub",
                self.store
                    .execute::<Integration>(&subject, &cause, command)
                    .await
                    .map(drop),
            )?;
        }
        Ok(())
    }
}

/// Whether a fact is handled as it comes, or because its installation was connected after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Coming,
    Past,
}

impl Handler {
    /// Handles a fact that came before its installation was connected. That it was suspended or allowed more then is no news: whoever
    /// connected it has looked since.
    pub(super) async fn catch_up(&self, received: Received) -> Result<(), HandlerError> {
        self.take(received, When::Past).await
    }

    async fn take(&self, received: Received, when: When) -> Result<(), HandlerError> {
        let (actor, action) = match interpret(&received).map_err(HandlerError::discard)? {
            Interpretation::Nothing(reason) => {
                debug!(subject = %received.subject, sequence = received.sequence, reason, "A delivery from GitHub asks for nothing");
                return Ok(());
            }
            Interpretation::Act { actor, action } => (actor, action),
        };
        let installation = received.token(2).unwrap_or_default();
        let claim = self
            .accounts
            .find(&connector(), installation)
            .await
            .map_err(HandlerError::retry)?;
        let Some(claim) = claim else {
            info!(
                installation,
                sequence = received.sequence,
                "A delivery for a GitHub installation that nobody connected stays in RAW_GITHUB"
            );
            return Ok(());
        };
        if !claim.covers(received.published) {
            debug!(
                installation,
                sequence = received.sequence,
                "A delivery from GitHub is of another organization's time"
            );
            return Ok(());
        }
        let cause = Cause::of(&received, actor);
        match action {
            Action::Record { identity, change } => self.record(&claim, &cause, &identity, *change).await,
            Action::Integrate(commands) => {
                let at = |command: &IntegrationCommand| {
                    (when == When::Past && !is_about_resources(command)).then_some(received.published)
                };
                self.integrate(&claim, &cause, installation, commands, at).await
            }
        }
    }
}

fn is_about_resources(command: &IntegrationCommand) -> bool {
    matches!(
        command,
        IntegrationCommand::GrantResources { .. } | IntegrationCommand::WithdrawResources { .. }
    )
}

impl infragpt_nats::Handler for Handler {
    fn route(&self, received: &Received) -> Route {
        let tenant = received.token(2).unwrap_or_default().to_owned();
        let key = route_key(received).unwrap_or_else(|| format!("installation:{tenant}"));
        Route { key, tenant }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        self.take(received, When::Coming).await
    }
}
