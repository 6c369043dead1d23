//! Works on what one binding delivers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::{
    Message,
    jetstream::{
        self, AckKind,
        consumer::{Consumer, pull},
        message::Acker,
    },
};
use futures::{FutureExt as _, StreamExt as _};
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{
    Handler, Subscription,
    again::Requests,
    attempt::{Job, LONGEST_DELAY, Outcome, Work, attempt, attempt_again, bury},
};
use crate::{
    Received,
    dead_letter::DeadLetter,
    received::{Delivery, ReadError},
    scheduler::Scheduler,
};

/// A message that was delivered this often without an outcome probably ends the process each time.
const MOST_DELIVERIES: u64 = 25;
/// How long running messages may take to end after a shutdown.
const GRACE: Duration = Duration::from_secs(10);
/// No more is taken while messages of this size in all have no outcome yet, in bytes.
const MOST_HELD: usize = 64 * 1024 * 1024;

type Boxed = Box<Job>;

/// A delivery that has no outcome yet.
struct Held {
    acker: Acker,
    size: usize,
}

pub(super) struct Worker<H> {
    subscription: Arc<Subscription>,
    handler: Arc<H>,
    scheduler: Scheduler<Work>,
    /// By sequence, with the newest acknowledgement of each.
    held: BTreeMap<u64, Held>,
    held_bytes: usize,
    running: JoinSet<(u64, String, Outcome)>,
    /// What is tried again later takes no place from what can run now.
    sleeping: JoinSet<(String, Boxed)>,
    ack_wait: Duration,
}

impl<H: Handler> Worker<H> {
    pub fn new(subscription: &Arc<Subscription>, handler: &Arc<H>, consumer: &Consumer<pull::Config>) -> Self {
        let ack_wait = consumer.cached_info().config.ack_wait;
        Self {
            subscription: Arc::clone(subscription),
            handler: Arc::clone(handler),
            scheduler: Scheduler::new(subscription.concurrency),
            held: BTreeMap::new(),
            held_bytes: 0,
            running: JoinSet::new(),
            sleeping: JoinSet::new(),
            ack_wait: if ack_wait.is_zero() {
                Duration::from_secs(30)
            } else {
                ack_wait
            },
        }
    }

    /// Works until told to stop, or until the delivery breaks off.
    pub async fn consume(
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
        let mut requests = Requests::open(&self.subscription).await?;
        let ended = loop {
            self.start_ready();
            tokio::select! {
                () = shutdown.cancelled() => break Ok(()),
                Some(joined) = self.running.join_next(), if !self.running.is_empty() => {
                    if let Err(problem) = self.finish(joined).await {
                        break Err(problem);
                    }
                }
                Some(Ok((key, job))) = self.sleeping.join_next(), if !self.sleeping.is_empty() => {
                    self.scheduler.resume(&key, Work::Delivered(job));
                }
                next = messages.next(), if self.held_bytes < MOST_HELD => match next {
                    Some(Ok(message)) => {
                        *failures = 0;
                        self.take(message).await;
                    }
                    Some(Err(error)) => break Err(error.to_string()),
                    None => break Err("the server ended the subscription".to_owned()),
                },
                again = requests.next() => {
                    let route = self.handler.route(&again.received);
                    self.scheduler.push(&route.key, &route.tenant, Work::Again(Box::new(again)));
                }
                _ = progress.tick() => self.report_progress().await,
            }
        };
        let stopping = shutdown.is_cancelled();
        if stopping {
            // What has arrived and was not looked at yet is handed back with the rest.
            while let Some(Some(Ok(message))) = messages.next().now_or_never() {
                if let Ok((_, delivery)) = Received::from_message(&message) {
                    self.hold(delivery.sequence, message);
                }
            }
        }
        drop(messages);
        self.wind_down(stopping, progress).await;
        requests.finish().await;
        ended
    }

