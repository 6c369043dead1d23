//! What follows when a connection has ended: the external system ends the credential, its data key is erased, and the
//! account can be claimed by others. Every step finds its own earlier effect, so the whole is repeated until it is done.

use chrono::{DateTime, Duration, Utc};
use infragpt_connectors::Failure;
use infragpt_events::integration::{Connected, Integration, Standing};
use infragpt_nats::{Cause, HandlerError, Received, Route, ServiceError};
use infragpt_vault::{Error, Purpose, Reader};

use crate::{
    context::{Context, not_claimed, not_opened, sentence},
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
        // All that there are: one may be of an authorization that was cut off before it came to anything.
        let generations = self
            .vault
            .generations(&owner)
            .await
            .map_err(|error| not_opened(&error))?;
        let held = self
            .accounts
            .find_now(&target.connector, &connected.account.id)
            .await
            .map_err(|error| not_claimed(&error))?
            .filter(|held| held.is_of(&target.claim()));
        if generations.is_empty() && held.is_none() {
            return Ok(());
        }
        if revocation != Revocation::Leave {
            self.revoke(target, cause, &connected, !generations.is_empty(), revocation)
                .await?;
        }
        if let Some(last) = generations.last() {
            let shredded = self.vault.shred(&owner, *last, cause).await;
            shredded.map_err(|error| not_opened(&error))?;
        }
        match held {
            Some(held) => self.accounts.release(&held).await.map_err(|error| not_claimed(&error)),
            None => Ok(()),
        }
    }

    async fn revoke(
        &self,
        target: &Target,
        cause: &Cause,
        connected: &Connected,
        has_credential: bool,
        revocation: Revocation,
    ) -> Result<(), ServiceError> {
        let Some(connector) = self.connectors.get(&target.connector) else {
            return Ok(());
        };
        let opened = if has_credential {
            match self
                .vault
                .read(&target.owner(), Purpose::Revoke, &Reader::of(cause))
                .await
            {
                Ok(opened) => Some(opened),
                // Nobody can read it any more, so nobody can end it either.
                Err(Error::NotStored | Error::Shredded | Error::Unreadable) => return Ok(()),
                Err(error) if revocation == Revocation::Confirmed => return Err(not_opened(&error)),
                Err(error) => {
                    tracing::error!(
                        organization.id = %target.organization, integration.id = %target.integration,
                        error = &error as &dyn std::error::Error,
                        "A credential of {} is shredded without ending it there: it can't be read", target.connector
                    );
                    return Ok(());
                }
            }
        } else {
            None
        };
        let secret = opened.as_ref().map(|opened| &opened.credential);
        let refused = match connector.revoke(connected, secret).await {
            Ok(()) => None,
            // There is nobody who could ask; asking again changes nothing.
            Err(Failure::NotConfigured(reason)) => Some(ServiceError::new(501, sentence(&reason))),
            Err(failure) => {
                let error = failed(&failure);
                if revocation == Revocation::Confirmed {
                    return Err(ServiceError::new(
                        503,
                        format!(
                            "{} has not confirmed yet that it ended the connection, and is asked again: {}",
                            target.connector, error.message
                        ),
                    ));
                }
                Some(error)
            }
        };
        if let Some(error) = &refused {
            tracing::warn!(
                organization.id = %target.organization, integration.id = %target.integration,
                "{} did not confirm that it ended the connection of `{}`: {}", target.connector, target.organization,
                error.message
            );
        }
        if let Some(opened) = &opened {
            let reason = refused.as_ref().map(|error| error.message.clone());
            self.vault
                .revoked(&target.owner(), opened.generation, refused.is_none(), reason, cause)
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
            // Its connector was taken out of the configuration. What it left is ended once that is back, or by hand.
            return Err(HandlerError::retry(std::io::Error::other(
                "the connector of the integration that ended is not configured here",
            )));
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
