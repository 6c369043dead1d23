//! Which events somebody wants to see.

use chrono::{DateTime, Utc};
use infragpt_events::catalogue;
use infragpt_nats::{
    ClaimedAccount, Received, Token, namespace,
    scan::{Begin, End},
};
use regex::bytes::Regex;

use crate::{
    Event, Expression,
    event::{organization, short_kind},
};

/// The streams that are read where none is named: what the world said, and what was made of it.
pub const STREAMS: [&str; 4] = ["RAW_SLACK", "RAW_GITHUB", "RAW_CLERK", "EVENTS"];

/// Every stream of events that an operator may read.
pub const READABLE: [&str; 5] = ["RAW_SLACK", "RAW_GITHUB", "RAW_CLERK", "EVENTS", "DEAD_LETTERS"];

/// Which events somebody wants to see; everything where nothing is said.
#[derive(Debug, Default)]
pub struct Selection {
    /// These streams only.
    pub streams: Vec<String>,
    /// Subjects that match one of these, as NATS matches them.
    pub subjects: Vec<String>,
    /// What is this organization's.
    pub organization: Option<String>,
    /// These types: whole, or without prefix and version, or the last word of them.
    pub kinds: Vec<String>,
    /// What came from this connector, or is about it.
    pub connector: Option<String>,
    /// Who did it: whole (`slack:U0MAYA`), or the kind of actor (`slack`).
    pub actor: Option<String>,
    /// The case: the fact that it began with, that one included.
    pub correlation: Option<String>,
    /// A condition on the whole event.
    pub expression: Option<Expression>,
    /// What its subject, attributes or payload have to contain.
    pub pattern: Option<Regex>,
    /// From where to where.
    pub range: Range,
}

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub begin: Begin,
    /// The last.
    pub end: End,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            begin: Begin::First,
            end: End::Last,
        }
    }
}

/// A selection that can't be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such stream, or not for operators.
    #[error("there is no stream `{found}` to read: did you mean {nearest}? There are {}", READABLE.join(", "))]
    Stream {
        /// What was asked for.
        found: String,
        /// What is like it.
        nearest: String,
    },
    /// A sequence belongs to one stream.
    #[error("sequences belong to one stream: say which with `--stream`")]
    SequenceOfMany,
    /// The range is empty.
    #[error("the range ends before it begins")]
    Backwards,
    /// It is no subject of NATS.
    #[error("`{0}` is no subject: tokens stand between dots, `*` is one token, and `>` all that follow")]
    Subject(String),
}

impl Selection {
    /// Checks what can be checked without the log, and names what is nearest.
    ///
    /// # Errors
    /// [`Error`].
    pub fn checked(mut self) -> Result<Self, Error> {
        for stream in &mut self.streams {
            let upper = stream.to_ascii_uppercase();
            if !READABLE.contains(&upper.as_str()) && !upper.starts_with(namespace::PREFIX) {
                return Err(Error::Stream {
                    found: stream.clone(),
                    nearest: nearest(&upper, READABLE).unwrap_or_default().to_owned(),
                });
            }
            *stream = upper;
        }
        let Range { begin, end } = self.range;
        let by_sequence = matches!(begin, Begin::At(_)) || matches!(end, End::At(_));
        if by_sequence && self.streams.len() != 1 {
            return Err(Error::SequenceOfMany);
        }
        let backwards = match (begin, end) {
            (Begin::At(first), End::At(last)) => first > last,
            (Begin::Since(first), End::Before(last)) => first >= last,
            _ => false,
        };
        if backwards {
            return Err(Error::Backwards);
        }
        let is_subject = |subject: &&String| {
            let tokens: Vec<&str> = subject.split('.').collect();
            let last = tokens.len() - 1;
            tokens.iter().enumerate().all(|(index, token)| {
                !token.is_empty()
                    && !token.contains(char::is_whitespace)
                    && (*token == "*" || !token.contains('*'))
                    && (!token.contains('>') || (*token == ">" && index == last))
            })
        };
        match self.subjects.iter().find(|subject| !is_subject(subject)) {
            Some(subject) => Err(Error::Subject(subject.clone())),
            None => Ok(self),
        }
    }

