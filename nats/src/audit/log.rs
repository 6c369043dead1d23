//! Writes what is noted into the log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};
use infragpt_events::audit::{self, Audit, AuditCommand};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::note::{Note, Notes, Tally};
use crate::{AggregateSubject, Cause, Connection, EventStore, ExecuteError};

/// How often it writes: below the 250 ms that are promised, because writing takes a while.
const INTERVAL: Duration = Duration::from_millis(200);

/// How often it writes what anybody on the Internet can cause.
const ANYBODYS_INTERVAL: Duration = Duration::from_secs(10);

/// How many records are on their way at once.
const IN_FLIGHT: usize = 64;

/// How long the end may take.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The audit log. Cheap to clone.
///
/// What is noted is in the log within 250 ms, and later while NATS does not answer: it is kept and tried again. Killing
/// the process loses what was noted since the last write; ending it in order loses nothing.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: EventStore,
    clock: fn() -> DateTime<Utc>,
    notes: Notes,
    /// Told apart from every other process's records by this.
    instance: String,
    next: AtomicU64,
}

/// What becomes an event. Its identity stays the same however often it is tried, so it is written once.
#[derive(Debug)]
struct Record {
    identity: String,
    note: Note,
    tally: Tally,
    written: bool,
}

impl AuditLog {
    /// The log with the permissions of `connection`'s role. Nothing is written unless [`run`](Self::run) runs.
    pub fn new(connection: &Connection, clock: fn() -> DateTime<Utc>) -> Self {
        Self(Arc::new(Parts {
            store: EventStore::new(connection),
            clock,
            notes: Notes::default(),
            instance: Uuid::now_v7().to_string(),
            next: AtomicU64::new(0),
        }))
    }

    /// Notes that something was done, or refused, just now. It waits for nothing.
    pub fn note(&self, note: Note) {
        self.0.notes.add(note, (self.0.clock)());
    }

    /// Writes what is noted until `shutdown`, and then what is left, for ten seconds at the most.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut anybodys_due = Instant::now();
        let mut unwritten = Vec::new();
        while !shutdown.is_cancelled() {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => break,
            }
            // While some can't be written no more are taken: they are counted together meanwhile, in bounded space.
            if unwritten.is_empty() {
                let now = Instant::now();
                let with_anybodys = now >= anybodys_due;
                if with_anybodys {
                    anybodys_due = now + ANYBODYS_INTERVAL;
                }
                unwritten = self.take(with_anybodys);
            }
            // A write that is interrupted is tried again below: the same record is not written twice.
            tokio::select! {
                () = self.write(&mut unwritten) => {}
                () = shutdown.cancelled() => break,
            }
        }
        unwritten.extend(self.take(true));
        self.finish(unwritten).await;
    }

    async fn finish(&self, mut unwritten: Vec<Record>) {
        let everything = async {
            self.write(&mut unwritten).await;
            while !unwritten.is_empty() {
                tokio::time::sleep(INTERVAL).await;
                self.write(&mut unwritten).await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, everything).await.is_err() {
            let missing = unwritten.iter().filter(|record| !record.written);
            let lost: u64 = missing.map(|record| record.tally.count).sum();
            tracing::error!(
                lost,
                "Up to {lost} uses and refusals are missing from the audit: NATS does not answer"
            );
        }
    }

    fn take(&self, with_anybodys: bool) -> Vec<Record> {
        let Parts {
            notes, instance, next, ..
        } = &*self.0;
        let number = || next.fetch_add(1, Ordering::Relaxed);
        notes
            .take(with_anybodys)
            .into_iter()
            .map(|(note, tally)| Record {
                identity: format!("{instance}.{}", number()),
                note,
                tally,
                written: false,
            })
            .collect()
    }

    /// Writes `records` and leaves those that could not be written, also when it is dropped half-way.
    async fn write(&self, records: &mut Vec<Record>) {
        // Collected first: a stream over a closure that borrows makes a future that nobody can spawn.
        let writes: Vec<_> = records
            .iter_mut()
            .filter(|record| !record.written)
            .map(|record| async move {
                let written = self.write_one(record).await;
                record.written = written.is_ok();
                written
            })
            .collect();
        let mut writes = stream::iter(writes).buffer_unordered(IN_FLIGHT);
        let mut problem = None;
        while let Some(written) = writes.next().await {
            problem = written.err().or(problem);
        }
        drop(writes);
        records.retain(|record| !record.written);
        if let Some(error) = problem {
            tracing::warn!(
                records = records.len(),
                error = &error as &dyn std::error::Error,
                "Audit records could not be written, trying again"
            );
        }
    }

    async fn write_one(
        &self,
        Record {
            identity, note, tally, ..
        }: &Record,
    ) -> Result<(), ExecuteError<std::convert::Infallible>> {
        let subject = AggregateSubject::new::<Audit>(&note.organization, audit::id(&note.organization, identity));
        let cause = Cause {
            id: identity.clone(),
            correlation: note.correlation.clone().unwrap_or_else(|| identity.clone()),
            actor: note.actor.clone(),
            time: tally.last_at,
            traceparent: None,
            origin: note.origin.clone(),
        };
        let command = AuditCommand::Record(note.recorded(*tally));
        self.0.store.execute_new::<Audit>(&subject, &cause, command).await?;
        Ok(())
    }
}
