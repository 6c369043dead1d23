//! Ending a credential: its data key is erased, and what was sealed under it is noise for ever, in every backup of the
//! log and on every rebuild.

use infragpt_events::{
    audit::AuditedAction,
    credential::{self, CredentialCommand, Refusal, Revoked},
};
use infragpt_nats::{Cause, CredentialKeyId, ExecuteError, credential_key};

use crate::{
    Error, Owner, Reader, Vault,
    vault::{following, subject},
};

/// How often a data key may be wrapped again while it is being erased.
const TRIES: u32 = 10;

impl Vault {
    /// Records that the external system was asked to end a generation, and what it said. Once for each generation; one
    /// that is shredded already stays as it is.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn revoked(
        &self,
        owner: &Owner,
        generation: u32,
        confirmed: bool,
        reason: Option<String>,
        cause: &Cause,
    ) -> Result<(), Error> {
        let refused = (!confirmed).then(|| reason.clone().unwrap_or_else(|| "it was not confirmed".to_owned()));
        let revoked = Revoked {
            generation,
            confirmed,
            reason,
        };
        let event = following(cause, format_args!("revoked.{generation}"));
        if self.execute(owner, &event, CredentialCommand::Revoke(revoked)).await? > 0 {
            self.note_change(AuditedAction::CredentialRevoked, owner, &Reader::of(cause), refused);
        }
        Ok(())
    }

    /// Shreds every generation up to `up_to_generation` and returns how many: erases the data key, which makes what was
    /// sealed under it unreadable, then records that. Where it is cut off, calling it again does the rest.
    ///
    /// Other copies of this process forget the data key as soon as they hear of it, and at the latest in ten seconds.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Keys`].
    pub async fn shred(&self, owner: &Owner, up_to_generation: u32, cause: &Cause) -> Result<usize, Error> {
        let mut shredded = 0;
        for generation in self.generations(owner).await? {
            if generation <= up_to_generation {
                shredded += self.erase(owner, generation, cause).await?;
            }
        }
        // An earlier call may have been cut off before it told others.
        self.changed(owner).await;
        Ok(shredded)
    }

    /// As [`shred`](Self::shred), one generation and not those before it; whether it was there.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Keys`].
    pub async fn shred_one(&self, owner: &Owner, generation: u32, cause: &Cause) -> Result<bool, Error> {
        let is_live = self.generations(owner).await?.contains(&generation);
        let shredded = is_live && self.erase(owner, generation, cause).await? > 0;
        self.changed(owner).await;
        Ok(shredded)
    }

    async fn erase(&self, owner: &Owner, generation: u32, cause: &Cause) -> Result<usize, Error> {
        let erased = self.erase_generation(owner, generation, cause).await;
        // Whoever was faster has noted it.
        if !matches!(erased, Ok(0)) {
            let refused = erased.as_ref().err().map(ToString::to_string);
            self.note_change(AuditedAction::CredentialShredded, owner, &Reader::of(cause), refused);
        }
        erased
    }

    async fn erase_generation(&self, owner: &Owner, generation: u32, cause: &Cause) -> Result<usize, Error> {
        let id = CredentialKeyId {
            organization: owner.organization.clone(),
            integration: owner.integration,
            generation,
        };
        self.erase_key(&id).await?;
        self.changed(owner).await;
        let cause = following(cause, format_args!("shredded.{generation}"));
        let shredded = self
            .execute(owner, &cause, CredentialCommand::Shred { generation })
            .await?;
        // A rotation that wrote it again a moment ago does so before it looks at the log: now it is seen.
        self.erase_key(&id).await?;
        Ok(shredded)
    }

    /// Erases a data key until there is none: a rotation may write one between looking and erasing.
    pub(crate) async fn erase_key(&self, id: &CredentialKeyId) -> Result<(), Error> {
        let mut outcome = Err(Error::Contended);
        for _ in 0..TRIES {
            outcome = match self.0.data_keys.erase_all(id).await {
                Ok(()) if self.0.data_keys.find(id).await?.is_none() => return Ok(()),
                Ok(()) => Err(Error::Contended),
                // Somebody else may have erased it between looking and erasing.
                Err(error @ credential_key::Error::Erase(_)) => Err(error.into()),
                Err(error) => return Err(error.into()),
            };
        }
        outcome
    }

    /// Executes what a credential does not refuse, and returns how many events came of it.
    async fn execute(&self, owner: &Owner, cause: &Cause, command: CredentialCommand) -> Result<usize, Error> {
        let executed = self
            .0
            .store
            .execute::<credential::Credential>(&subject(owner), cause, command)
            .await;
        match executed {
            Ok(executed) => Ok(executed.events.len()),
            Err(ExecuteError::Refused(Refusal::Gone(_))) => Ok(0),
            Err(ExecuteError::Refused(Refusal::Superseded)) => Err(Error::Contended),
            Err(ExecuteError::Store(error)) => Err(error.into()),
        }
    }
}
