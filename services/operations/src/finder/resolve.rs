//! What a reference means.

use std::collections::BTreeSet;

use infragpt_events::OrganizationId;
use infragpt_nats::{
    Extent, Received, Start,
    scan::{Begin, End},
};
use infragpt_projections::{
    conversations::{self, Located},
    event_index,
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Error, Finder, Found, Missing,
    lookup::{MOST, Unindexed},
    missing::Nearest,
};
use crate::{Event, Reference, reference::SHORTEST_BEGINNING};

/// What a reference means.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One event, or several where several have the id or go back to it.
    Events(Vec<Found>),
    /// A conversation, an integration, or whatever else events happen to.
    Aggregate(Aggregate),
    /// An organization.
    Organization(OrganizationId),
}

/// Something that events happen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aggregate {
    /// `conversation`, `integration`, …
    pub kind: String,
    /// Whose it is, or `-`.
    pub organization: String,
    /// Its identity.
    pub id: String,
}

impl Aggregate {
    /// What a domain event happened to, by its subject.
    pub fn of(event: &Event) -> Option<Self> {
        let tokens: Vec<&str> = event.subject.split('.').collect();
        let ["events", kind, organization, id, _] = tokens[..] else {
            return None;
        };
        Some(Self {
            kind: kind.to_owned(),
            organization: organization.to_owned(),
            id: id.to_owned(),
        })
    }

    /// The subjects of everything that happens to it.
    pub fn subjects(&self) -> String {
        format!("events.{}.{}.{}.>", self.kind, self.organization, self.id)
    }
}

impl Finder {
    /// What `reference` means.
    ///
    /// # Errors
    /// [`Error::Missing`] where nothing has it, with what is nearest; else when the index or the log can't be read.
    pub async fn resolve(&self, reference: &Reference) -> Result<Target, Error> {
        let found = match reference {
            Reference::Place { stream, sequence } => return self.place(stream, *sequence).await,
            Reference::Message { channel, ts } => self.message(channel, ts).await?,
            Reference::Id(id) => return self.id(id).await,
        };
        if found.is_empty() {
            return Err(self.missing(reference).await?);
        }
        Ok(Target::Events(found))
    }

    async fn place(&self, stream: &str, sequence: u64) -> Result<Target, Error> {
        if let Some(found) = self.at(stream, sequence).await? {
            return Ok(Target::Events(vec![found]));
        }
        if let Some(index) = &self.index
            && let Some(entry) = event_index::at(index, stream, sequence).await?
        {
            return Ok(Target::Events(vec![Found::indexed(entry)]));
        }
        Err(self.nothing_at(stream, sequence).await?)
    }

    /// The event in which a message was asked, or that it answers; else the facts that tell of it.
    async fn message(&self, channel: &str, ts: &str) -> Result<Vec<Found>, Error> {
        if let Some(index) = &self.index {
            let located = conversations::at_message(index, channel, ts).await?;
            let found = self.located(&located).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        self.written(channel, ts).await
    }

    async fn located(&self, located: &[Located]) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for one in located {
            let sequence = if one.is_posted { one.last } else { one.received };
            found.extend(self.at("EVENTS", u64::try_from(sequence).unwrap_or(0)).await?);
        }
        Ok(found)
    }

    async fn id(&self, id: &str) -> Result<Target, Error> {
        let unindexed = self.unindexed().await?;
        let wanted = BTreeSet::from([id.to_owned()]);
        let beside = self.related(&wanted, &unindexed, |_| false).await?;
        let (own, others): (Vec<Found>, Vec<Found>) = beside.into_iter().partition(|found| found.event.id == id);
        if !own.is_empty() {
            return Ok(Target::Events(own));
        }
        if Uuid::try_parse(id).is_ok() {
            if let Some(aggregate) = self.aggregate(id).await? {
                return Ok(Target::Aggregate(aggregate));
            }
            let answer = self.answer(id, &others).await?;
            if !answer.is_empty() {
                return Ok(Target::Events(answer));
            }
        }
        if !others.is_empty() {
            return Ok(Target::Events(others));
        }
        if let Some(organization) = self.organization(id).await? {
            return Ok(Target::Organization(organization));
        }
        self.beginning(id, &unindexed).await
    }

