//! What a credential can be asked, and how it decides.

use chrono::{DateTime, Utc};

use super::{
    event::{CredentialEvent, RefreshFailed, Refreshed, Revoked, Rewrapped, Sealed, Shredded, Stored},
    state::{Credential, Generation},
};
use crate::Aggregate;

/// What a credential can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialCommand {
    /// Keep a new generation: the one after the newest, which it was sealed for.
    Store(Stored),
    /// Keep what the external system gave in exchange: the version after the newest, which it was sealed for.
    Refresh {
        /// The generation.
        generation: u32,
        /// The version.
        version: u32,
        /// The new credential.
        sealed: Sealed,
        /// When the external system no longer takes it, if ever.
        expires_at: Option<DateTime<Utc>>,
    },
    /// The external system refused to give a new one.
    FailRefresh {
        /// The generation.
        generation: u32,
        /// Why, for people.
        reason: String,
    },
    /// The data key was wrapped again.
    Rewrap {
        /// The generation.
        generation: u32,
        /// The identifier of the key that it is wrapped under now.
        key: String,
    },
    /// The external system was asked to end it.
    Revoke(Revoked),
    /// The data key is gone.
    Shred {
        /// The generation.
        generation: u32,
    },
}

/// Why a credential refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was sealed for a generation or a version that is not the next one: another writer was first.
    #[error("another writer was first")]
    Superseded,
    /// There is no such generation, or it was shredded.
    #[error("there is no generation {0} of the credential any more")]
    Gone(u32),
}

impl Aggregate for Credential {
    type Event = CredentialEvent;
    type Command = CredentialCommand;
    type Error = Refusal;

    fn decide(&self, command: CredentialCommand) -> Result<Vec<CredentialEvent>, Refusal> {
        match command {
            CredentialCommand::Store(stored) if stored.generation == self.newest + 1 => Ok(vec![stored.into()]),
            CredentialCommand::Store(_) => Err(Refusal::Superseded),
            CredentialCommand::Refresh {
                generation,
                version,
                sealed,
                expires_at,
            } => {
                if version != self.live(generation)?.version + 1 {
                    return Err(Refusal::Superseded);
                }
                let refreshed = Refreshed {
                    generation,
                    version,
                    sealed,
                    expires_at,
                };
                Ok(vec![refreshed.into()])
            }
            CredentialCommand::FailRefresh { generation, reason } => {
                Ok(if self.live(generation)?.refresh_failed.as_ref() == Some(&reason) {
                    vec![]
                } else {
                    vec![RefreshFailed { generation, reason }.into()]
                })
            }
            CredentialCommand::Rewrap { generation, key } => {
                self.live(generation)?;
                Ok(vec![Rewrapped { generation, key }.into()])
            }
            CredentialCommand::Revoke(revoked) => Ok(match self.generations.get(&revoked.generation) {
                Some(Generation { revoked: false, .. }) => vec![revoked.into()],
                Some(_) | None => vec![],
            }),
            CredentialCommand::Shred { generation } => Ok(if self.generations.contains_key(&generation) {
                vec![Shredded { generation }.into()]
            } else {
                vec![]
            }),
        }
    }

    fn evolve(self, event: &CredentialEvent) -> Self {
        self.after(event)
    }
}

