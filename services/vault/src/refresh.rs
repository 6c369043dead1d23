//! Exchanging a credential for a new one before it expires, or when it was refused. The external system gives the new
//! one once, so it is in the log before anybody gets it.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use infragpt_events::{
    audit::AuditedAction,
    credential::{self, CredentialCommand, Refusal},
};
use infragpt_nats::{Cause, ExecuteError};
use tokio::time::Instant;

use crate::{
    Credential, Error, Opened, Owner, Purpose, Reader, RefreshError, Secret, Vault,
    cache::Entry,
    envelope::{Ciphertext, Place},
    flight::{Landed, Lately},
    random,
    vault::subject,
};

/// How long before it expires a credential is exchanged.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// How long the external system may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long the log is tried again before a new credential is given up.
const PERSISTENCE: Duration = Duration::from_mins(10);

/// How long another copy is given to store the new credential that it was given for the one that was refused to us.
const RIVALS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(150), Duration::from_millis(350)];

/// How often a refresh that was on its way already may be one that had something else in mind.
const TRIES: u32 = 3;

/// Why a version is to be exchanged.
#[derive(Debug, Clone, Copy)]
enum Reason {
    /// It expires soon.
    Expires,
    /// The external system refused this one.
    Refused { version: u32 },
}

impl Vault {
    /// As [`read`](Self::read), but when the credential expires within ten minutes, `refresh` is called with it first,
    /// and what it returns is stored and returned. However many callers and however they end, it is called once; copies
    /// of this process may call it at the same time, and all return the one that was stored first.
    ///
    /// While there is no new one, the old one is returned until it expires.
    ///
    /// # Errors
    /// [`Error::Refresh`] when it expired, and those of [`read`](Self::read).
    pub async fn fresh<F, R>(
        &self,
        owner: &Owner,
        purpose: Purpose,
        reader: &Reader,
        refresh: F,
    ) -> Result<Opened, Error>
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        let opened = self.fresh_entry(owner, reader, refresh).await;
        let opened = opened.and_then(|entry| entry.open());
        self.note(owner, purpose, reader, opened.as_ref().err());
        opened
    }

    /// As [`fresh`](Self::fresh), although it does not expire yet: the external system refused version `seen_version`.
    /// Where there is a newer version already, that is returned and nothing is refreshed.
    ///
    /// # Errors
    /// [`Error::Refresh`] when there is no new one, and those of [`read`](Self::read).
    pub async fn refresh_now<F, R>(
        &self,
        owner: &Owner,
        purpose: Purpose,
        reader: &Reader,
        seen_version: u32,
        refresh: F,
    ) -> Result<Opened, Error>
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        let opened = self.newer_entry(owner, reader, seen_version, refresh).await;
        let opened = opened.and_then(|entry| entry.open());
        self.note(owner, purpose, reader, opened.as_ref().err());
        opened
    }

    async fn fresh_entry<F, R>(&self, owner: &Owner, reader: &Reader, refresh: F) -> Landed
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        let entry = self.newest(owner).await?;
        let is_good = !self.expires_within(&entry, TimeDelta::zero());
        if !self.expires_within(&entry, AHEAD) || is_good && self.0.flights.lately(&entry).is_some() {
            return Ok(entry);
        }
        let flight = self
            .clone()
            .exchange(owner.clone(), reader.clone(), Reason::Expires, refresh);
        match self.0.flights.join(&self.0.tasks, owner, flight).await {
            // None of these says that the old one is bad.
            Err(Error::Refresh(_) | Error::Store(_) | Error::Keys(_) | Error::Contended)
                if !self.expires_within(&entry, TimeDelta::zero()) =>
            {
                Ok(entry)
            }
            landed => landed,
        }
    }

    async fn newer_entry<F, R>(&self, owner: &Owner, reader: &Reader, seen: u32, refresh: F) -> Landed
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        // A flight that is joined leaves `refresh` for the next try.
        let refresh = Arc::new(std::sync::Mutex::new(Some(refresh)));
        for _ in 0..TRIES {
            let refresh = Arc::clone(&refresh);
            let once = move |secret| {
                let refresh = refresh.lock().ok().and_then(|mut refresh| refresh.take());
                async move {
                    match refresh {
                        Some(refresh) => refresh(secret).await,
                        None => Err(RefreshError::Unavailable("the refresh was used up".to_owned())),
                    }
                }
            };
            let reason = Reason::Refused { version: seen };
            let flight = self.clone().exchange(owner.clone(), reader.clone(), reason, once);
            let entry = self.0.flights.join(&self.0.tasks, owner, flight).await?;
            if entry.version != seen {
                return Ok(entry);
            }
        }
        Err(Error::Contended)
    }

    fn expires_within(&self, entry: &Entry, time: TimeDelta) -> bool {
        entry.expires_at.is_some_and(|at| at - (self.0.clock)() <= time)
    }

    /// One flight: exchanges the newest version if there still is reason to.
    async fn exchange<F, R>(self, owner: Owner, reader: Reader, reason: Reason, refresh: F) -> Landed
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        // From the log: another copy may have done it already.
        let entry = self.load_newest(&owner).await?;
        let is_needed = match reason {
            Reason::Expires => self.expires_within(&entry, AHEAD),
            Reason::Refused { version } => entry.version == version,
        };
        if !is_needed {
            return Ok(entry);
        }
        if let Some(Lately::Failed(failure)) = self.0.flights.lately(&entry) {
            return Err(Error::Refresh(failure));
        }
        let secret = entry.open()?.credential;
        self.note(&owner, Purpose::Refresh, &reader, None);
        let answer = tokio::time::timeout(PATIENCE, refresh(secret))
            .await
            .unwrap_or_else(|_| {
                let problem = format!("no answer within {} seconds", PATIENCE.as_secs());
                Err(RefreshError::Unavailable(problem))
            });
        match answer {
            Ok(credential) => self.keep(&entry, &credential, &reader).await,
            Err(RefreshError::Refused(sentence)) => self.give_up(&entry, sentence, &reader).await,
            Err(failure @ RefreshError::Unavailable(_)) => {
                self.note_refreshed(&owner, &reader, Some(failure.to_string()));
                self.0.flights.failed(&entry, failure.clone());
                Err(Error::Refresh(failure))
            }
        }
    }

    /// Stores what the external system gave, however long NATS is away: there is no other copy of it.
    async fn keep(&self, old: &Entry, credential: &Credential, reader: &Reader) -> Landed {
        let place = Place {
            version: old.version + 1,
            ..old.place()
        };
        let ciphertext = Ciphertext::seal(&old.data_key, &place, &credential.secret)?;
        let command = CredentialCommand::Refresh {
            generation: place.generation,
            version: place.version,
            sealed: ciphertext.sealed(),
            expires_at: credential.expires_at,
        };
        // Random, because what another copy stores as the same version is not the same.
        let cause = self.cause(format!("refreshed.{}", random::identifier()), reader);
        let subject = subject(&old.owner);
        let deadline = Instant::now() + PERSISTENCE;
        loop {
            let executed = self
                .0
                .store
                .execute::<credential::Credential>(&subject, &cause, command.clone())
                .await;
            match executed {
                Ok(_) => break,
                // Another copy was first, or an earlier try of this one that seemed to have failed.
                Err(ExecuteError::Refused(Refusal::Superseded)) => {
                    self.0.cache.forget(old.owner.integration);
                    return self.load_newest(&old.owner).await;
                }
                Err(ExecuteError::Refused(Refusal::Gone(_))) => {
                    tracing::warn!(
                        organization.id = %old.owner.organization, integration.id = %old.owner.integration,
                        "A credential was refreshed while it was shredded: the new one is forgotten"
                    );
                    self.note_refreshed(&old.owner, reader, Some(Error::Shredded.to_string()));
                    self.0.cache.forget(old.owner.integration);
                    return Err(Error::Shredded);
                }
                Err(ExecuteError::Store(error)) if Instant::now() >= deadline => {
                    tracing::error!(
                        organization.id = %old.owner.organization, integration.id = %old.owner.integration,
                        error = &error as &dyn std::error::Error,
                        "A new credential is lost, because it could not be stored: the integration has to be connected again"
                    );
                    let error = Error::from(error);
                    self.note_refreshed(&old.owner, reader, Some(error.to_string()));
                    return Err(error);
                }
                Err(ExecuteError::Store(error)) => {
                    tracing::warn!(
                        organization.id = %old.owner.organization, integration.id = %old.owner.integration,
                        error = &error as &dyn std::error::Error,
                        "A new credential can't be stored, trying again"
                    );
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(200..800))).await;
                }
            }
        }
        self.note_refreshed(&old.owner, reader, None);
        let new = Arc::new(Entry {
            owner: old.owner.clone(),
            generation: place.generation,
            version: place.version,
            data_key: old.data_key.clone(),
            ciphertext,
            expires_at: credential.expires_at,
        });
        self.0.flights.refreshed(&new);
        self.changed(&old.owner).await;
        Ok(new)
    }

    /// What a refusal comes to: another copy may have used the credential up a moment ago, and then its new one is ours.
    async fn give_up(&self, old: &Entry, sentence: String, reader: &Reader) -> Landed {
        for pause in RIVALS {
            tokio::time::sleep(pause).await;
            let present = self.load_newest(&old.owner).await?;
            if (present.generation, present.version) != (old.generation, old.version) {
                return Ok(present);
            }
        }
        self.note_refreshed(&old.owner, reader, Some(sentence.clone()));
        let failure = RefreshError::Refused(sentence.clone());
        self.0.flights.failed(old, failure.clone());
        let command = CredentialCommand::FailRefresh {
            generation: old.generation,
            reason: sentence,
        };
        let cause = self.cause(format!("refresh_failed.{}", random::identifier()), reader);
        let executed = self
            .0
            .store
            .execute::<credential::Credential>(&subject(&old.owner), &cause, command)
            .await;
        match executed {
            Ok(_) => Err(Error::Refresh(failure)),
            Err(ExecuteError::Refused(_)) => Err(Error::Shredded),
            Err(ExecuteError::Store(error)) => {
                tracing::warn!(
                    organization.id = %old.owner.organization, integration.id = %old.owner.integration,
                    error = &error as &dyn std::error::Error,
                    "It could not be recorded that a credential can't be refreshed"
                );
                Err(Error::Refresh(failure))
            }
        }
    }

    fn note_refreshed(&self, owner: &Owner, reader: &Reader, refused: Option<String>) {
        self.note_change(AuditedAction::CredentialRefreshed, owner, reader, refused);
    }

    fn cause(&self, id: String, reader: &Reader) -> Cause {
        Cause {
            correlation: reader.correlation.clone().unwrap_or_else(|| id.clone()),
            id,
            actor: reader.actor.clone(),
            time: (self.0.clock)(),
            traceparent: None,
            origin: reader.origin.clone(),
        }
    }
}
