//! Events as the stream EVENTS holds them.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::{
    ConnectorKind, DomainEvent, OrganizationId,
    action::{ActionEvent, Proposed},
    audit::{self, AuditEvent, AuditedAction},
    change::{self, ChangeEvent, ChangeKind},
    conversation::{self, AnswerPosted, AnswerRequested, Audience, Author, ConversationEvent, Message, Place},
    integration::{self, Account, Authorized, IntegrationEvent, Resource, ResourceGranted, ResourceKind},
    organization::{self, Created, MemberAdded, OrganizationEvent, Role},
    user::{self, Registered, UserEvent},
};
use infragpt_nats::{Envelope, Received};
use uuid::Uuid;

/// The day that all of this happens on, and `minutes` more.
pub fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-22T08:00:00Z").unwrap().to_utc() + TimeDelta::minutes(minutes)
}

/// A log being written: numbers its events from 1, a minute apart.
pub struct Events {
    organization: OrganizationId,
    pub received: Vec<Received>,
}

impl Events {
    pub fn of(organization: &str) -> Self {
        Self {
            organization: OrganizationId::parse(organization).unwrap(),
            received: Vec::new(),
        }
    }

    /// Going on with another organization's events.
    pub fn and(mut self, organization: &str) -> Self {
        self.organization = OrganizationId::parse(organization).unwrap();
        self
    }

    pub fn push<E: DomainEvent>(self, aggregate: Uuid, event: impl Into<E>) -> Self {
        let organization = self.organization.clone();
        self.push_for::<E>(&organization, aggregate, event)
    }

    fn push_for<E: DomainEvent>(mut self, owner: &OrganizationId, aggregate: Uuid, event: impl Into<E>) -> Self {
        let event: E = event.into();
        let sequence = self.received.len() as u64 + 1;
        let (name, time) = (event.name(), at(i64::try_from(sequence).unwrap()));
        self.received.push(Received {
            envelope: Envelope {
                id: Uuid::from_u128(sequence.into()).to_string(),
                source: "/test".to_owned(),
                kind: format!("dev.infragpt.{}.{name}.v{}", E::AGGREGATE, event.version()),
                time: Some(time),
                organization: Some(owner.to_string()),
                correlation: Some("case".to_owned()),
                actor: Some("user:user_maya".to_owned()),
                client_address: Some("203.0.113.7".to_owned()),
                request: Some("r-7".to_owned()),
                ..Envelope::default()
            },
            payload: Bytes::from(event.payload().to_string()),
            stream: "EVENTS".to_owned(),
            subject: format!("events.{}.{owner}.{aggregate}.{name}", E::AGGREGATE),
            sequence,
            published: time,
            delivered: 1,
        });
        self
    }

    /// The organization by its name.
    pub fn created(self, name: &str) -> Self {
        let id = organization::id(&self.organization);
        let created = Created {
            name: name.to_owned(),
            slug: Some(name.to_lowercase()),
            updated_at: at(0),
        };
        self.push::<OrganizationEvent>(id, created)
    }

    /// Somebody who belongs to it.
    pub fn member(self, user: &str, name: &str, role: Role) -> Self {
        let registered = Registered {
            user: user.to_owned(),
            name: Some(name.to_owned()),
            email: Some(format!("{}@acme.test", name.to_lowercase())),
            updated_at: at(0),
        };
        let added = MemberAdded {
            membership: format!("mem_{user}_{}", self.organization),
            user: user.to_owned(),
            role,
            updated_at: at(0),
        };
        let id = organization::id(&self.organization);
        self.push_for::<UserEvent>(&OrganizationId::nobody(), user::id(user), registered)
            .push::<OrganizationEvent>(id, added)
    }

    pub fn connected(self, connector_name: &str) -> Self {
        let id = integration::id(&self.organization, &connector(connector_name));
        let authorized = Authorized {
            connector: connector(connector_name),
            account: Account {
                id: "T1".to_owned(),
                name: "Acme".to_owned(),
            },
            bot_user: Some("U1".to_owned()),
            scopes: vec!["chat:write".to_owned()],
            attempt: None,
            credential: None,
            allowed_at: None,
        };
        self.push::<IntegrationEvent>(id, authorized)
    }

    pub fn granted(self, connector_name: &str, kind: ResourceKind, names: &[&str]) -> Self {
        let id = integration::id(&self.organization, &connector(connector_name));
        let resource = |name: &&str| Resource {
            kind,
            id: format!("id-{name}"),
            name: (*name).to_owned(),
            url: None,
            private: false,
        };
        let granted = ResourceGranted {
            connector: connector(connector_name),
            resources: names.iter().map(resource).collect(),
        };
        self.push::<IntegrationEvent>(id, granted)
    }

