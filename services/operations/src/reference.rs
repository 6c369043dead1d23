//! What people paste to say which event they mean.

use std::fmt;

use url::Url;
use uuid::Uuid;

use crate::selection::{READABLE, nearest};

/// Longer than any identifier of ours, Slack's, GitHub's or Clerk's.
const LONGEST: usize = 256;

/// The fewest characters of an id by which it may be found.
pub const SHORTEST_BEGINNING: usize = 6;

/// What somebody means: read from what they pasted, without looking whether it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `EVENTS#42`: a place in the log.
    Place {
        /// The stream.
        stream: String,
        /// The sequence there.
        sequence: u64,
    },
    /// A permalink of Slack's: a message, ours or anybody's.
    Message {
        /// The channel.
        channel: String,
        /// The message in it: Slack's `ts`.
        ts: String,
    },
    /// An id of an event, a delivery, a case, a conversation, an integration, an answer, an organization, or its beginning.
    Id(String),
}

/// What can't be any reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing that ever has an identifier looks so.
    #[error(
        "`{0}` can't be found by: give an id, a place such as `EVENTS#42`, a permalink of a Slack message, or an organization"
    )]
    Shape(String),
    /// An address of something else.
    #[error("`{0}` is no permalink of Slack's: one looks like https://acme.slack.com/archives/C0123/p1717000000000100")]
    Address(String),
    /// There is no such stream, or not for operators.
    #[error("there is no stream `{found}` to read: did you mean `{nearest}#{sequence}`?")]
    Stream {
        /// What was asked for.
        found: String,
        /// What is like it.
        nearest: String,
        /// Where in it.
        sequence: u64,
    },
}

impl Reference {
    /// Reads what was pasted.
    ///
    /// # Errors
    /// When it can't be any reference, with what one looks like.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let shape = || {
            let shown: String = text.chars().take(80).collect();
            Error::Shape(shown)
        };
        let text = text.trim().trim_start_matches('<').trim_end_matches(['>', '.', ',']);
        if text.contains("://") {
            // Slack writes an address as `<address|label>`.
            let address = text.split_once('|').map_or(text, |(address, _)| address);
            return permalink(address).ok_or_else(|| Error::Address(address.chars().take(120).collect()));
        }
        if let Some((stream, sequence)) = text.split_once('#')
            && let Ok(sequence) = sequence.parse()
        {
            let upper = stream.to_ascii_uppercase();
            if READABLE.contains(&upper.as_str()) && sequence > 0 {
                return Ok(Self::Place {
                    stream: upper,
                    sequence,
                });
            }
            return Err(Error::Stream {
                found: stream.to_owned(),
                nearest: nearest(&upper, READABLE).unwrap_or_default().to_owned(),
                sequence,
            });
        }
        // Ids of ours are UUIDs, those of others whatever they like; but none has white space.
        let is_id = (1..=LONGEST).contains(&text.len())
            && text.chars().all(|character| character.is_ascii_graphic())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && !text.contains(['<', '>', '"', '`', '\\', '$', '(', ')', '*', '?', '!', ';']);
        if !is_id {
            return Err(shape());
        }
        let id = Uuid::try_parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string());
        Ok(Self::Id(id))
    }
}

/// `/archives/<channel>/p<ts without its point>`, whatever the workspace's address
/// (<https://docs.slack.dev/reference/methods/chat.getPermalink>). The `ts` has six digits behind the point. What stands in the
/// query says in which thread the message is, which the channel and `ts` tell already.
fn permalink(address: &str) -> Option<Reference> {
    let url = Url::parse(address).ok()?;
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    let at = segments.iter().position(|segment| *segment == "archives")?;
    let (channel, message) = (segments.get(at + 1)?, segments.get(at + 2)?);
    let digits = message.strip_prefix('p')?;
    let is_ts = digits.len() > 6 && digits.len() < 32 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_channel = !channel.is_empty() && channel.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_ts || !is_channel {
        return None;
    }
    let (seconds, rest) = digits.split_at(digits.len() - 6);
    Some(Reference::Message {
        channel: (*channel).to_owned(),
        ts: format!("{seconds}.{rest}"),
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place { stream, sequence } => write!(formatter, "{stream}#{sequence}"),
            Self::Message { channel, ts } => write!(formatter, "message {ts} of channel {channel}"),
            Self::Id(id) => formatter.write_str(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(channel: &str, ts: &str) -> Reference {
        Reference::Message {
            channel: channel.into(),
            ts: ts.into(),
        }
    }

    #[test]
    fn what_people_paste_is_understood() {
        let place = |stream: &str, sequence| Reference::Place {
            stream: stream.into(),
            sequence,
        };
        let id = |id: &str| Reference::Id(id.into());
        for (text, expected) in [
            ("EVENTS#42", place("EVENTS", 42)),
            (" raw_slack#7 ", place("RAW_SLACK", 7)),
            ("DEAD_LETTERS#1", place("DEAD_LETTERS", 1)),
            (
                "https://acme.slack.com/archives/C0123/p1717000000000100?thread_ts=1716999999.000100&cid=C0123",
                message("C0123", "1717000000.000100"),
            ),
            (
                "<https://acme.slack.com/archives/C0123/p1717000000000100|that one>",
                message("C0123", "1717000000.000100"),
            ),
            (
                "http://127.0.0.1:4242/archives/D0MAYA/p1717000000000100",
                message("D0MAYA", "1717000000.000100"),
            ),
            (
                "5B0F2D3E-52A5-5C6F-9D1B-6F1D8B6B3A04",
                id("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04"),
            ),
            ("Ev0MENTION1", id("Ev0MENTION1")),
            ("slack:6f1d8b6b3a04", id("slack:6f1d8b6b3a04")),
            ("acme", id("acme")),
            ("5b0f2d", id("5b0f2d")),
        ] {
            assert_eq!(Reference::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_can_be_no_reference_is_said_with_what_one_looks_like() {
        for (text, expected) in [
            ("", "give an id"),
            ("what failed?", "give an id"),
            ("-f", "give an id"),
            ("rm\u{1b}[2J", "give an id"),
            ("https://github.com/acme/payments/pull/7", "no permalink"),
            ("https://acme.slack.com/archives/C0123", "no permalink"),
            ("https://acme.slack.com/archives/C0123/p17", "no permalink"),
            ("EVENT#4", "did you mean `EVENTS#4`"),
            ("CREDENTIALS#1", "there is no stream `CREDENTIALS` to read"),
        ] {
            let error = Reference::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Reference::parse(&"x".repeat(1000)).is_err());
    }
}