    /// Reads a delivery and queues it; one that is no event of ours goes to the dead letters.
    async fn take(&mut self, message: jetstream::Message) {
        match Received::from_message(&message) {
            Ok((received, delivery)) => {
                let Some(message) = self.hold(delivery.sequence, message) else {
                    return;
                };
                if delivery.delivered > MOST_DELIVERIES && !self.subscription.is_endless() {
                    let reason = format!("delivered {} times without an outcome", delivery.delivered);
                    self.give_up(&message, &delivery, reason).await;
                    return;
                }
                let route = self.handler.route(&received);
                let job = Job {
                    received,
                    message,
                    since: Instant::now(),
                    tries: 0,
                };
                let work = Work::Delivered(Box::new(job));
                self.scheduler.push(&route.key, &route.tenant, work);
            }
            Err(ReadError::Envelope { delivery, source }) => {
                if let Some(message) = self.hold(delivery.sequence, message) {
                    self.give_up(&message, &delivery, format!("no CloudEvent: {source}"))
                        .await;
                }
            }
            Err(error @ ReadError::Metadata(_)) => {
                tracing::error!(%error, "Ignored a message that no stream delivered");
            }
        }
    }

    /// Notes a delivery; `None` when the message is being worked on already, and only its acknowledgement is newer.
    fn hold(&mut self, sequence: u64, message: jetstream::Message) -> Option<Message> {
        let (message, acker) = message.split();
        let size = message.length;
        let known = self.held.insert(sequence, Held { acker, size });
        if known.is_none() {
            self.held_bytes += size;
        }
        known.is_none().then_some(message)
    }

    async fn give_up(&mut self, message: &Message, delivery: &Delivery, reason: String) {
        let letter = DeadLetter {
            stream: &delivery.stream,
            consumer: &self.subscription.consumer,
            sequence: delivery.sequence,
            message,
            reason,
            attempts: delivery.delivered,
        };
        let stored = bury(&self.subscription, &letter).await;
        let outcome = if stored {
            AckKind::Term
        } else {
            AckKind::Nak(Some(LONGEST_DELAY))
        };
        self.settle(delivery.sequence, outcome).await;
    }

    fn start_ready(&mut self) {
        while let Some((key, work)) = self.scheduler.next() {
            let (subscription, handler) = (Arc::clone(&self.subscription), Arc::clone(&self.handler));
            self.running.spawn(async move {
                match work {
                    Work::Delivered(job) => {
                        let sequence = job.received.sequence;
                        (sequence, key, attempt(&subscription, &*handler, job).await)
                    }
                    Work::Again(again) => {
                        let sequence = again.received.sequence;
                        (sequence, key, attempt_again(&subscription, &*handler, *again).await)
                    }
                }
            });
        }
    }

    async fn finish(&mut self, joined: Result<(u64, String, Outcome), JoinError>) -> Result<(), String> {
        // `attempt` catches a handler's panic, so only a bug of this runtime comes here.
        let (sequence, key, outcome) = joined.map_err(|error| format!("a message's task ended: {error}"))?;
        match outcome {
            Outcome::Handled => {
                self.scheduler.finished(&key);
                self.settle(sequence, AckKind::Ack).await;
            }
            Outcome::Dead => {
                self.scheduler.finished(&key);
                self.settle(sequence, AckKind::Term).await;
            }
            Outcome::Answered => self.scheduler.finished(&key),
            Outcome::Later(job, wait) => {
                self.scheduler.suspended(&key);
                self.sleeping.spawn(async move {
                    tokio::time::sleep(wait).await;
                    (key, job)
                });
            }
        }
        Ok(())
    }

    async fn settle(&mut self, sequence: u64, kind: AckKind) {
        if let Some(held) = self.held.remove(&sequence) {
            self.held_bytes -= held.size;
            if let Err(error) = held.acker.ack_with(kind).await {
                tracing::warn!(sequence, %error, "An acknowledgement could not be sent; the message will come again");
            }
        }
    }

    /// Keeps what waits or runs from being delivered to somebody else.
    async fn report_progress(&self) {
        for held in self.held.values() {
            if held.acker.ack_with(AckKind::Progress).await.is_err() {
                return;
            }
        }
    }

    /// Ends what runs, and hands back what waits in its order.
    async fn wind_down(mut self, stopping: bool, mut progress: Interval) {
        let deadline = Instant::now() + GRACE;
        while !self.running.is_empty() {
            tokio::select! {
                Some(joined) = self.running.join_next() => {
                    if let Err(problem) = self.finish(joined).await {
                        tracing::error!(problem, "A message has no outcome; it will come again");
                    }
                }
                _ = progress.tick() => self.report_progress().await,
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        self.running.abort_all();
        if stopping {
            for held in self.held.values() {
                let _ = held.acker.ack_with(AckKind::Nak(None)).await;
            }
        }
        let _ = self.subscription.connection.client.flush().await;
    }
}
