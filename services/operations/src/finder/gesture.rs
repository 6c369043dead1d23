//! Slack tells of a mention twice, as `app_mention` and as `message`: two facts with ids of their own and nothing between them
//! but the channel and the `ts` (<https://docs.slack.dev/reference/events/app_mention>).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use infragpt_nats::{
    Extent, Received, Start,
    scan::{Begin, End},
};

use super::{Error, Finder, Found};
use crate::Event;

/// How far apart the two are stored at most; both come within a second where nothing is wrong.
const APART: TimeDelta = TimeDelta::seconds(30);

/// How many facts are asked for at once, and how often: a busy workspace has this many messages in the time.
const BATCH: usize = 128;
const BATCHES: usize = 16;

/// A message in Slack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gesture {
    /// Where it was written.
    pub channel: String,
    /// Its identifier there.
    pub ts: String,
}

impl Gesture {
    /// The message that a fact of Slack's tells of.
    pub fn of(event: &Event) -> Option<Self> {
        if event.stream != "RAW_SLACK" || !is_told_as(&event.subject) {
            return None;
        }
        let text = |pointer: &str| Some(event.data.pointer(pointer)?.as_str()?.to_owned());
        Some(Self {
            channel: text("/event/channel")?,
            ts: text("/event/ts")?,
        })
    }
}

fn is_told_as(subject: &str) -> bool {
    matches!(subject.rsplit('.').next(), Some("message" | "app_mention"))
}

impl Finder {
    /// The other facts that tell of the same messages as these.
    pub(super) async fn told_again(&self, events: &[Found]) -> Result<Vec<Found>, Error> {
        let mut searches = BTreeSet::new();
        for found in events {
            if let Some(gesture) = Gesture::of(&found.event)
                && let Some((account, _)) = found.event.subject.rsplit_once('.')
            {
                for kind in ["message", "app_mention"] {
                    searches.insert((format!("{account}.{kind}"), found.event.stored_at, gesture.clone()));
                }
            }
        }
        let found = try_join_all(searches.iter().map(|(subject, stored_at, gesture)| {
            let is_it = |event: &Event| Gesture::of(event).as_ref() == Some(gesture);
            self.facts_near(subject, *stored_at, is_it)
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn facts_near(
        &self,
        subject: &str,
        time: DateTime<Utc>,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        let mut start = Start::Since(time - APART);
        for _ in 0..BATCHES {
            let Some((some, last)) = self.log.read_some("RAW_SLACK", subject, start, BATCH).await? else {
                break;
            };
            let is_over = some.last().is_some_and(|received| received.published > time + APART) || some.len() < BATCH;
            let near = some.iter().filter(|received| received.published <= time + APART);
            found.extend(near.map(Found::stored).filter(|found| wanted(&found.event)));
            if is_over {
                break;
            }
            start = Start::After(last);
        }
        Ok(found)
    }

    /// The facts that tell of the message `ts` in `channel`, and the events in which it is asked or an answer stands in it:
    /// looked for from the time on that the `ts` says, since nothing can be stored of it before.
    pub(super) async fn written(&self, channel: &str, ts: &str) -> Result<Vec<Found>, Error> {
        let seconds = ts.split('.').next().and_then(|seconds| seconds.parse().ok());
        let begin = match seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0)) {
            Some(time) => Begin::Since(time - TimeDelta::minutes(5)),
            None => Begin::First,
        };
        let extent = |stream: &str, subjects: &[&str]| Extent {
            stream: stream.to_owned(),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            begin,
            end: End::Last,
            headers_only: false,
        };
        let mentions = |received: &Received| memmem(&received.payload, ts.as_bytes());
        let conversation = extent("EVENTS", &["events.conversation.>"]);
        let facts = extent("RAW_SLACK", &["raw.slack.*.app_mention", "raw.slack.*.message"]);
        let (events, facts) = tokio::try_join!(self.scan(conversation, mentions, 64), self.scan(facts, mentions, 64))?;
        let mut found = Vec::new();
        for received in &events {
            let event = Found::stored(received);
            let asked = event.text("/message/id") == Some(ts) && event.text("/place/channel") == Some(channel);
            let posted = event.text("/posted_id") == Some(ts) && self.is_held_in(received, channel).await?;
            if asked || posted {
                found.push(event);
            }
        }
        if found.is_empty() {
            let facts = facts.iter().map(Found::stored);
            let gesture = Gesture {
                channel: channel.to_owned(),
                ts: ts.to_owned(),
            };
            found.extend(facts.filter(|fact| Gesture::of(&fact.event).as_ref() == Some(&gesture)));
        }
        Ok(found)
    }

    /// Whether the conversation of `event` is held in `channel`: its first event says so.
    async fn is_held_in(&self, event: &Received, channel: &str) -> Result<bool, Error> {
        let Some((conversation, _)) = event.subject.rsplit_once('.') else {
            return Ok(false);
        };
        let all = format!("{conversation}.*");
        let first = self.log.read_some("EVENTS", &all, Start::After(0), 1).await?;
        let mut first = first.into_iter().flat_map(|(some, _)| some);
        Ok(first.any(|received| Found::stored(&received).text("/place/channel") == Some(channel)))
    }
}

/// Whether `text` stands in `bytes`.
fn memmem(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
