//! A nats-server with the streams and users of the product, what organizations and people leave there, and the role on it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use infragpt_erasure::Erasure;
use infragpt_events::{
    OrganizationId,
    organization::{self, Description, Erased, Organization, OrganizationCommand, OrganizationEvent},
    user::{self, Person, User, UserCommand, UserEvent},
};
use infragpt_local::NatsServer;
use infragpt_nats::{
    AggregateSubject, Cause, Connection, ConnectionConfiguration, Definitions, Envelope, EventStore, FactPublisher,
    Handler, HandlerError, Log, Origin, RawSubject, Received, Route, Subscription,
    definition::{self, SERVER_CONFIGURATION},
};
use secrecy::SecretString;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::integrations::Fake;

/// A server, and who writes to it.
pub struct Installation {
    pub server: NatsServer,
    pub log: Log,
    pub store: EventStore,
    pub fake: Fake,
    directory: TempDir,
    facts: BTreeMap<&'static str, FactPublisher>,
    number: AtomicU64,
    _serving: JoinHandle<()>,
}

impl Installation {
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("infragpt-erasure-").tempdir().unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment)
            .await
            .unwrap();
        let admin = connect(&server, "admin").await;
        Definitions::embedded(1).unwrap().apply(&admin).await.unwrap();
        let integrations = connect(&server, "integrations").await;
        let fake = Fake::new(&integrations);
        let serving = fake.clone().run(integrations, CancellationToken::new());
        let mut facts = BTreeMap::new();
        for user in ["slack", "github", "clerk"] {
            facts.insert(user, FactPublisher::new(&connect(&server, user).await));
        }
        Self {
            log: Log::new(&connect(&server, "operator").await),
            store: EventStore::new(&connect(&server, "handlers").await),
            fake,
            directory,
            facts,
            number: AtomicU64::new(1),
            _serving: tokio::spawn(serving),
            server,
        }
    }

    pub async fn connect(&self, user: &str) -> Connection {
        connect(&self.server, user).await
    }

    /// Stores a fact, and returns where.
    pub async fn fact(&self, user: &'static str, subject: &RawSubject, payload: impl Into<Bytes>) -> u64 {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let envelope = Envelope {
            id: format!("fact-{number}"),
            source: "/test".to_owned(),
            kind: "test".to_owned(),
            ..Envelope::default()
        };
        let stored = self.facts[user].publish(subject, &envelope, payload.into()).await;
        stored.unwrap().sequence
    }

    pub async fn slack(&self, team: &str, text: &str) -> u64 {
        let payload = serde_json::json!({ "text": text }).to_string();
        self.fact("slack", &RawSubject::slack(team, "message"), payload).await
    }

    pub async fn github(&self, installation: u64, text: &str) -> u64 {
        let payload = serde_json::json!({ "text": text }).to_string();
        let subject = RawSubject::github(Some(installation), "push", None);
        self.fact("github", &subject, payload).await
    }

    pub async fn clerk(&self, organization: Option<&str>, kind: &str, payload: &Value) -> u64 {
        let subject = RawSubject::clerk(organization, kind);
        self.fact("clerk", &subject, payload.to_string()).await
    }

    /// An organization is known by a name that is found in files.
    pub async fn describe(&self, name: &str) {
        let description = Description {
            name: format!("canary-{name}-name"),
            slug: None,
            updated_at: now(),
        };
        self.organization(name, OrganizationCommand::Describe(description))
            .await;
    }

    /// An organization is deleted.
    pub async fn delete(&self, name: &str) {
        self.organization(name, OrganizationCommand::Delete).await;
    }

    async fn organization(&self, name: &str, command: OrganizationCommand) {
        let id = OrganizationId::parse(name).unwrap();
        let subject = AggregateSubject::new::<Organization>(&id, organization::id(&id));
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let cause = cause(&format!("organization-{number}"));
        self.store
            .execute::<Organization>(&subject, &cause, command)
            .await
            .unwrap();
    }

    /// A person is known by a name that is found in files.
    pub async fn register(&self, user: &str) {
        let person = Person {
            user: user.to_owned(),
            name: Some(format!("canary-{user}-name")),
            email: None,
            updated_at: now(),
        };
        self.person(user, UserCommand::Describe(person)).await;
    }

    /// A person is deleted.
    pub async fn delete_person(&self, user: &str) {
        let command = UserCommand::Delete { user: user.to_owned() };
        self.person(user, command).await;
    }

    async fn person(&self, user: &str, command: UserCommand) {
        let subject = AggregateSubject::new::<User>(&OrganizationId::nobody(), user::id(user));
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let cause = cause(&format!("user-{number}"));
        self.store.execute::<User>(&subject, &cause, command).await.unwrap();
    }

    /// Handlers hear of what there is of `consumer`, and can make nothing of it.
    pub async fn bury(&self, stream: &str, consumer: &str) {
        let stop = CancellationToken::new();
        let subscription = Subscription::new(&self.connect("handlers").await, stream, consumer);
        let running = tokio::spawn(subscription.run(Buries, stop.clone()));
        until("everything to be buried", async || {
            let at = self.log.consumer(stream, consumer).await.unwrap();
            (at.pending == 0 && at.unacknowledged == 0).then_some(())
        })
        .await;
        stop.cancel();
        running.await.unwrap().unwrap();
    }

    /// Runs the role until the guard is dropped.
    pub async fn erase(&self) -> Running {
        let stop = CancellationToken::new();
        let role = Erasure::new(&self.connect("erasure").await, now).delay(Duration::ZERO);
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { role.run(stop).await.unwrap() }
        });
        Running { stop, task }
    }

    /// What `erased` says of an organization, if it is there; it is there once.
    pub async fn erased(&self, organization: &str) -> Option<Erased> {
        let filter = format!("events.organization.{organization}.*.erased");
        let mut events = self.log.read("EVENTS", &filter, 0).await.unwrap();
        assert!(events.len() <= 1, "{events:?}");
        let event = infragpt_nats::decode_event::<OrganizationEvent>(&events.pop()?).unwrap();
        match event.event {
            OrganizationEvent::Erased(erased) => Some(erased),
            other => panic!("{other:?}"),
        }
    }

    pub async fn until_erased(&self, organization: &str) -> Erased {
        let erased = until("it to be erased", async || self.erased(organization).await).await;
        self.until_idle().await;
        erased
    }

    pub async fn until_person_erased(&self, user: &str) -> user::Erased {
        let filter = format!("events.user.-.{}.erased", user::id(user));
        let erased = until("they to be erased", async || {
            let mut events = self.log.read("EVENTS", &filter, 0).await.unwrap();
            assert!(events.len() <= 1, "{events:?}");
            let event = infragpt_nats::decode_event::<UserEvent>(&events.pop()?).unwrap();
            match event.event {
                UserEvent::Erased(erased) => Some(erased),
                other => panic!("{other:?}"),
            }
        })
        .await;
        self.until_idle().await;
        erased
    }

    /// Waits until nothing is left to erase.
    pub async fn until_idle(&self) {
        until("the erasures to be done", async || {
            let at = self.log.consumer("EVENTS", "erasures").await.unwrap();
            (at.pending == 0 && at.unacknowledged == 0).then_some(())
        })
        .await;
    }

    /// The subjects of what `stream` holds under `filter`, in order.
    pub async fn subjects(&self, stream: &str, filter: &str) -> Vec<String> {
        let messages = self.log.read(stream, filter, 0).await.unwrap();
        messages.into_iter().map(|message| message.subject).collect()
    }

    /// The last tokens of the events of an organization, in order.
    pub async fn events(&self, organization: &str) -> Vec<String> {
        let subjects = self.subjects("EVENTS", &format!("events.*.{organization}.>")).await;
        let last = |subject: String| subject.rsplit('.').next().unwrap().to_owned();
        subjects.into_iter().map(last).collect()
    }

    /// How many files of the server's store have `text` in them.
    pub fn files_with(&self, text: &str) -> usize {
        let bytes = text.as_bytes();
        files_under(&self.directory.path().join("nats"))
            .iter()
            .filter(|file| {
                // A file may be gone: the server compacts.
                std::fs::read(file).is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
            })
            .count()
    }
}

