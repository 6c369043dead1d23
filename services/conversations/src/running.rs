//! The answers that this process is finding, so that somebody can stop them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use infragpt_events::conversation::ConversationEvent;
use infragpt_nats::{Connection, Received, decode_event, request};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What tells that somebody does not want an answer any more.
const SUBJECTS: [&str; 2] = [
    "events.conversation.*.*.stopped",
    "events.conversation.*.*.message_deleted",
];

/// How many stops are remembered whose answers nobody has begun yet.
const MOST: usize = 4_096;

/// The answers that are being found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    running: HashMap<Uuid, CancellationToken>,
    stopped: VecDeque<Uuid>,
}

/// An answer that is being found, until this is dropped.
#[derive(Debug)]
pub(crate) struct Answering {
    running: Running,
    answer_id: Uuid,
    /// Cancelled when somebody stops it.
    pub stopped: CancellationToken,
}

impl Running {
    /// Begins an answer.
    pub fn begin(&self, answer_id: Uuid) -> Answering {
        let mut inner = self.lock();
        let stopped = CancellationToken::new();
        if inner.stopped.contains(&answer_id) {
            stopped.cancel();
        }
        inner.running.insert(answer_id, stopped.clone());
        Answering {
            running: self.clone(),
            answer_id,
            stopped,
        }
    }

    /// Somebody stops an answer, wherever it is being found.
    pub fn stop(&self, answer_id: Uuid) {
        let mut inner = self.lock();
        if let Some(stopped) = inner.running.get(&answer_id) {
            stopped.cancel();
            return;
        }
        if inner.stopped.len() >= MOST {
            inner.stopped.pop_front();
        }
        inner.stopped.push_back(answer_id);
    }

    /// Hears what is stopped, until the connection or `shutdown` ends. What is missed meanwhile is found in the log when the
    /// answer is recorded.
    ///
    /// # Errors
    /// When it can't be listened to.
    pub async fn listen(&self, connection: &Connection, shutdown: CancellationToken) -> Result<(), request::Error> {
        let mut heard = connection.overhear(&SUBJECTS).await?;
        while let Some(Some(received)) = shutdown.run_until_cancelled(heard.next()).await {
            self.hear(&received);
        }
        Ok(())
    }

    fn hear(&self, received: &Received) {
        match decode_event::<ConversationEvent>(received).map(|decoded| (decoded.aggregate_id, decoded.event)) {
            Ok((_, ConversationEvent::Stopped(stopped))) => {
                for answer_id in stopped.answers {
                    self.stop(answer_id);
                }
            }
            Ok((conversation, ConversationEvent::MessageDeleted(deleted))) => {
                self.stop(infragpt_events::conversation::answer_id_in(
                    conversation,
                    &deleted.message_id,
                ));
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "What was overheard can't be read"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.running.lock().running.remove(&self.answer_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_running_is_stopped_and_what_is_not_yet_begins_stopped() {
        let running = Running::default();
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let answering = running.begin(first);
        assert!(!answering.stopped.is_cancelled());
        running.stop(first);
        assert!(answering.stopped.is_cancelled());
        running.stop(second);
        assert!(running.begin(second).stopped.is_cancelled());
    }

    #[test]
    fn an_answer_that_ended_is_forgotten() {
        let running = Running::default();
        drop(running.begin(Uuid::from_u128(1)));
        assert!(running.lock().running.is_empty());
    }

    #[test]
    fn no_more_stops_are_remembered_than_are_worth_it() {
        let running = Running::default();
        for number in 0..=MOST {
            running.stop(Uuid::from_u128(u128::try_from(number).unwrap()));
        }
        assert_eq!(running.lock().stopped.len(), MOST);
        assert!(!running.begin(Uuid::from_u128(0)).stopped.is_cancelled());
    }
}
