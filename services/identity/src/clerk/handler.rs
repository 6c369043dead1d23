//! From stored webhooks to organizations and people.

use infragpt_connectors::refused_is_done;
use infragpt_events::{
    OrganizationId,
    organization::{self, Organization, OrganizationCommand},
    user::{self, User, UserCommand},
};
use infragpt_nats::{
    AggregateSubject, Cause, Connection, EventStore, HandlerError, Origin, Received, Rehearsal, Route,
};
use tracing::debug;

use super::interpretation::{Action, Interpretation, interpret};

/// What the log calls a fact of Clerk's.
const FACT: &str = "A fact from Clerk";

/// Handles RAW_CLERK. What nobody can ever read goes to the dead letters.
#[derive(Clone, Debug)]
pub struct Handler {
    store: EventStore,
}

impl Handler {
    /// A handler that reads and appends as `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            store: EventStore::new(connection),
        }
    }

    /// A handler that decides on the log as it was, and appends nothing.
    pub fn rehearse(rehearsal: &Rehearsal) -> Self {
        Self {
            store: EventStore::rehearse(rehearsal),
        }
    }

    async fn organization(
        &self,
        id: &OrganizationId,
        cause: &Cause,
        commands: Vec<OrganizationCommand>,
    ) -> Result<(), HandlerError> {
        let subject = AggregateSubject::new::<Organization>(id, organization::id(id));
        for (index, command) in commands.into_iter().enumerate() {
            // Identifiers of events derive from the cause's: two commands of one cause need two of them.
            let id = if index == 0 {
                cause.id.clone()
            } else {
                format!("{}#{index}", cause.id)
            };
            let cause = Cause { id, ..cause.clone() };
            let executed = self.store.execute::<Organization>(&subject, &cause, command).await;
            refused_is_done(FACT, executed.map(drop))?;
        }
        Ok(())
    }

    async fn user(&self, id: &str, cause: &Cause, command: UserCommand) -> Result<(), HandlerError> {
        let subject = AggregateSubject::new::<User>(&OrganizationId::nobody(), user::id(id));
        let executed = self.store.execute::<User>(&subject, cause, command).await;
        refused_is_done(FACT, executed.map(drop))
    }
}

impl infragpt_nats::Handler for Handler {
    /// Everything about an organization keeps its order, and so does everything else about a person.
    fn route(&self, received: &Received) -> Route {
        let tenant = received.token(2).unwrap_or_default().to_owned();
        let key = if tenant == OrganizationId::nobody().as_str() {
            let about = received.envelope.subject.as_deref().unwrap_or("-");
            format!("user:{about}")
        } else {
            format!("organization:{tenant}")
        };
        Route { key, tenant }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let (actor, action) = match interpret(&received).map_err(HandlerError::discard)? {
            Interpretation::Nothing(reason) => {
                debug!(subject = %received.subject, sequence = received.sequence, reason, "A fact from Clerk asks for nothing");
                return Ok(());
            }
            Interpretation::Act { actor, action } => (actor, action),
        };
        let mut cause = Cause::of(&received, actor);
        if action.deletes() {
            // That it is gone stays for ever. The address is of somebody, and the fact has it for as long as it is kept.
            cause.origin = Origin::default();
        }
        match action {
            Action::Organization { organization, commands } => self.organization(&organization, &cause, commands).await,
            Action::User { user, command } => self.user(&user, &cause, command).await,
        }
    }
}
