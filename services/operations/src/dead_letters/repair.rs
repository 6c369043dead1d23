//! What an operator does about a dead letter. Killed between any two steps and done again, it comes to the same end.

use bytes::Bytes;
use infragpt_events::audit::AuditedAction;
use infragpt_nats::{
    Envelope, FactPublisher, Letter, Log, RawSubject, Received, Redelivered, Redelivery, fact, log, request,
};
use uuid::Uuid;

use super::Summary;
use crate::{Operator, operator::Target};

/// Makes the identifiers of facts whose payload somebody edited, from the original and the payload.
const EDITED: Uuid = Uuid::from_u128(0x5f0c_23f1_8f0e_4a0e_9d0b_3c3b_76a5_91d4);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The message is handled, and the letter removed.
    Handled,
    /// The letter stays.
    Kept {
        /// Why it could not be handled.
        reason: String,
        /// Whether it may work later.
        may_work_later: bool,
    },
    /// The edited message is a new fact, and the letter removed.
    Sent {
        /// Where the fact stands, `<stream>#<sequence>`.
        place: String,
        /// Its identifier.
        id: String,
    },
    /// The letter is removed, and nothing else.
    Discarded,
}

/// Why nothing came of it. The letter stays.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The audit or the role behind the consumer did not answer.
    #[error("{}", crate::operator::unanswered(.0))]
    Request(#[from] request::Error),
    /// The log can't be read, or the letter not removed.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The new fact could not be stored.
    #[error(transparent)]
    Fact(#[from] fact::Error),
    /// Events are what was decided; only what others said can be said otherwise.
    #[error("{0} is an event of ours, which is never edited: mend what can't handle it, and retry it as it is")]
    Event(String),
    /// It has no attributes to go on with.
    #[error("{0} is no CloudEvent: it can't be sent again, only discarded")]
    NoEvent(String),
    /// The original is gone.
    #[error(
        "{original} is gone: retention took it. `--payload FILE` sends what FILE has as a new fact; `infragpt dead-letters show \
         {letter} --payload` prints what it was"
    )]
    Gone {
        /// Where it stood.
        original: String,
        /// The letter.
        letter: String,
    },
}

/// A letter's message with another payload, ready to be sent.
#[derive(Debug, Clone)]
pub struct Edit {
    subject: RawSubject,
    envelope: Envelope,
    payload: Bytes,
}

impl Edit {
    /// The connector's own NATS user, who has to send it: `slack`, `github` or `clerk`.
    pub fn user(&self) -> &str {
        self.subject.as_str().split('.').nth(1).unwrap_or_default()
    }
}

/// The message of `letter` with `payload`: a new fact that names the one it comes from. Twice the same is the same fact.
///
/// # Errors
/// When it is an event of ours, or no CloudEvent.
pub fn edit(letter: &Letter, payload: Bytes, actor: &str) -> Result<Edit, Failed> {
    let subject = RawSubject::parse(&letter.subject).ok_or_else(|| Failed::Event(letter.place()))?;
    let Some(Received { envelope: original, .. }) = &letter.event else {
        return Err(Failed::NoEvent(letter.place()));
    };
    let digest = [original.id.as_bytes(), b"\n", &payload].concat();
    let mut envelope = Envelope {
        id: Uuid::new_v5(&EDITED, &digest).to_string(),
        causation: Some(original.id.clone()),
        correlation: Some(original.correlation.clone().unwrap_or_else(|| original.id.clone())),
        actor: Some(actor.to_owned()),
        ..original.clone()
    };
    // What was signed is not what is sent.
    envelope.extensions.retain(|name, _| !name.ends_with("signature"));
    envelope.extensions.insert("originid".to_owned(), original.id.clone());
    Ok(Edit {
        subject,
        envelope,
        payload,
    })
}

/// Repairs, as an operator with a reason.
#[derive(Debug, Clone)]
pub struct Repair {
    operator: Operator,
    log: Log,
    redelivery: Redelivery,
}

impl Repair {
    /// With the permissions of the operator's connection.
    pub fn new(operator: Operator) -> Self {
        Self {
            log: Log::new(&operator.connection),
            redelivery: Redelivery::new(&operator.connection),
            operator,
        }
    }

    /// Has the message of `letter` handled again, and removes the letter where that works.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn retry(&self, letter: &Summary) -> Result<Outcome, Failed> {
        if self.log.at(&letter.stream, letter.original).await?.is_none() {
            return Err(match letter.kind {
                Some(_) => Failed::Gone {
                    original: letter.original_place(),
                    letter: letter.place(),
                },
                None => Failed::NoEvent(letter.original_place()),
            });
        }
        let audit = self.record(AuditedAction::DeadLetterRetried, letter).await?;
        let redelivered = self
            .redelivery
            .redeliver(&letter.stream, &letter.consumer, letter.original, &audit)
            .await?;
        match redelivered {
            Redelivered::Handled => {
                self.log.remove_dead_letter(letter.sequence).await?;
                Ok(Outcome::Handled)
            }
            Redelivered::Failed { reason, may_work_later } => Ok(Outcome::Kept {
                reason: crate::redact(&reason).into_owned(),
                may_work_later,
            }),
        }
    }

    /// Stores `edit` of `letter` as a new fact, which is handled like any other, and removes the letter. `publisher` has to be
    /// the connector's own.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn send(&self, letter: &Summary, edit: Edit, publisher: &FactPublisher) -> Result<Outcome, Failed> {
        self.record(AuditedAction::DeadLetterRetried, letter).await?;
        let Edit {
            subject,
            envelope,
            payload,
        } = edit;
        let stored = publisher.publish(&subject, &envelope, payload).await?;
        self.log.remove_dead_letter(letter.sequence).await?;
        Ok(Outcome::Sent {
            place: format!("{}#{}", stored.stream, stored.sequence),
            id: envelope.id,
        })
    }

    /// Removes `letter`.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn discard(&self, letter: &Summary) -> Result<Outcome, Failed> {
        self.record(AuditedAction::DeadLetterDiscarded, letter).await?;
        self.log.remove_dead_letter(letter.sequence).await?;
        Ok(Outcome::Discarded)
    }

    async fn record(
        &self,
        action: AuditedAction,
        letter: &Summary,
    ) -> Result<infragpt_nats::AuditReference, request::Error> {
        let target = Target {
            place: letter.original_place(),
            organization: letter.organization.as_deref(),
            id: letter.id.as_deref(),
            correlation: letter.correlation.as_deref(),
        };
        self.operator.record(action, target).await
    }
}