/// The role, running.
pub struct Running {
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Running {
    /// Ends it in order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it as a crash does.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// A handler that can make nothing of anything.
struct Buries;

impl Handler for Buries {
    fn route(&self, received: &Received) -> Route {
        Route {
            key: received.sequence.to_string(),
            tenant: received.subject.clone(),
        }
    }

    async fn handle(&self, _: Received) -> Result<(), HandlerError> {
        Err(HandlerError::discard(std::io::Error::other("nobody understands it")))
    }
}

pub fn cause(id: &str) -> Cause {
    Cause {
        id: id.to_owned(),
        correlation: id.to_owned(),
        actor: "system:test".to_owned(),
        time: now(),
        traceparent: None,
        origin: Origin::default(),
    }
}

async fn connect(server: &NatsServer, user: &str) -> Connection {
    Connection::connect(&ConnectionConfiguration {
        url: server.url(),
        user: user.to_owned(),
        password: password(user).into(),
        name: "test".to_owned(),
    })
    .await
    .unwrap()
}

fn files_under(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}

/// What the clock is ahead, in seconds, for the test of this process that sets it.
pub static AHEAD: AtomicI64 = AtomicI64::new(0);

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: its role runs by the real clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(AHEAD.load(Ordering::Relaxed))
}

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    while tokio::time::Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited for {what} in vain");
}