    /// A change with a number, which happened so many minutes after eight.
    pub fn change(self, number: u128, kind: ChangeKind, repository: &str, actor: &str) -> Self {
        let recorded = change::Recorded {
            connector: connector("github"),
            kind,
            repository: repository.to_owned(),
            title: format!("Change {number}"),
            url: format!("https://github.test/{number}"),
            actor: change::Actor {
                id: format!("id-{actor}"),
                name: actor.to_owned(),
                url: None,
            },
            reference: Some("main".to_owned()),
            revision: None,
            details: vec!["one".to_owned()],
            occurred_at: at(i64::try_from(number).unwrap()),
        };
        self.push::<ChangeEvent>(Uuid::from_u128(number), recorded)
    }

    /// A question in a thread, and its answer.
    pub fn answered(self, channel: &str, thread: &str, question: &str) -> Self {
        let place = place(channel, thread);
        let answer_id = conversation::answer_id(&place, thread);
        let asked = AnswerRequested {
            place: place.clone(),
            message: Message {
                id: thread.to_owned(),
                author: Author {
                    id: "U7".to_owned(),
                    name: Some("Maya".to_owned()),
                },
                text: question.to_owned(),
                sent_at: at(0),
            },
            answer_id,
            audience: Audience::Thread,
            is_private: false,
        };
        let posted = AnswerPosted {
            answer_id,
            message_id: thread.to_owned(),
            posted_id: format!("{thread}.1"),
            text: "**payments** was deployed".to_owned(),
            agent: "builtin".to_owned(),
        };
        self.push::<ConversationEvent>(conversation::id(&place), asked)
            .push::<ConversationEvent>(conversation::id(&place), posted)
    }

    pub fn proposed(self, number: u128, title: &str) -> Self {
        let proposed = Proposed {
            conversation: Uuid::from_u128(1),
            answer: Uuid::from_u128(2),
            title: title.to_owned(),
            tool: "tool.v1.github.rerun".to_owned(),
            arguments: serde_json::json!({ "run": 7 }),
            reason: "It failed for no reason".to_owned(),
            target: None,
            diff: None,
            place: None,
            expires_at: at(600),
        };
        self.push::<ActionEvent>(Uuid::from_u128(number), proposed)
    }

    /// A credential that was opened `count` times, noted under a number.
    pub fn opened(self, number: u64, count: u64) -> Self {
        let recorded = audit::Recorded {
            action: AuditedAction::CredentialRead,
            connector: Some(connector("slack")),
            integration: None,
            purpose: Some("post".to_owned()),
            refused: None,
            reason: None,
            count,
            first_at: at(0),
            last_at: at(i64::try_from(number).unwrap()),
        };
        let id = audit::id(&self.organization, &number.to_string());
        self.push::<AuditEvent>(id, recorded)
    }
}

pub fn connector(name: &str) -> ConnectorKind {
    ConnectorKind::parse(name).unwrap()
}

pub fn place(channel: &str, thread: &str) -> Place {
    Place {
        connector: connector("slack"),
        account: "T1".to_owned(),
        channel: channel.to_owned(),
        thread: thread.to_owned(),
    }
}

/// Acme with maya, who manages it, and tom, a bit of everything in it, and globex with gus and the same again.
pub fn two_organizations() -> Events {
    let fill = |events: Events, shift: u128| {
        events
            .connected("slack")
            .granted("slack", ResourceKind::Channel, &["incidents", "deployments"])
            .granted("github", ResourceKind::Repository, &["acme/payments"])
            .change(shift + 1, ChangeKind::Push, "acme/payments", "mona")
            .change(shift + 2, ChangeKind::Release, "acme/payments", "mona")
            .change(shift + 3, ChangeKind::Push, "acme/web", "hubot")
            .answered("C1", &format!("{shift}.1"), "what changed?")
            .proposed(shift + 1, "Run the tests again")
            .opened(u64::try_from(shift).unwrap() + 1, 2)
    };
    let acme = Events::of("acme")
        .created("Acme")
        .member("user_maya", "Maya", Role::Admin)
        .member("user_tom", "Tom", Role::Member);
    let globex = fill(acme, 100)
        .and("globex")
        .created("Globex")
        .member("user_gus", "Gus", Role::Admin);
    fill(globex, 200)
}
