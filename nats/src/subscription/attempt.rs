//! One try at one message.

use std::{error::Error as StdError, panic::AssertUnwindSafe, time::Duration};

use async_nats::Message;
use futures::FutureExt as _;
use tokio::{sync::oneshot, time::Instant};

use super::{Decision, Handler, HandlerError, Subscription};
use crate::{
    Received, Redelivered,
    dead_letter::{self, DeadLetter},
};

/// The first delay of a retry; it doubles up to [`LONGEST_DELAY`], jittered by half.
const SHORTEST_DELAY: Duration = Duration::from_millis(100);
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// A message on its way to an outcome.
pub(super) struct Job {
    pub received: Received,
    pub message: Message,
    /// When it was first tried here.
    pub since: Instant,
    pub tries: u32,
}

/// What an operator wants handled again.
pub(super) struct Again {
    pub received: Received,
    /// Whoever waits for the answer.
    pub answer: oneshot::Sender<Redelivered>,
}

/// What the scheduler puts in order.
pub(super) enum Work {
    Delivered(Box<Job>),
    Again(Box<Again>),
}

/// What came of a try.
pub(super) enum Outcome {
    /// Its handler said `Ok`.
    Handled,
    /// It is in the dead letters.
    Dead,
    /// It is to be tried again after this time.
    Later(Box<Job>, Duration),
    /// Whoever asked for it was told. Its delivery, if there is one, is not concerned.
    Answered,
}

/// The delay before try `attempt` (from 1), jittered so that many don't come back at once.
pub(super) fn delay(attempt: u32) -> Duration {
    let longest = SHORTEST_DELAY
        .saturating_mul(2_u32.saturating_pow(attempt.min(16)))
        .min(LONGEST_DELAY);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

async fn handle<H: Handler>(handler: &H, received: Received) -> Result<(), HandlerError> {
    match AssertUnwindSafe(handler.handle(received)).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => Err(HandlerError::retry("the handler panicked")),
    }
}

/// The one try of a redelivery: it is not tried again, and buries no second letter.
pub(super) async fn attempt_again<H: Handler>(subscription: &Subscription, handler: &H, again: Again) -> Outcome {
    let Subscription { stream, consumer, .. } = subscription;
    let Again { received, answer } = again;
    let sequence = received.sequence;
    let redelivered = match handle(handler, received).await {
        Ok(()) => {
            tracing::info!(
                stream,
                consumer,
                sequence,
                "Handled message {sequence} of {stream} again"
            );
            Redelivered::Handled
        }
        Err(error) => {
            tracing::warn!(stream, consumer, sequence, %error, "Handling message {sequence} of {stream} again failed");
            Redelivered::Failed {
                may_work_later: error.is_retry(),
                reason: error.to_string(),
            }
        }
    };
    // Nobody may be waiting any more.
    let _ = answer.send(redelivered);
    Outcome::Answered
}

pub(super) async fn attempt<H: Handler>(subscription: &Subscription, handler: &H, mut job: Box<Job>) -> Outcome {
    let Subscription { stream, consumer, .. } = subscription;
    let (sequence, id) = (job.received.sequence, job.received.envelope.id.clone());
    job.tries += 1;
    let tries = job.tries;
    let Err(error) = handle(handler, job.received.clone()).await else {
        return Outcome::Handled;
    };
    let wait = match error.decision {
        Decision::Wait { delay } => {
            job.tries -= 1;
            tracing::debug!(stream, consumer, sequence, event.id = id, wait_ms = delay.as_millis(), reason = %error, "Message {sequence} of {stream} waits");
            return Outcome::Later(job, delay);
        }
        Decision::Retry { after } if job.since.elapsed() < subscription.patience => {
            after.unwrap_or_default().max(delay(tries))
        }
        Decision::Retry { .. } | Decision::Discard => {
            tracing::error!(stream, consumer, sequence, event.id = id, tries, %error, "Moving message {sequence} of {stream} to the dead letters");
            let letter = DeadLetter {
                stream,
                consumer,
                sequence,
                message: &job.message,
                reason: error.to_string(),
                attempts: u64::from(tries),
            };
            if bury(subscription, &letter).await {
                return Outcome::Dead;
            }
            LONGEST_DELAY
        }
    };
    tracing::warn!(stream, consumer, sequence, event.id = id, tries, wait_ms = wait.as_millis(), %error, "Handling message {sequence} of {stream} failed, trying again");
    Outcome::Later(job, wait)
}

/// Whether the dead letter is stored.
pub(super) async fn bury(subscription: &Subscription, letter: &DeadLetter<'_>) -> bool {
    let stored = dead_letter::store(&subscription.connection.client, letter).await;
    if let Err(error) = &stored {
        tracing::error!(
            stream = letter.stream,
            sequence = letter.sequence,
            error = error as &dyn StdError,
            "A dead letter could not be stored; the message stays where it is"
        );
    }
    stored.is_ok()
}
