//! The loop behind a subscription.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_nats::{
    Message,
    jetstream::{
        self, AckKind, ErrorCode,
        consumer::{Consumer, pull},
        message::Acker,
        stream::ConsumerErrorKind,
    },
};
use futures::StreamExt as _;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{Decision, Error, Handler, HandlerError, Subscription};
use crate::{
    Received,
    dead_letter::{self, DeadLetter},
    received::{Delivery, ReadError},
    scheduler::Scheduler,
};

/// The first delay of a retry; it doubles up to [`LONGEST_DELAY`], jittered by half.
const SHORTEST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// A message that was delivered this often without an outcome probably ends the process each time.
const MOST_DELIVERIES: u64 = 25;
/// How long running messages may take to end after a shutdown.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn run<H: Handler>(
    subscription: Subscription,
    handler: H,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut bound = Some(bind(&subscription).await?);
    let handler = Arc::new(handler);
    let subscription = Arc::new(subscription);
    let mut failures = 0_u32;
    while !shutdown.is_cancelled() {
        let outcome = match bound.take() {
            Some(consumer) => {
                let worker = Worker::new(&subscription, &handler, &consumer);
                worker.consume(&consumer, &shutdown, &mut failures).await
            }
            None => bind(&subscription)
                .await
                .map(|consumer| bound = Some(consumer))
                .map_err(|error| error.to_string()),
        };
        if let Err(problem) = outcome {
            let Subscription { stream, consumer, .. } = &*subscription;
            failures += 1;
            tracing::error!(
                stream,
                consumer,
                problem,
                "Reading consumer `{consumer}` of {stream} broke off, trying again"
            );
            tokio::select! {
                () = tokio::time::sleep(delay(failures)) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }
    Ok(())
}

async fn bind(subscription: &Subscription) -> Result<Consumer<pull::Config>, Error> {
    let Subscription {
        connection,
        stream,
        consumer,
        ..
    } = subscription;
    jetstream::new(connection.client.clone())
        .get_consumer_from_stream(consumer, stream)
        .await
        .map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(refusal)
                if matches!(
                    refusal.error_code(),
                    ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::STREAM_NOT_FOUND
                ) =>
            {
                Error::NoConsumer {
                    stream: stream.clone(),
                    consumer: consumer.clone(),
                }
            }
            _ => Error::Unavailable {
                stream: stream.clone(),
                consumer: consumer.clone(),
                problem: error.to_string(),
            },
        })
}