    /// The streams to read.
    pub fn streams(&self) -> Vec<&str> {
        if self.streams.is_empty() {
            STREAMS.to_vec()
        } else {
            self.streams.iter().map(String::as_str).collect()
        }
    }

    /// Whether `stream` is among them.
    pub fn has_stream(&self, stream: &str) -> bool {
        self.streams().contains(&stream)
    }

    /// Whether an event can be told by its headers, so that payloads need not be sent.
    pub fn needs_payload(&self) -> bool {
        self.expression.is_some() || self.pattern.is_some() || self.connector.is_some()
    }

    /// Whether it says nothing about events but where they stand: what is no CloudEvent is wanted too.
    pub fn wants_any_event(&self) -> bool {
        !self.needs_payload()
            && self.kinds.is_empty()
            && self.organization.is_none()
            && self.actor.is_none()
            && self.correlation.is_none()
    }

    /// What the server is to look for in `stream`; `None` where it can have nothing of this. `accounts` are everybody's.
    pub fn subjects_of(&self, stream: &str, accounts: &[ClaimedAccount]) -> Option<Vec<String>> {
        if let Some(name) = stream.strip_prefix(namespace::PREFIX) {
            let name = name.to_lowercase();
            return Some(
                self.subjects
                    .iter()
                    .map(|subject| format!("replay.{name}.{subject}"))
                    .collect(),
            );
        }
        let root = match stream {
            "EVENTS" => "events",
            "DEAD_LETTERS" => "dead",
            raw => {
                let connector = raw.strip_prefix("RAW_")?.to_lowercase();
                if self.connector.as_ref().is_some_and(|wanted| *wanted != connector) {
                    return None;
                }
                return self.raw_subjects(&connector, accounts);
            }
        };
        if !self.subjects.is_empty() {
            let here = self.subjects.iter().filter(|subject| may_match(subject, root));
            let here: Vec<String> = here.cloned().collect();
            return (!here.is_empty()).then_some(here);
        }
        if root != "events" {
            return Some(Vec::new());
        }
        let organization = self.organization.as_deref().unwrap_or("*");
        let kinds = self.kinds.iter().map(|kind| domain_event(kind));
        let named: Option<Vec<(&str, &str)>> = kinds.collect();
        Some(match named {
            Some(named) if !named.is_empty() => named
                .into_iter()
                .map(|(aggregate, name)| format!("events.{aggregate}.{organization}.*.{name}"))
                .collect(),
            _ if organization == "*" => Vec::new(),
            _ => vec![format!("events.*.{organization}.>")],
        })
    }

    fn raw_subjects(&self, connector: &str, accounts: &[ClaimedAccount]) -> Option<Vec<String>> {
        if !self.subjects.is_empty() {
            let root = format!("raw.{connector}");
            let here = self.subjects.iter().filter(|subject| may_match(subject, &root));
            let here: Vec<String> = here.cloned().collect();
            return (!here.is_empty()).then_some(here);
        }
        let Some(organization) = &self.organization else {
            return Some(Vec::new());
        };
        let theirs = accounts.iter().filter(|claimed| {
            claimed.connector.as_str() == connector && claimed.claim.organization.as_str() == organization
        });
        let mut subjects: Vec<String> = theirs
            .map(|claimed| format!("raw.{connector}.{}.>", Token::encode(&claimed.account)))
            .collect();
        if connector == "clerk" {
            subjects.push(format!("raw.clerk.{}.>", Token::encode(organization)));
        }
        (!subjects.is_empty()).then_some(subjects)
    }

    /// Whether `received` is of this selection, of which the server has looked at subjects and range already.
    pub fn matches(&self, received: &Received) -> bool {
        let envelope = &received.envelope;
        let is_theirs = |wanted: &String| {
            // The server has looked at facts by their account.
            received.stream.starts_with("RAW_") || organization(received).as_ref() == Some(wanted)
        };
        self.kinds.is_empty() | self.kinds.iter().any(|kind| is_kind(&envelope.kind, kind))
            && self.organization.as_ref().is_none_or(is_theirs)
            && self.actor.as_ref().is_none_or(|wanted| {
                let is_it =
                    |actor: &str| actor == wanted || actor.split_once(':').is_some_and(|(kind, _)| kind == wanted);
                envelope.actor.as_deref().is_some_and(is_it)
            })
            && self
                .correlation
                .as_ref()
                .is_none_or(|wanted| envelope.correlation.as_ref() == Some(wanted) || envelope.id == *wanted)
            && self.connector.as_ref().is_none_or(|wanted| is_of(received, wanted))
            && self.pattern.as_ref().is_none_or(|pattern| contains(received, pattern))
            && self
                .expression
                .as_ref()
                .is_none_or(|expression| expression.matches(&Event::from(received)))
    }