impl Credential {
    fn live(&self, generation: u32) -> Result<&Generation, Refusal> {
        self.generations.get(&generation).ok_or(Refusal::Gone(generation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectorKind, testing::given};

    fn sealed(ciphertext: &str) -> Sealed {
        Sealed {
            algorithm: "A256GCM".into(),
            nonce: "bm9uY2U".into(),
            ciphertext: ciphertext.into(),
        }
    }

    fn stored(generation: u32) -> Stored {
        Stored {
            connector: ConnectorKind::parse("forge").unwrap(),
            generation,
            sealed: sealed("first"),
            expires_at: None,
        }
    }

    fn refresh(version: u32) -> CredentialCommand {
        CredentialCommand::Refresh {
            generation: 1,
            version,
            sealed: sealed("next"),
            expires_at: Some(DateTime::UNIX_EPOCH),
        }
    }

    fn refreshed(version: u32) -> CredentialEvent {
        Refreshed {
            generation: 1,
            version,
            sealed: sealed("next"),
            expires_at: Some(DateTime::UNIX_EPOCH),
        }
        .into()
    }

    fn shredded() -> CredentialEvent {
        Shredded { generation: 1 }.into()
    }

    #[test]
    fn a_generation_is_stored_once_and_in_order() {
        given::<Credential>([])
            .when(CredentialCommand::Store(stored(1)))
            .then([stored(1).into()]);
        given::<Credential>([stored(1).into()])
            .when(CredentialCommand::Store(stored(1)))
            .then_refused(Refusal::Superseded);
        given::<Credential>([stored(1).into(), shredded()])
            .when(CredentialCommand::Store(stored(2)))
            .then([stored(2).into()]);
    }

    #[test]
    fn of_two_refreshes_one_wins() {
        given::<Credential>([stored(1).into()])
            .when(refresh(2))
            .then([refreshed(2)]);
        given::<Credential>([stored(1).into(), refreshed(2)])
            .when(refresh(2))
            .then_refused(Refusal::Superseded);
        given::<Credential>([stored(1).into(), shredded()])
            .when(refresh(2))
            .then_refused(Refusal::Gone(1));
    }

    #[test]
    fn a_failed_refresh_is_told_once_until_one_succeeds() {
        let fail = CredentialCommand::FailRefresh {
            generation: 1,
            reason: "revoked".into(),
        };
        let failed: CredentialEvent = RefreshFailed {
            generation: 1,
            reason: "revoked".into(),
        }
        .into();
        given::<Credential>([stored(1).into()])
            .when(fail.clone())
            .then([failed.clone()]);
        given::<Credential>([stored(1).into(), failed.clone()])
            .when(fail.clone())
            .then_nothing();
        given::<Credential>([stored(1).into(), failed.clone(), refreshed(2)])
            .when(fail.clone())
            .then([failed]);
        given::<Credential>([]).when(fail).then_refused(Refusal::Gone(1));
    }

    #[test]
    fn a_shredded_generation_is_not_wrapped_again() {
        let rewrap = CredentialCommand::Rewrap {
            generation: 1,
            key: "k2".into(),
        };
        given::<Credential>([stored(1).into()])
            .when(rewrap.clone())
            .then([Rewrapped {
                generation: 1,
                key: "k2".into(),
            }
            .into()]);
        given::<Credential>([stored(1).into(), shredded()])
            .when(rewrap)
            .then_refused(Refusal::Gone(1));
    }

    #[test]
    fn revoking_and_shredding_happen_once() {
        let revoked = Revoked {
            generation: 1,
            confirmed: true,
            reason: None,
        };
        let revoke = CredentialCommand::Revoke(revoked.clone());
        let shred = CredentialCommand::Shred { generation: 1 };
        given::<Credential>([stored(1).into()])
            .when(revoke.clone())
            .then([revoked.clone().into()]);
        given::<Credential>([stored(1).into(), revoked.clone().into()])
            .when(revoke.clone())
            .then_nothing();
        given::<Credential>([stored(1).into(), revoked.into()])
            .when(shred.clone())
            .then([shredded()]);
        given::<Credential>([stored(1).into(), shredded()])
            .when(shred)
            .then_nothing();
        given::<Credential>([]).when(revoke).then_nothing();
    }

    #[test]
    fn a_shredded_generation_leaves_nothing_but_its_number() {
        let state = given::<Credential>([stored(1).into(), shredded()]).state;
        assert_eq!((state.newest, state.generations.len()), (1, 0));
    }
}
