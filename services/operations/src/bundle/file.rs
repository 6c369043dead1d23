//! The file: a header, then one event a line, as `--json` prints events.

use std::io::{self, BufRead, Write};

use chrono::{DateTime, Utc};
use infragpt_nats::{Received, envelope};
use serde::{Deserialize, Serialize};

use crate::Event;

/// What the first line calls itself.
const FORMAT: &str = "infragpt-bundle";

/// The newest version of the format that this build reads, and the one that it writes.
const VERSION: u32 = 1;

/// The first line of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// `infragpt-bundle`.
    format: String,
    /// The version of the format.
    version: u32,
    /// What it is about, as it was asked for.
    pub case: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The version of the build that made it.
    pub made_by: String,
    /// How many lines follow.
    events: usize,
}

/// Everything that a case needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// What it is about.
    pub header: Header,
    /// Facts, events and dead letters in the order of storing, without secrets.
    pub events: Vec<Event>,
}

/// A file that is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read or written.
    #[error("the bundle can't be read or written")]
    File(#[from] io::Error),
    /// It is something else.
    #[error("this is no bundle: its first line has to be the header that `infragpt bundle export` writes")]
    NoBundle,
    /// A newer build made it.
    #[error("this bundle has version {found}, and this build reads up to {VERSION}: use a newer build")]
    TooNew {
        /// Its version.
        found: u32,
    },
    /// It was cut.
    #[error("the bundle was cut: {expected} events should follow its header, and {found} do")]
    Cut {
        /// What the header says.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A line is no event.
    #[error("line {line} of the bundle is no event")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What the JSON reader found.
        #[source]
        source: serde_json::Error,
    },
    /// An event's attributes are not what they should be.
    #[error("{place} in the bundle is no event of ours")]
    Event {
        /// Where it stood in the log.
        place: String,
        /// What is wrong.
        #[source]
        source: envelope::Error,
    },
}