    /// What is nearest to a type that nothing has, for whoever mistyped it.
    pub fn nearest_kind(kind: &str) -> Option<String> {
        let known: Vec<String> = catalogue::all()
            .into_iter()
            .map(|event| format!("{}.{}", event.aggregate, event.name))
            .collect();
        let is_known = |known: &String| is_kind(&format!("dev.infragpt.{known}.v1"), kind);
        if kind.contains("com.") || known.iter().any(is_known) {
            return None;
        }
        let last = |known: &String| known.rsplit('.').next().unwrap_or_default().to_owned();
        let names = known.iter().cloned().chain(known.iter().map(last));
        nearest(kind, names.collect::<Vec<_>>())
    }
}

/// The one of `all` that is most like `text`.
pub fn nearest<T: AsRef<str>>(text: &str, all: impl IntoIterator<Item = T>) -> Option<T> {
    all.into_iter()
        .map(|one| (strsim::jaro_winkler(text, one.as_ref()), one))
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, one)| one)
}

/// Whether subjects under `root` can match `pattern` at all.
fn may_match(pattern: &str, root: &str) -> bool {
    let mut tokens = pattern.split('.');
    root.split('.').all(|token| match tokens.next() {
        Some(">") => {
            tokens = ">".split('.');
            true
        }
        Some(wanted) => wanted == "*" || wanted == token,
        None => false,
    })
}

fn is_kind(kind: &str, wanted: &str) -> bool {
    let short = short_kind(kind);
    kind == wanted || short == wanted || short.rsplit('.').next() == Some(wanted)
}

/// The aggregate and the name of the one domain event that `kind` means.
fn domain_event(kind: &str) -> Option<(&'static str, &'static str)> {
    let mut meant = catalogue::all()
        .into_iter()
        .filter(|event| is_kind(&format!("dev.infragpt.{}", event.identifier()), kind));
    let one = meant.next()?;
    meant.next().is_none().then_some((one.aggregate, one.name))
}

fn contains(received: &Received, pattern: &Regex) -> bool {
    pattern.is_match(&received.payload)
        || pattern.is_match(received.subject.as_bytes())
        || received
            .envelope
            .attributes()
            .iter()
            .any(|(_, value)| pattern.is_match(value.as_bytes()))
}

/// Whether it came from `connector`, or its payload says that it is about that.
fn is_of(received: &Received, connector: &str) -> bool {
    if received.token(0) == Some("raw") {
        return received.token(1) == Some(connector);
    }
    let says = |value: &serde_json::Value| {
        ["/connector", "/place/connector", "/account/connector"]
            .iter()
            .any(|path| value.pointer(path).and_then(serde_json::Value::as_str) == Some(connector))
    };
    let actor = received
        .envelope
        .actor
        .as_deref()
        .and_then(|actor| actor.split_once(':'));
    actor.is_some_and(|(kind, _)| kind == connector)
        || serde_json::from_slice(&received.payload).is_ok_and(|value| says(&value))
}

/// A moment as people write it: RFC 3339, a date, or how long ago (`2h`, `15m`, `3days`).
///
/// # Errors
/// A sentence with what would be right.
pub fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(date) = text.parse::<chrono::NaiveDate>() {
        return Ok(date.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    humantime::parse_duration(text)
        .ok()
        .and_then(|ago| chrono::Duration::from_std(ago).ok())
        .and_then(|ago| now.checked_sub_signed(ago))
        .ok_or_else(|| {
            format!("`{text}` is no time: write how long ago (`2h`, `15m`, `3days`), a date (`2026-11-22`), or RFC 3339 (`2026-11-22T03:04:05Z`)")
        })
}

#[cfg(test)]
mod tests;