    /// Everything that happened to `aggregate`, in order; the newest where it is more than a case can have.
    ///
    /// # Errors
    /// When the log can't be read.
    pub async fn events_of(&self, aggregate: &Aggregate) -> Result<Vec<Found>, Error> {
        let events = self.log.read("EVENTS", &aggregate.subjects(), 0).await?;
        let surplus = events.len().saturating_sub(usize::from(MOST));
        Ok(events.iter().skip(surplus).map(Found::stored).collect())
    }

    /// Which of `aggregate`'s changes `event` is, from 1, and how many there are.
    ///
    /// # Errors
    /// When the log can't be read.
    pub async fn version(&self, aggregate: &Aggregate, event: &Event) -> Result<(usize, usize), Error> {
        let events = self.log.read("EVENTS", &aggregate.subjects(), 0).await?;
        let before = events.iter().take_while(|received| received.sequence < event.sequence);
        Ok((before.count() + 1, events.len()))
    }

    /// What events happened to under this identity.
    async fn aggregate(&self, id: &str) -> Result<Option<Aggregate>, Error> {
        let filter = format!("events.*.*.{id}.>");
        let first = self.log.read_some("EVENTS", &filter, Start::After(0), 1).await?;
        let first = first.and_then(|(some, _)| some.into_iter().next());
        Ok(first.and_then(|received| Aggregate::of(&Event::from(&received))))
    }

    /// The events of an answer: those of its question where only others name it.
    async fn answer(&self, id: &str, others: &[Found]) -> Result<Vec<Found>, Error> {
        if let Some(index) = &self.index
            && let Ok(answer) = Uuid::try_parse(id)
        {
            let found = self.located(&conversations::of_answer(index, answer).await?).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        // The database knows of it later than the log, but what belongs to an answer is written after it was asked for.
        if self.index.is_some() && others.is_empty() {
            return Ok(Vec::new());
        }
        let extent = Extent {
            stream: "EVENTS".to_owned(),
            subjects: vec!["events.conversation.>".to_owned()],
            begin: Begin::First,
            end: End::Last,
            headers_only: false,
        };
        let is_of = |received: &Received| Found::stored(received).text("/answer_id") == Some(id);
        let found = self.scan(extent, is_of, 16).await?;
        Ok(found.iter().map(Found::stored).collect())
    }

    async fn organization(&self, id: &str) -> Result<Option<OrganizationId>, Error> {
        let Ok(organization) = OrganizationId::parse(id) else {
            return Ok(None);
        };
        let filter = format!("events.*.{organization}.>");
        let first = self.log.read_some("EVENTS", &filter, Start::After(0), 1).await?;
        Ok(first.map(|_| organization))
    }

    /// The one event whose id begins with this.
    async fn beginning(&self, beginning: &str, unindexed: &[Unindexed]) -> Result<Target, Error> {
        let reference = Reference::Id(beginning.to_owned());
        if beginning.len() < SHORTEST_BEGINNING {
            return Err(self.missing(&reference).await?);
        }
        let mut found = Vec::new();
        if let Some(index) = &self.index {
            let entries = event_index::beginning_with(index, beginning, 8).await?;
            found.extend(entries.into_iter().map(Found::indexed));
        }
        let begins = |received: &Received| received.envelope.id.starts_with(beginning);
        let scanned = self.scan_headers(unindexed, begins).await?;
        found.extend(scanned.iter().take(usize::from(MOST)).map(Found::stored));
        let ids: BTreeSet<&str> = found.iter().map(|found| found.event.id.as_str()).collect();
        match ids.len() {
            0 => Err(self.missing(&reference).await?),
            1 => Ok(Target::Events(self.with_payloads(found).await?)),
            _ => Err(Error::Missing(Missing {
                reference: beginning.to_owned(),
                nearest: Nearest::Several(found.into_iter().take(8).collect()),
            })),
        }
    }
}