impl Bundle {
    /// A bundle about `case` with these messages, whose secrets are left out.
    pub fn new(case: &str, made_at: DateTime<Utc>, stored: &[Received]) -> Self {
        let mut events: Vec<Event> = stored.iter().map(Event::from).collect();
        events.sort_by(|left, right| {
            (left.stored_at, &left.stream, left.sequence).cmp(&(right.stored_at, &right.stream, right.sequence))
        });
        events.dedup_by(|left, right| left.stream == right.stream && left.sequence == right.sequence);
        Self {
            header: Header {
                format: FORMAT.to_owned(),
                version: VERSION,
                case: case.to_owned(),
                made_at,
                made_by: env!("CARGO_PKG_VERSION").to_owned(),
                events: events.len(),
            },
            events,
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, mut file: impl Write) -> io::Result<()> {
        writeln!(file, "{}", serde_json::to_string(&self.header)?)?;
        for event in &self.events {
            writeln!(file, "{}", serde_json::to_string(event)?)?;
        }
        file.flush()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error`].
    pub fn read(file: impl BufRead) -> Result<Self, Error> {
        let mut lines = file.lines();
        let first = lines.next().ok_or(Error::NoBundle)??;
        let version = serde_json::from_str::<serde_json::Value>(&first).map_err(|_| Error::NoBundle)?;
        if version["format"] != FORMAT {
            return Err(Error::NoBundle);
        }
        match version["version"]
            .as_u64()
            .and_then(|version| u32::try_from(version).ok())
        {
            Some(found) if found > VERSION => return Err(Error::TooNew { found }),
            Some(_) => {}
            None => return Err(Error::NoBundle),
        }
        let header: Header = serde_json::from_str(&first).map_err(|_| Error::NoBundle)?;
        let mut events = Vec::with_capacity(header.events.min(100_000));
        for (index, line) in lines.enumerate() {
            let line = line?;
            if events.len() == header.events && line.trim().is_empty() {
                continue;
            }
            events.push(serde_json::from_str(&line).map_err(|source| {
                if source.is_eof() {
                    Error::Cut {
                        expected: header.events,
                        found: index,
                    }
                } else {
                    Error::Line {
                        line: index + 2,
                        source,
                    }
                }
            })?);
        }
        if events.len() != header.events {
            return Err(Error::Cut {
                expected: header.events,
                found: events.len(),
            });
        }
        Ok(Self { header, events })
    }

    /// The messages again, in the order of storing.
    ///
    /// # Errors
    /// [`Error::Event`].
    pub fn restore(self) -> Result<Vec<Received>, Error> {
        let restored = self.events.into_iter().map(|event| {
            let place = event.place();
            event.restore().map_err(|source| Error::Event { place, source })
        });
        restored.collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use infragpt_nats::Envelope;

    use super::*;

    fn stored(sequence: u64, payload: &'static str) -> Received {
        Received {
            envelope: Envelope {
                id: format!("e{sequence}"),
                source: "/organizations/acme/change".into(),
                kind: "dev.infragpt.change.recorded.v1".into(),
                time: DateTime::from_timestamp(7, 0),
                organization: Some("acme".into()),
                causation: Some("delivery".into()),
                actor: Some("github:maya".into()),
                request: Some("r1".into()),
                ..Envelope::default()
            },
            payload: Bytes::from_static(payload.as_bytes()),
            stream: "EVENTS".into(),
            subject: "events.change.acme.5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04.recorded".into(),
            sequence,
            published: DateTime::UNIX_EPOCH,
            delivered: 0,
        }
    }

    fn written(bundle: &Bundle) -> String {
        let mut file = Vec::new();
        bundle.write(&mut file).unwrap();
        String::from_utf8(file).unwrap()
    }

    #[test]
    fn what_is_written_comes_back_in_order_once_and_without_secrets() {
        let messages = [
            stored(2, r#"{"n":1,"title":"xoxb-1234567890-abcdef"}"#),
            stored(1, "no JSON"),
            stored(2, r#"{"n":1,"title":"xoxb-1234567890-abcdef"}"#),
        ];
        let bundle = Bundle::new("EVENTS#2", DateTime::UNIX_EPOCH, &messages);
        let text = written(&bundle);
        assert!(!text.contains("xoxb-"), "{text}");
        let read = Bundle::read(text.as_bytes()).unwrap();
        assert_eq!(read, bundle);
        let restored = read.restore().unwrap();
        let [first, second] = &restored[..] else {
            panic!("{restored:?}")
        };
        assert_eq!(first.payload, "no JSON");
        assert_eq!(second.payload, r#"{"n":1,"title":"[redacted]"}"#);
        assert_eq!(second.envelope, messages[0].envelope);
        assert_eq!((second.sequence, &second.subject), (2, &messages[0].subject));
    }

    #[test]
    fn what_is_no_bundle_is_named() {
        let good = written(&Bundle::new(
            "x",
            DateTime::UNIX_EPOCH,
            &[stored(1, "{}"), stored(2, "{}")],
        ));
        let complaint = |text: &str| Bundle::read(text.as_bytes()).unwrap_err().to_string();
        assert!(complaint("").starts_with("this is no bundle"));
        assert!(complaint("{\"a\":1}\n").starts_with("this is no bundle"));
        assert!(complaint(&good.replacen("\"version\":1", "\"version\":9", 1)).contains("version 9"));
        let cut = &good[..good.len() - 20];
        assert_eq!(
            complaint(cut),
            "the bundle was cut: 2 events should follow its header, and 1 do"
        );
        let without_last = good.trim_end().rsplit_once('\n').unwrap().0;
        assert!(complaint(without_last).starts_with("the bundle was cut"));
        assert_eq!(
            complaint(&good.replacen("\"sequence\":1", "\"sequence\":\"x\"", 1)),
            "line 2 of the bundle is no event"
        );
    }
}
