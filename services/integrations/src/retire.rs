//! What follows when a connection has ended: the external system ends the credential, its data key is erased, and the
//! account can be claimed by others. Every step finds its own earlier effect, so the whole is repeated until it is done.

use chrono::{DateTime, Duration, Utc};
use infragpt_connectors::Failure;
use infragpt_events::integration::{Connected, Integration, Standing};
use infragpt_nats::{Cause, HandlerError, Received, Route, ServiceError};
use infragpt_vault::Purpose;

use crate::{
    context::{Context, not_claimed, not_opened, reader},
    establish::failed,
    request::Target,
};

/// How long the external system is asked to end a credential before it is shredded without that: a credential that the
/// product can still use must not outlive its connection for long.
const LONGEST_REVOCATION: Duration = Duration::minutes(10);

/// How the external system is asked to end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// Until it says that it did: its silence is an error, and nothing is shredded yet.
    Confirmed,
    /// Once, whatever it says.
    Once,
    /// Not at all.
    Leave,
}

impl Context {
    /// Ends what a disconnected integration left behind. The caller has its turn.
    pub(crate) async fn retire(
        &self,
        target: &Target,
        cause: &Cause,
        revocation: Revocation,
    ) -> Result<(), ServiceError> {
        let Integration {
            standing: Standing::Disconnected(connected, _),
            ..
        } = self.load(target).await?
        else {
            return Ok(());
        };
        let owner = target.owner();
        let generations = self
            .vault
            .generations(&owner)
            .await
            .map_err(|error| not_opened(&error))?;
        // A later generation is that of a connection that is being made right now.
        let last = connected
            .credential
            .filter(|last| generations.iter().any(|it| it <= last));
        let held = self
            .accounts
            .find_now(&target.connector, &connected.account.id)
            .await
            .map_err(|error| not_claimed(&error))?
            .is_some_and(|claim| claim.integration == target.integration);
        if last.is_none() && !held {
            return Ok(());
        }
        if revocation != Revocation::Leave {
            self.revoke(target, cause, &connected, last, revocation).await?;
        }
        if let Some(last) = last {
            let shredded = self.vault.shred(&owner, last, cause).await;
            shredded.map_err(|error| not_opened(&error))?;
        }
        self.accounts
            .release(&target.connector, &connected.account.id, &target.claim())
            .await
            .map_err(|error| not_claimed(&error))
    }

    async fn revoke(
        &self,
        target: &Target,
        cause: &Cause,
        connected: &Connected,
        generation: Option<u32>,
        revocation: Revocation,
    ) -> Result<(), ServiceError> {
        let Some(connector) = self.connectors.get(&target.connector) else {
            return Ok(());
        };
        let opened = match generation {
            None => None,
            Some(_) => self
                .vault
                .read(&target.owner(), Purpose::Revoke, &reader(cause))
                .await
                .ok(),
        };
        let secret = opened.as_ref().map(|opened| &opened.credential);
        if generation.is_some() && secret.is_none() {
            // Nobody can read it any more, so nobody can end it either.
            return Ok(());
        }
        let refused = match connector.revoke(connected, secret).await {
            Ok(()) | Err(Failure::NotConfigured(_) | Failure::Unauthorized(_)) => None,
            Err(failure) => Some(failed(&failure)),
        };
        match (&refused, revocation) {
            (Some(error), Revocation::Confirmed) => {
                return Err(ServiceError::new(
                    503,
                    format!(
                        "{} has not confirmed yet that it ended the connection, and is asked again: {}",
                        target.connector, error.message
                    ),
                ));
            }
            (Some(error), Revocation::Once | Revocation::Leave) => tracing::warn!(
                organization.id = %target.organization, integration.id = %target.integration,
                "{} did not confirm that it ended the connection of `{}`: {}", target.connector, target.organization,
                error.message
            ),
            (None, _) => {}
        }
        if let Some(generation) = generation {
            let reason = refused.as_ref().map(|error| error.message.clone());
            self.vault
                .revoked(&target.owner(), generation, refused.is_none(), reason, cause)
                .await
                .map_err(|error| not_opened(&error))?;
        }
        Ok(())
    }
}

/// Handles the `disconnected` events of all integrations, whoever caused them.
#[derive(Debug, Clone)]
pub(crate) struct Disconnections(pub Context);

impl infragpt_nats::Handler for Disconnections {
    fn route(&self, received: &Received) -> Route {
        let tenant = received.token(2).unwrap_or_default().to_owned();
        let key = received.token(3).unwrap_or_default().to_owned();
        Route { key, tenant }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let Some((target, cause)) = self.read(&received) else {
            tracing::error!(subject = %received.subject, "No integration that is known here ended");
            return Ok(());
        };
        let _turn = self.0.turns.of(target.integration).await;
        let revocation = if is_overdue(received.published, self.0.now()) {
            Revocation::Once
        } else {
            Revocation::Confirmed
        };
        self.0
            .retire(&target, &cause, revocation)
            .await
            .map_err(|error| HandlerError::retry(std::io::Error::other(error.message)))
    }
}

impl Disconnections {
    /// Whose integration it was: the event says the organization, and the identity tells which of its connectors.
    fn read(&self, received: &Received) -> Option<(Target, Cause)> {
        let organization = received.token(2)?.parse().ok()?;
        let integration = received.token(3)?;
        let target = self
            .0
            .connectors
            .keys()
            .map(|connector| Target::new(Clone::clone(&organization), connector.clone()))
            .find(|target| target.integration.to_string() == integration)?;
        Some((target, Cause::of(received, "system:integrations")))
    }
}

fn is_overdue(disconnected: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - disconnected > LONGEST_REVOCATION
}
