//! A database of one's own, and events as the streams hold them.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::{
    ConnectorKind, DomainEvent, OrganizationId,
    action::{ActionEvent, Proposed},
    audit::{self, AuditEvent, AuditedAction},
    change::{self, Actor, ChangeEvent, ChangeKind},
    conversation::{self, AnswerFailed, AnswerPosted, AnswerRequested, Audience, Author, Message, Place},
    integration::{
        self, Account, AuthorizationStarted, Authorized, IntegrationEvent, Resource, ResourceGranted, ResourceKind,
    },
    organization::{
        self, CompanySize, Created, MemberAdded, Observability, OrganizationEvent, Profile, ProfileSet, Role, TeamSize,
        UseCase,
    },
    user::{self, Registered, UserEvent},
};
use infragpt_local::{Postgres, PostgresOptions};
use infragpt_nats::{Envelope, Received};
use secrecy::SecretString;
use sqlx::{PgPool, Postgres as Postgresql, pool::PoolConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Batch, connect, create_database, migrate,
    projector::{Positions, Writer},
};

/// A PostgreSQL server with an empty, migrated database.
pub struct Fixture {
    pub database: PgPool,
    pub url: SecretString,
    _server: Postgres,
    _directory: TempDir,
}

impl Fixture {
    pub async fn start() -> Self {
        let fixture = Self::without_database().await;
        assert!(create_database(&fixture.url).await.unwrap());
        migrate(&fixture.database).await.unwrap();
        fixture
    }

    pub async fn without_database() -> Self {
        let directory = TempDir::new().unwrap();
        let server = Postgres::start(PostgresOptions {
            data_directory: directory.path().join("postgres"),
            port: None,
            log: directory.path().join("postgres.log"),
        })
        .await
        .unwrap();
        let url = server.url_of("read_models");
        let database = connect(&url, "projections test").unwrap();
        Self {
            database,
            url,
            _server: server,
            _directory: directory,
        }
    }

    /// A connection of the owner of the tables.
    pub async fn connection(&self) -> PoolConnection<Postgresql> {
        self.database.acquire().await.unwrap()
    }

