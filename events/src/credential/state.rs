//! What is known of a credential.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::event::{CredentialEvent, Sealed};

/// A credential: its generations that were not shredded. Usually one; two while a new one takes the old one's place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credential {
    /// The newest generation that there ever was; 0 before the first.
    pub newest: u32,
    /// Those that can still be opened.
    pub generations: BTreeMap<u32, Generation>,
}

/// One generation: a data key of its own, and what is sealed under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// The version, from 1; every refresh makes the next.
    pub version: u32,
    /// The newest version.
    pub sealed: Sealed,
    /// When the external system no longer takes it, if ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it could not be refreshed the last time, if it could not.
    pub refresh_failed: Option<String>,
    /// Whether the external system was asked to end it.
    pub revoked: bool,
}

impl Credential {
    pub(super) fn after(mut self, event: &CredentialEvent) -> Self {
        match event {
            CredentialEvent::Stored(stored) => {
                self.newest = self.newest.max(stored.generation);
                self.generations.insert(
                    stored.generation,
                    Generation {
                        version: 1,
                        sealed: stored.sealed.clone(),
                        expires_at: stored.expires_at,
                        refresh_failed: None,
                        revoked: false,
                    },
                );
            }
            CredentialEvent::Refreshed(refreshed) => {
                if let Some(generation) = self.generations.get_mut(&refreshed.generation) {
                    generation.version = refreshed.version;
                    generation.sealed = refreshed.sealed.clone();
                    generation.expires_at = refreshed.expires_at;
                    generation.refresh_failed = None;
                }
            }
            CredentialEvent::RefreshFailed(failed) => {
                if let Some(generation) = self.generations.get_mut(&failed.generation) {
                    generation.refresh_failed = Some(failed.reason.clone());
                }
            }
            CredentialEvent::Rewrapped(_) => {}
            CredentialEvent::Revoked(revoked) => {
                if let Some(generation) = self.generations.get_mut(&revoked.generation) {
                    generation.revoked = true;
                }
            }
            CredentialEvent::Shredded(shredded) => {
                self.generations.remove(&shredded.generation);
            }
        }
        self
    }
}
