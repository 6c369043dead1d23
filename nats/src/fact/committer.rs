//! One disk write for many facts when many wait, none of them held up when few do.
//!
//! A single publish is acknowledged soonest, but a stream that syncs always takes them one disk write after the other. An
//! atomic batch is one disk write however many it holds, and costs as much as about a dozen single ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::queue::{Queue, Step, Waiting};
use crate::publish::{self, Acknowledged};

/// `JSAtomicPublishDisabledErr`: the stream was made without `allow_atomic`.
///
/// <https://github.com/nats-io/nats-server/blob/main/server/errors.json>
const BATCHES_DISABLED: u64 = 10_174;

type Outcome = Result<Acknowledged, publish::Error>;

/// One fact on its way.
#[derive(Debug)]
pub(super) struct Message {
    pub stream: &'static str,
    pub subject: String,
    pub headers: HeaderMap,
    pub payload: Bytes,
}

#[derive(Debug)]
struct Pending {
    message: Message,
    /// Who waits may have gone: the fact is stored nevertheless.
    outcome: oneshot::Sender<Outcome>,
}

impl Waiting for Pending {
    fn stream(&self) -> &str {
        self.message.stream
    }

    fn bytes(&self) -> usize {
        self.message.payload.len()
    }
}

/// Publishes alone or together; the same for all clones of a publisher.
#[derive(Debug)]
pub(super) struct Committer {
    client: Client,
    queue: Mutex<Queue<Pending>>,
}

impl Committer {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            queue: Mutex::new(Queue::default()),
        }
    }

    /// Returns once the stream has it.
    pub async fn publish(self: &Arc<Self>, message: Message) -> Outcome {
        let (outcome, stored) = oneshot::channel();
        let steps = {
            let mut queue = self.queue();
            queue.push(Pending { message, outcome });
            queue.steps()
        };
        self.begin(steps);
        stored
            .await
            .unwrap_or_else(|_| Err(publish::Error::Unavailable("its publish was given up".to_owned())))
    }

    /// Each step is a task of its own, because whoever waits for its fact may stop waiting.
    fn begin(self: &Arc<Self>, steps: Vec<Step<Pending>>) {
        for step in steps {
            let committer = Arc::clone(self);
            tokio::spawn(async move {
                let finished = step.kind();
                match step {
                    Step::Alone(pending) => committer.alone(pending).await,
                    Step::Together(pending) => committer.together(pending).await,
                }
                let next = {
                    let mut queue = committer.queue();
                    queue.finished(finished);
                    queue.steps()
                };
                committer.begin(next);
            });
        }
    }

    async fn alone(&self, Pending { message, outcome }: Pending) {
        let Message {
            subject,
            headers,
            payload,
            ..
        } = message;
        let _ = outcome.send(publish::publish(&self.client, subject, headers, payload).await);
    }

    async fn together(&self, pending: Vec<Pending>) {
        match self.batch(&pending).await {
            Ok(last) => {
                // A batch is stored without a gap, and acknowledged with its last sequence.
                for (before, Pending { outcome, .. }) in (0..).zip(pending.into_iter().rev()) {
                    let acknowledged = Acknowledged {
                        stream: last.stream.clone(),
                        sequence: last.sequence.saturating_sub(before),
                        duplicate: false,
                    };
                    let _ = outcome.send(Ok(acknowledged));
                }
            }
            // It may be stored; the same identifiers again do no harm.
            Err(publish::Error::Unavailable(problem)) => {
                for Pending { outcome, .. } in pending {
                    let _ = outcome.send(Err(publish::Error::Unavailable(problem.clone())));
                }
            }
            // Nothing of it is stored, for example because one of them was before: each alone tells which.
            Err(refusal) => {
                tracing::debug!(%refusal, facts = pending.len(), "A batch was refused, publishing its facts one by one");
                if matches!(
                    refusal,
                    publish::Error::Refused {
                        code: BATCHES_DISABLED,
                        ..
                    }
                ) {
                    tracing::warn!(
                        "The stream takes no batches, so facts are published one by one: `infragpt nats apply` is due"
                    );
                    self.queue().never_together();
                }
                futures::future::join_all(pending.into_iter().map(|pending| self.alone(pending))).await;
            }
        }
    }

    /// Atomic batch: <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-50.md>
    async fn batch(&self, pending: &[Pending]) -> Outcome {
        let id = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let (last, before) = pending
            .split_last()
            .ok_or_else(|| publish::Error::Unavailable("an empty batch".to_owned()))?;
        let headers = |message: &Message, number: usize| {
            let mut headers = message.headers.clone();
            headers.insert("Nats-Batch-Id", id.as_str());
            headers.insert("Nats-Batch-Sequence", number.to_string());
            headers
        };
        for (number, Pending { message, .. }) in (1..).zip(before) {
            self.client
                .publish_with_headers(
                    message.subject.clone(),
                    headers(message, number),
                    message.payload.clone(),
                )
                .await
                .map_err(|error| publish::Error::Unavailable(error.to_string()))?;
        }
        let mut commit = headers(&last.message, pending.len());
        commit.insert("Nats-Batch-Commit", "1");
        publish::publish(
            &self.client,
            last.message.subject.clone(),
            commit,
            last.message.payload.clone(),
        )
        .await
    }

    fn queue(&self) -> MutexGuard<'_, Queue<Pending>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
