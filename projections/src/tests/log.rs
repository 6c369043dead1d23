//! A nats-server with the streams and users of the product, and messages in them.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use infragpt_events::{Aggregate, OrganizationId};
use infragpt_local::NatsServer;
use infragpt_nats::{
    AggregateSubject, Cause, Connection, ConnectionConfiguration, Definitions, Envelope, EventStore, FactPublisher,
    Log, Origin, RawSubject,
    definition::{self, SERVER_CONFIGURATION},
    erase::Eraser,
};
use secrecy::SecretString;
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fixture::at;
use crate::{Projector, Rebuilt, generation::Renewal, projector, rebuild, status};

/// The log of an installation.
pub struct Streams {
    server: NatsServer,
    number: AtomicU64,
    _directory: TempDir,
}

impl Streams {
    pub async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment)
            .await
            .unwrap();
        let streams = Self {
            server,
            number: AtomicU64::new(1),
            _directory: directory,
        };
        let admin = streams.connect("admin").await;
        Definitions::embedded(1).unwrap().apply(&admin).await.unwrap();
        streams
    }

    pub async fn connect(&self, user: &str) -> Connection {
        Connection::connect(&ConnectionConfiguration {
            url: self.server.url(),
            user: user.to_owned(),
            password: password(user).into(),
            name: "test".to_owned(),
        })
        .await
        .unwrap()
    }

    /// Stores what a Slack team says, and returns where.
    pub async fn fact(&self, team: &str) -> u64 {
        let envelope = Envelope {
            id: format!("fact-{}", self.next()),
            source: "/test".to_owned(),
            kind: "test".to_owned(),
            ..Envelope::default()
        };
        FactPublisher::new(&self.connect("slack").await)
            .publish(
                &RawSubject::slack(team, "message"),
                &envelope,
                Bytes::from_static(b"{}"),
            )
            .await
            .unwrap()
            .sequence
    }

    /// Stores something that is no CloudEvent.
    pub async fn noise(&self) {
        let log = Log::new(&self.connect("operator").await);
        let last = async || log.stream("RAW_SLACK").await.unwrap().last_sequence;
        let before = last().await;
        let slack = self.connect("slack").await;
        slack
            .publish_with_reply("raw.slack.T1.noise", "_INBOX.slack.nobody", Bytes::from_static(b"?"))
            .await
            .unwrap();
        until("it to be stored", async || (last().await > before).then_some(())).await;
    }

    /// Has any aggregate decide, and returns where its event stands.
    pub async fn execute<A: Aggregate>(
        &self,
        writer: &str,
        organization: &OrganizationId,
        aggregate: Uuid,
        command: A::Command,
    ) -> u64 {
        let number = self.next();
        let cause = Cause {
            id: format!("cause-{number}"),
            correlation: "case".to_owned(),
            actor: "test".to_owned(),
            time: at(i64::try_from(number).unwrap()),
            traceparent: None,
            origin: Origin::default(),
        };
        let store = EventStore::new(&self.connect(writer).await);
        let subject = AggregateSubject::new::<A>(organization, aggregate);
        let executed = store.execute::<A>(&subject, &cause, command).await.unwrap();
        executed.position.expect("it has an event").sequence
    }

    /// Erases messages one by one.
    pub async fn erase(&self, stream: &str, sequences: impl IntoIterator<Item = u64>) {
        let eraser = Eraser::new(&self.connect("erasure").await);
        for sequence in sequences {
            assert!(eraser.erase(stream, sequence).await.unwrap(), "{sequence} of {stream}");
        }
    }

    /// Runs a projector until it is told to stop.
    pub async fn project(&self, database: &PgPool) -> Projecting {
        let shutdown = CancellationToken::new();
        let run = Projector::run(self.connect("projections").await, database.clone(), shutdown.clone());
        Projecting {
            running: tokio::spawn(run),
            shutdown,
        }
    }

    /// Projects until nothing is left of any stream.
    pub async fn project_all(&self, database: &PgPool) {
        let projecting = self.project(database).await;
        let operator = self.connect("operator").await;
        until("everything to be projected", async || {
            let streams = status(database, &operator).await.ok()?;
            streams.iter().all(|stream| stream.lag == 0).then_some(())
        })
        .await;
        projecting.stop().await;
    }

    /// Makes the read models from the log.
    pub async fn rebuild(&self, url: &SecretString) -> Rebuilt {
        let (projector, operator) = (self.connect("projections").await, self.connect("operator").await);
        rebuild(url, &projector, &operator, Renewal::default(), |_| {})
            .await
            .unwrap()
    }

    fn next(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }
}

/// A projector at work.
pub struct Projecting {
    running: JoinHandle<Result<(), projector::Error>>,
    shutdown: CancellationToken,
}

impl Projecting {
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

/// Waits until `found` finds something.
pub async fn until<T>(what: &str, found: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), looking)
        .await
        .unwrap_or_else(|_| panic!("waited 30 s for {what}"))
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}
