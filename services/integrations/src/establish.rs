//! Making a connection of what was authorized. Each step finds its own earlier effect, or is undone when a later one is
//! refused, so that nothing is half connected.

use std::time::Duration;

use infragpt_connectors::{Authorization, Failure};
use infragpt_events::integration::{Account, Authorized, Integration, IntegrationCommand, IntegrationEvent, Standing};
use infragpt_nats::{Cause, ClaimOutcome, Executed, Position, ServiceError};
use infragpt_vault::{Credential, Purpose, Reader};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, not_claimed, not_opened, refused, sentence, sequence},
    request::Target,
    retire::Revocation,
};

/// How long somebody waits for the list of what their new connection may see; a longer one comes afterwards.
const LISTED_WITHIN: Duration = Duration::from_secs(10);

/// A connection as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Established {
    /// The integration.
    pub integration: Uuid,
    /// The account that it connects.
    pub account: Account,
    /// Its state: `active`.
    pub state: String,
    /// How many events this appended; 0 where it was connected like this already.
    pub appended: usize,
    /// The sequence of the last of them in the stream EVENTS.
    pub position: Option<u64>,
}

impl Context {
    /// Claims the account, stores the credential, authorizes the integration, and lists what it may see. The caller has the
    /// integration's turn, since before the external system was asked: what ends an earlier connection there would end
    /// this one, too.
    pub(crate) async fn establish(
        &self,
        target: &Target,
        cause: &Cause,
        authorization: Authorization,
        attempt: Option<Uuid>,
    ) -> Result<Established, ServiceError> {
        let Authorization {
            account,
            bot_user,
            scopes,
            credential,
        } = authorization;
        let before = self.load(target).await?;
        check_free(&before, &account)?;
        if let Standing::Disconnected(earlier, _) = &before.standing {
            // What an earlier connection left is ended first, so that nothing of it ends the new one later. Ending the same
            // account there would end what was just allowed.
            let revocation = if earlier.account.id == account.id {
                Revocation::Leave
            } else {
                Revocation::Once
            };
            self.retire(target, cause, revocation).await?;
        }
        let is_new = self.claim(target, &account).await?;
        let generation = match credential {
            None => None,
            Some(credential) => Some(self.keep(target, cause, &credential).await?),
        };
        let authorized = Authorized {
            connector: target.connector.clone(),
            account: account.clone(),
            bot_user,
            scopes,
            attempt,
            credential: generation,
            allowed_at: Some(cause.time),
        };
        let executed = match self
            .execute(target, cause, IntegrationCommand::Authorize(authorized))
            .await
        {
            Ok(executed) => executed,
            Err(error) if error.code >= 500 => return Err(error),
            Err(error) => {
                self.undo(target, cause, is_new.then_some(&account), generation).await?;
                return Err(error);
            }
        };
        self.check_still_present(target, cause).await?;
        if let Some(generation) = generation.filter(|generation| *generation > 1) {
            let shredded = self.vault.shred(&target.owner(), generation - 1, cause).await;
            shredded.map_err(|error| not_opened(&error))?;
        }
        let mut appended = executed.events.len();
        let mut position: Option<Position> = executed.position;
        if let Some(listed) = self.list_soon(target, cause).await {
            appended += listed.events.len();
            position = listed.position.or(position);
        }
        tracing::info!(
            organization.id = %target.organization, integration.id = %target.integration, appended,
            "Connected {} account `{}` to organization `{}`", target.connector, account.id, target.organization
        );
        Ok(Established {
            integration: target.integration,
            account,
            state: "active".to_owned(),
            appended,
            position: sequence(position),
        })
    }

    /// Ends a connection whose organization was deleted while it was made: whoever erases may have looked before. An
    /// organization that can't be looked up now is looked at when the connection is tried.
    pub(crate) async fn check_still_present(&self, target: &Target, cause: &Cause) -> Result<(), ServiceError> {
        let Err(gone @ ServiceError { code: 410, .. }) = self.check_present(&target.organization).await else {
            return Ok(());
        };
        let reason = "the organization was deleted".to_owned();
        self.execute(target, cause, IntegrationCommand::Disconnect { reason })
            .await?;
        self.retire(target, cause, Revocation::Once).await?;
        Err(gone)
    }