/// The delay before try `attempt` (from 1), jittered so that many don't come back at once.
fn delay(attempt: u32) -> Duration {
    let longest = SHORTEST_DELAY
        .saturating_mul(2_u32.saturating_pow(attempt.min(16)))
        .min(LONGEST_DELAY);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

struct Job {
    received: Received,
    message: Message,
}

enum Outcome {
    Handled,
    Dead,
}

struct Worker<H> {
    subscription: Arc<Subscription>,
    handler: Arc<H>,
    scheduler: Scheduler<Job>,
    /// What was delivered and has no outcome yet, by sequence, with its newest acknowledgement.
    held: HashMap<u64, Acker>,
    running: JoinSet<(u64, String, Outcome)>,
    ack_wait: Duration,
}

impl<H: Handler> Worker<H> {
    fn new(subscription: &Arc<Subscription>, handler: &Arc<H>, consumer: &Consumer<pull::Config>) -> Self {
        let ack_wait = consumer.cached_info().config.ack_wait;
        Self {
            subscription: Arc::clone(subscription),
            handler: Arc::clone(handler),
            scheduler: Scheduler::new(subscription.concurrency),
            held: HashMap::new(),
            running: JoinSet::new(),
            ack_wait: if ack_wait.is_zero() {
                Duration::from_secs(30)
            } else {
                ack_wait
            },
        }
    }

    async fn consume(
        mut self,
        consumer: &Consumer<pull::Config>,
        shutdown: &CancellationToken,
        failures: &mut u32,
    ) -> Result<(), String> {
        let mut messages = consumer
            .stream()
            .max_messages_per_batch(512)
            .expires(Duration::from_secs(30))
            .heartbeat(Duration::from_secs(3))
            .messages()
            .await
            .map_err(|error| error.to_string())?;
        let mut progress = tokio::time::interval(self.ack_wait / 3);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            self.start_ready();
            tokio::select! {
                () = shutdown.cancelled() => break Ok(()),
                Some(joined) = self.running.join_next(), if !self.running.is_empty() => self.finish(joined).await,
                next = messages.next() => match next {
                    Some(Ok(message)) => {
                        *failures = 0;
                        self.take(message).await;
                    }
                    Some(Err(error)) => break Err(error.to_string()),
                    None => break Err("the server ended the subscription".to_owned()),
                },
                _ = progress.tick() => self.report_progress().await,
            }
        };
        drop(messages);
        self.wind_down(shutdown.is_cancelled()).await;
        ended
    }

    /// Reads a delivery and queues it; one that is no event of ours goes to the dead letters.
    async fn take(&mut self, message: jetstream::Message) {
        match Received::from_message(&message) {
            Ok((received, delivery)) => {
                let (message, acker) = message.split();
                if self.held.insert(delivery.sequence, acker).is_some() {
                    return;
                }
                if delivery.delivered > MOST_DELIVERIES {
                    let reason = format!("delivered {} times without an outcome", delivery.delivered);
                    self.bury(&message, &delivery, reason).await;
                    return;
                }
                let route = self.handler.route(&received);
                self.scheduler
                    .push(&route.key, &route.tenant, Job { received, message });
            }
            Err(ReadError::Envelope { delivery, source }) => {
                let (message, acker) = message.split();
                self.held.insert(delivery.sequence, acker);
                self.bury(&message, &delivery, format!("no CloudEvent: {source}")).await;
            }
            Err(error @ ReadError::Metadata(_)) => {
                tracing::error!(%error, "Ignored a message that no stream delivered");
            }
        }
    }

    async fn bury(&mut self, message: &Message, delivery: &Delivery, reason: String) {
        let letter = DeadLetter {
            stream: &delivery.stream,
            consumer: &self.subscription.consumer,
            sequence: delivery.sequence,
            message,
            reason,
            attempts: delivery.delivered,
        };
        let stored = store_dead_letter(&self.subscription, &letter).await;
        let outcome = if stored {
            AckKind::Term
        } else {
            AckKind::Nak(Some(LONGEST_DELAY))
        };
        self.settle(delivery.sequence, outcome).await;
    }

    fn start_ready(&mut self) {
        while let Some((key, job)) = self.scheduler.next() {
            let (subscription, handler) = (Arc::clone(&self.subscription), Arc::clone(&self.handler));
            self.running.spawn(async move {
                let sequence = job.received.sequence;
                (sequence, key, attempt(&subscription, &*handler, job).await)
            });
        }
    }

    async fn finish(&mut self, joined: Result<(u64, String, Outcome), tokio::task::JoinError>) {
        match joined {
            Ok((sequence, key, outcome)) => {
                self.scheduler.finished(&key);
                let kind = match outcome {
                    Outcome::Handled => AckKind::Ack,
                    Outcome::Dead => AckKind::Term,
                };
                self.settle(sequence, kind).await;
            }
            // `attempt` catches a handler's panic, so only a bug of this runtime comes here.
            Err(error) => {
                tracing::error!(%error, "A message's task ended without an outcome; it will be delivered again");
            }
        }
    }

    async fn settle(&mut self, sequence: u64, kind: AckKind) {
        if let Some(acker) = self.held.remove(&sequence)
            && let Err(error) = acker.ack_with(kind).await
        {
            tracing::warn!(sequence, %error, "An acknowledgement could not be sent; the message will come again");
        }
    }

    /// Keeps what waits or runs from being delivered to somebody else.
    async fn report_progress(&self) {
        for acker in self.held.values() {
            if acker.ack_with(AckKind::Progress).await.is_err() {
                return;
            }
        }
    }

    /// Ends what runs and hands back what waits.
    async fn wind_down(mut self, stopping: bool) {
        let deadline = Instant::now() + GRACE;
        while let Ok(Some(joined)) = tokio::time::timeout_at(deadline, self.running.join_next()).await {
            self.finish(joined).await;
        }
        self.running.abort_all();
        if stopping {
            for (_, acker) in self.held.drain() {
                let _ = acker.ack_with(AckKind::Nak(None)).await;
            }
        }
        let _ = self.subscription.connection.client.flush().await;
    }
}

/// Handles one message until it has an outcome.
async fn attempt<H: Handler>(subscription: &Subscription, handler: &H, job: Job) -> Outcome {
    let started = Instant::now();
    let Subscription { stream, consumer, .. } = subscription;
    let (sequence, id) = (job.received.sequence, job.received.envelope.id.clone());
    let mut tries = 0_u32;
    loop {
        tries += 1;
        let work = std::panic::AssertUnwindSafe(handler.handle(job.received.clone()));
        let error = match futures::FutureExt::catch_unwind(work).await {
            Ok(Ok(())) => return Outcome::Handled,
            Ok(Err(error)) => error,
            Err(_) => HandlerError::retry("the handler panicked"),
        };
        let wait = match error.decision {
            Decision::Retry { after } if started.elapsed() < subscription.patience => {
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
                if store_dead_letter(subscription, &letter).await {
                    return Outcome::Dead;
                }
                LONGEST_DELAY
            }
        };
        tracing::warn!(stream, consumer, sequence, event.id = id, tries, wait_ms = wait.as_millis(), %error, "Handling message {sequence} of {stream} failed, trying again");
        tokio::time::sleep(wait).await;
    }
}

async fn store_dead_letter(subscription: &Subscription, letter: &DeadLetter<'_>) -> bool {
    match dead_letter::store(&subscription.connection.client, letter).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(stream = letter.stream, sequence = letter.sequence, %error, "A dead letter could not be stored; the message stays where it is");
            false
        }
    }
}
