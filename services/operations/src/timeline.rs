//! Everything that happened to one conversation, integration or organization, in order and in words.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::OrganizationId;
use infragpt_nats::{Connection, Received};
use serde::Serialize;

use crate::{
    Event, Mode, Reader, Selection,
    finder::Aggregate,
    meaning::{Meaning, elapsed},
    reading,
};

/// Whose timeline it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// What happened to one thing, and what was recorded about it.
    Aggregate(Aggregate),
    /// Everything of an organization.
    Organization(OrganizationId),
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// Since the one before, in milliseconds.
    pub since_previous_ms: Option<i64>,
    /// What it says.
    pub words: String,
    /// Why this build can't read it, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The event itself, without secrets.
    pub event: Event,
}

/// A timeline being read.
#[derive(Debug)]
pub struct Timeline {
    reader: Reader,
    state: State,
}

#[derive(Debug)]
struct State {
    of: Of,
    previous: Option<DateTime<Utc>>,
    /// When each answer was asked for.
    asked: HashMap<String, DateTime<Utc>>,
}

impl Timeline {
    /// Opens the timeline `of` something, as far as `selection` lets through of it.
    ///
    /// # Errors
    /// When a stream can't be read.
    pub async fn open(connection: &Connection, of: Of, selection: Selection) -> Result<Self, reading::Error> {
        let selection = of.narrowed(selection);
        let reader = Reader::open(connection, selection, Mode::Range).await?;
        Ok(Self {
            reader,
            state: State {
                of,
                previous: None,
                asked: HashMap::new(),
            },
        })
    }

    /// What is read, for whoever tells what is missing of it.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The next moment; nothing at the end.
    ///
    /// # Errors
    /// When a stream can't be read any more.
    pub async fn next(&mut self) -> Result<Option<Moment>, reading::Error> {
        while let Some(received) = self.reader.next().await? {
            if let Some(moment) = self.state.take(&received) {
                return Ok(Some(moment));
            }
        }
        Ok(None)
    }
}

impl Of {
    /// `selection`, but of this alone.
    fn narrowed(&self, selection: Selection) -> Selection {
        match self {
            Self::Organization(organization) => Selection {
                organization: Some(organization.to_string()),
                ..selection
            },
            Self::Aggregate(aggregate) => {
                let organization = &aggregate.organization;
                let mut subjects = vec![aggregate.subjects()];
                // What is recorded about it says so in its payload.
                let others: &[&str] = match aggregate.kind.as_str() {
                    "conversation" => &["audit", "action"],
                    "integration" => &["audit"],
                    _ => &[],
                };
                subjects.extend(others.iter().map(|other| format!("events.{other}.{organization}.>")));
                Selection {
                    streams: vec!["EVENTS".to_owned()],
                    subjects,
                    organization: None,
                    ..selection
                }
            }
        }
    }
}

impl State {
    fn take(&mut self, received: &Received) -> Option<Moment> {
        let event = Event::from(received);
        let text = |pointer: &str| event.data.pointer(pointer).and_then(serde_json::Value::as_str);
        if let Of::Aggregate(aggregate) = &self.of {
            let own = aggregate.subjects();
            let is_own = own.strip_suffix('>').is_some_and(|own| event.subject.starts_with(own));
            let named = [text("/conversation"), text("/integration")];
            let is_about = named.into_iter().flatten().any(|id| id == aggregate.id)
                || event.correlation.as_ref().is_some_and(|id| self.asked.contains_key(id));
            if !is_own && !is_about {
                return None;
            }
        }
        let Meaning { mut words, problem } = Meaning::of(&event);
        if let Some(answer) = text("/answer_id") {
            match self.asked.get(answer) {
                Some(asked) => {
                    let after = elapsed(event.stored_at - *asked);
                    words = match text("/text") {
                        Some(said) => {
                            let said: Vec<&str> = said.split_whitespace().collect();
                            format!("answered after {after}: {}", said.join(" "))
                        }
                        None => format!("after {after} {words}"),
                    };
                }
                None if event.subject.ends_with(".answer_requested") => {
                    self.asked.insert(answer.to_owned(), event.stored_at);
                }
                None => {}
            }
        }
        let since = self
            .previous
            .map(|previous| (event.stored_at - previous).max(TimeDelta::zero()));
        self.previous = Some(event.stored_at);
        Some(Moment {
            since_previous_ms: since.map(|since| since.num_milliseconds()),
            words,
            problem,
            event,
        })
    }
}