    /// Lists what the connection may see, and waits for a short list only: nobody looks at a page for minutes.
    async fn list_soon(&self, target: &Target, cause: &Cause) -> Option<Executed<IntegrationEvent>> {
        let (context, target, cause) = (self.clone(), target.clone(), cause.clone());
        let listing = tokio::spawn(async move {
            let listed = context.synchronize_now(&target, &cause).await;
            // The connection stands; what it may see comes with the next round.
            listed.inspect_err(|error| {
                tracing::warn!(
                    organization.id = %target.organization, integration.id = %target.integration, code = error.code,
                    "What {} may see could not be listed yet: {}", target.connector, error.message
                );
            })
        });
        tokio::time::timeout(LISTED_WITHIN, listing).await.ok()?.ok()?.ok()
    }

    /// Claims the account; whether it was not claimed before.
    async fn claim(&self, target: &Target, account: &Account) -> Result<bool, ServiceError> {
        let claimed = self
            .accounts
            .claim(&target.connector, &account.id, &target.claim())
            .await
            .map_err(|error| not_claimed(&error))?;
        match claimed {
            ClaimOutcome::Claimed => Ok(true),
            ClaimOutcome::AlreadyOurs => Ok(false),
            ClaimOutcome::Taken => Err(ServiceError::new(
                409,
                format!(
                    "The {} account `{}` belongs to another organization of this installation, which has to disconnect \
                     it first.",
                    target.connector, account.name
                ),
            )),
        }
    }

    /// Stores a credential as a new generation, unless it is the one that is there.
    async fn keep(&self, target: &Target, cause: &Cause, credential: &Credential) -> Result<u32, ServiceError> {
        let owner = target.owner();
        let kept = self
            .vault
            .generations(&owner)
            .await
            .map_err(|error| not_opened(&error))?;
        if !kept.is_empty()
            && let Ok(opened) = self.vault.read(&owner, Purpose::Validate, &Reader::of(cause)).await
            && opened.credential.expose() == credential.secret.expose()
        {
            return Ok(opened.generation);
        }
        self.vault
            .store(&owner, credential, cause)
            .await
            .map_err(|error| not_opened(&error))
    }

    /// Takes back what a refused authorization left: its credential, and the claim where that was its own.
    async fn undo(
        &self,
        target: &Target,
        cause: &Cause,
        claimed: Option<&Account>,
        generation: Option<u32>,
    ) -> Result<(), ServiceError> {
        let present = self.load(target).await?;
        let connected = present.connected();
        if let Some(generation) = generation
            && connected.and_then(|connected| connected.credential) != Some(generation)
        {
            let shredded = self.vault.shred_one(&target.owner(), generation, cause).await;
            shredded.map_err(|error| not_opened(&error))?;
        }
        let Some(account) = claimed.filter(|account| connected.is_none_or(|it| it.account.id != account.id)) else {
            return Ok(());
        };
        let claim = self.accounts.find_now(&target.connector, &account.id).await;
        match claim.map_err(|error| not_claimed(&error))? {
            Some(held) if held.is_of(&target.claim()) => {
                self.accounts.release(&held).await.map_err(|error| not_claimed(&error))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses where another account is connected, before that account is claimed and nobody else could have it.
fn check_free(present: &Integration, wanted: &Account) -> Result<(), ServiceError> {
    match present.connected() {
        Some(connected) if connected.account.id != wanted.id => {
            Err(refused(&infragpt_events::integration::Refusal::OtherAccount {
                connected: connected.account.id.clone(),
                wanted: wanted.id.clone(),
            }))
        }
        _ => Ok(()),
    }
}

/// What a connector's failure is to whoever asked.
pub(crate) fn failed(failure: &Failure) -> ServiceError {
    let code = match failure {
        Failure::NotConfigured(_) => 501,
        Failure::Denied(_) => 403,
        Failure::Refused(_) => 422,
        Failure::Unauthorized(_) => 401,
        Failure::RateLimited(_) => 429,
        Failure::Unavailable(_) => 503,
    };
    ServiceError::new(code, sentence(&failure.to_string()))
}