    /// Applies a batch in a transaction of its own, without a checkpoint.
    pub async fn apply(&self, events: &[Received]) {
        let mut transaction = self.database.begin().await.unwrap();
        Batch::decode(events.to_vec()).apply(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

/// What writes the stream EVENTS, at its checkpoint.
pub async fn writer(database: &PgPool) -> Writer {
    Writer::open(database.clone(), "EVENTS", Positions::default())
        .await
        .unwrap()
}

/// The identifier of an organization.
pub fn organization(name: &str) -> OrganizationId {
    OrganizationId::parse(name).unwrap()
}

pub fn connector(name: &str) -> ConnectorKind {
    ConnectorKind::parse(name).unwrap()
}

/// Midnight of the day that all of this happens on, and `minutes` more.
pub fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-22T00:00:00Z").unwrap().to_utc() + TimeDelta::minutes(minutes)
}

/// A log being written: numbers its events from 1, a minute apart.
pub struct Log {
    organization: OrganizationId,
    pub events: Vec<Received>,
}

impl Log {
    pub fn of(organization_id: &str) -> Self {
        Self {
            organization: organization(organization_id),
            events: Vec::new(),
        }
    }

    /// The same log, going on with another organization's events.
    pub fn and(mut self, organization_id: &str) -> Self {
        self.organization = organization(organization_id);
        self
    }

    pub fn push<E: DomainEvent>(mut self, aggregate: Uuid, event: impl Into<E>) -> Self {
        let event: E = event.into();
        let sequence = self.events.len() as u64 + 1;
        let (organization, name) = (&self.organization, event.name());
        self.events.push(Received {
            envelope: Envelope {
                id: format!("event-{sequence}"),
                source: "/test".to_owned(),
                kind: format!("dev.infragpt.{}.{name}.v{}", E::AGGREGATE, event.version()),
                time: Some(at(i64::try_from(sequence).unwrap())),
                organization: Some(organization.to_string()),
                correlation: Some("case".to_owned()),
                causation: Some(format!("event-{}", sequence - 1)),
                actor: Some("test".to_owned()),
                ..Envelope::default()
            },
            payload: Bytes::from(event.payload().to_string()),
            stream: "EVENTS".to_owned(),
            subject: format!("events.{}.{organization}.{aggregate}.{name}", E::AGGREGATE),
            sequence,
            published: at(i64::try_from(sequence).unwrap()),
            delivered: 1,
        });
        self
    }

    pub fn integration(self, connector_name: &str, event: impl Into<IntegrationEvent>) -> Self {
        let id = integration::id(&self.organization, &connector(connector_name));
        self.push::<IntegrationEvent>(id, event)
    }

    pub fn change(self, identity: &str, recorded: change::Recorded) -> Self {
        let id = change::id(&self.organization, &recorded.connector, identity);
        self.push::<ChangeEvent>(id, recorded)
    }

    pub fn audited(self, identity: &str, recorded: audit::Recorded) -> Self {
        let id = audit::id(&self.organization, identity);
        self.push::<AuditEvent>(id, recorded)
    }

    pub fn organization(self, event: impl Into<OrganizationEvent>) -> Self {
        let id = organization::id(&self.organization);
        self.push::<OrganizationEvent>(id, event)
    }

    /// What happens to a person, who belongs to no organization.
    pub fn user(mut self, event: impl Into<UserEvent>) -> Self {
        let event = event.into();
        let whose = std::mem::replace(&mut self.organization, OrganizationId::nobody());
        let mut log = self.push::<UserEvent>(user::id(crate::users::about(&event)), event);
        log.organization = whose;
        log
    }

    /// What happens to the action with a number.
    pub fn action(self, number: u128, event: impl Into<ActionEvent>) -> Self {
        self.push::<ActionEvent>(Uuid::from_u128(number), event)
    }

    pub fn asked(self, thread: &str, message: &str, text: &str) -> Self {
        let (place, message) = (place(thread), said(message, text));
        let answer_id = conversation::answer_id(&place, &message.id);
        self.push::<conversation::ConversationEvent>(
            conversation::id(&place),
            AnswerRequested {
                place,
                message,
                answer_id,
                audience: Audience::Thread,
                is_private: false,
            },
        )
    }

    pub fn answered(self, thread: &str, message: &str, text: &str) -> Self {
        let place = place(thread);
        let answered = AnswerPosted {
            answer_id: conversation::answer_id(&place, message),
            message_id: message.to_owned(),
            posted_id: format!("{message}-answer"),
            text: text.to_owned(),
            agent: "builtin".to_owned(),
        };
        self.push::<conversation::ConversationEvent>(conversation::id(&place), answered)
    }

    pub fn given_up(self, thread: &str, message: &str, reason: &str) -> Self {
        let place = place(thread);
        let failed = AnswerFailed {
            answer_id: conversation::answer_id(&place, message),
            message_id: message.to_owned(),
            reason: reason.to_owned(),
            posted_id: None,
        };
        self.push::<conversation::ConversationEvent>(conversation::id(&place), failed)
    }
}

pub fn authorized(connector_name: &str, account: &str) -> Authorized {
    Authorized {
        connector: connector(connector_name),
        account: Account {
            id: account.to_owned(),
            name: format!("{account} Inc."),
        },
        bot_user: Some("U1".to_owned()),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        attempt: None,
        credential: None,
        allowed_at: None,
    }
}

/// The attempt with a number, which `user:<number>` starts and can finish until `until`.
pub fn started(connector_name: &str, number: u128, until: i64) -> AuthorizationStarted {
    AuthorizationStarted {
        connector: connector(connector_name),
        attempt: Uuid::from_u128(number),
        requested_by: format!("user:{number}"),
        expires_at: at(until),
    }
}

/// A credential that was opened for `purpose`, twice, the second time after `minutes`.
pub fn opened(purpose: &str, minutes: i64) -> audit::Recorded {
    audit::Recorded {
        action: AuditedAction::CredentialRead,
        connector: Some(connector("slack")),
        integration: Some(Uuid::from_u128(7)),
        purpose: Some(purpose.to_owned()),
        refused: None,
        reason: None,
        count: 2,
        first_at: at(0),
        last_at: at(minutes),
    }
}

pub fn granted(connector_name: &str, kind: ResourceKind, names: &[&str]) -> ResourceGranted {
    let resource = |name: &&str| Resource {
        kind,
        id: format!("id-{name}"),
        name: (*name).to_owned(),
        url: None,
        private: false,
    };
    ResourceGranted {
        connector: connector(connector_name),
        resources: names.iter().map(resource).collect(),
    }
}

pub fn changed(kind: ChangeKind, repository: &str, minutes: i64) -> change::Recorded {
    change::Recorded {
        connector: connector("github"),
        kind,
        repository: repository.to_owned(),
        title: format!("{kind} at {minutes}"),
        url: "https://example.test/1".to_owned(),
        actor: Actor {
            id: "7".to_owned(),
            name: "mona".to_owned(),
            url: None,
        },
        reference: Some("main".to_owned()),
        revision: None,
        details: vec!["one".to_owned(), "two".to_owned()],
        occurred_at: at(minutes),
    }
}

pub fn place(thread: &str) -> Place {
    Place {
        connector: connector("slack"),
        account: "T1".to_owned(),
        channel: "C1".to_owned(),
        thread: thread.to_owned(),
    }
}

fn said(id: &str, text: &str) -> Message {
    Message {
        id: id.to_owned(),
        author: Author {
            id: "U7".to_owned(),
            name: None,
        },
        text: text.to_owned(),
        sent_at: at(0),
    }
}

pub fn created(name: &str, minutes: i64) -> Created {
    Created {
        name: name.to_owned(),
        slug: Some(name.to_lowercase()),
        updated_at: at(minutes),
    }
}

pub fn profile(company_size: CompanySize) -> ProfileSet {
    ProfileSet {
        profile: Profile {
            company_size,
            team_size: TeamSize::UpTo5,
            use_cases: vec![UseCase::IncidentResponse],
            observability: vec![Observability::Grafana],
        },
    }
}

/// `user_<name>` in a membership `mem_<name>`.
pub fn joined(name: &str, role: Role, minutes: i64) -> MemberAdded {
    MemberAdded {
        membership: format!("mem_{name}"),
        user: format!("user_{name}"),
        role,
        updated_at: at(minutes),
    }
}

/// `user_<name>`, who is reached at `<name>@example.test`.
pub fn registered(name: &str, minutes: i64) -> Registered {
    Registered {
        user: format!("user_{name}"),
        name: Some(name.to_owned()),
        email: Some(format!("{name}@example.test")),
        updated_at: at(minutes),
    }
}

pub fn proposed(title: &str) -> Proposed {
    Proposed {
        conversation: conversation::id(&place("1.0")),
        answer: conversation::answer_id(&place("1.0"), "1.0"),
        title: title.to_owned(),
        tool: "tool.v1.forge.restart".to_owned(),
        arguments: serde_json::json!({ "service": "payments" }),
        reason: "it does not answer".to_owned(),
        target: None,
        diff: None,
        place: None,
        expires_at: at(600),
    }
}
