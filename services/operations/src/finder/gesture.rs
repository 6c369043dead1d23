//! Slack tells of a mention twice, as `app_mention` and as `message`: two facts with ids of their own and nothing between them
//! but the channel and the `ts` (<https://docs.slack.dev/reference/events/app_mention>).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use infragpt_nats::{
    Extent, Received, Start,
    scan::{Begin, End},
};
use memchr::memmem;

use super::{Error, Finder, Found};
use crate::Event;

/// As what Slack tells of a mention.
const TOLD_AS: [&str; 2] = ["message", "app_mention"];

/// How far apart the two are stored at most; both come within a second where nothing is wrong.
const APART: TimeDelta = TimeDelta::seconds(30);

/// How many facts are asked for at once, and how often: a busy workspace has this many messages in the time.
const BATCH: usize = 128;
const BATCHES: usize = 16;

/// A message in Slack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    subject.rsplit('.').next().is_some_and(|kind| TOLD_AS.contains(&kind))
}

/// Where to look for facts about some messages.
struct Search {
    subject: String,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    gestures: BTreeSet<Gesture>,
}

impl Search {
    /// What to look for, so that each part of the log is read once, however many messages fall into it.
    fn for_all<'event>(events: impl IntoIterator<Item = &'event Event>) -> Vec<Self> {
        let mut told: Vec<(&Event, Gesture)> = events
            .into_iter()
            .filter_map(|event| Some((event, Gesture::of(event)?)))
            .collect();
        told.sort_by_key(|(event, _)| event.stored_at);
        let mut searches: Vec<Self> = Vec::new();
        for (event, gesture) in told {
            let Some((account, _)) = event.subject.rsplit_once('.') else {
                continue;
            };
            let (since, until) = (event.stored_at - APART, event.stored_at + APART);
            for kind in TOLD_AS {
                let subject = format!("{account}.{kind}");
                let open = searches.iter_mut().rev().find(|search| search.subject == subject);
                if let Some(search) = open.filter(|search| search.until >= since) {
                    search.until = until;
                    search.gestures.insert(gesture.clone());
                } else {
                    searches.push(Self {
                        subject,
                        since,
                        until,
                        gestures: BTreeSet::from([gesture.clone()]),
                    });
                }
            }
        }
        searches
    }

    /// Whether `received` tells of one of the messages; few do, so that most need not be read.
    fn finds(&self, received: &Received) -> Option<Found> {
        let mut gestures = self.gestures.iter();
        if !gestures.any(|gesture| memmem::find(&received.payload, gesture.ts.as_bytes()).is_some()) {
            return None;
        }
        let found = Found::stored(received);
        Gesture::of(&found.event)
            .is_some_and(|gesture| self.gestures.contains(&gesture))
            .then_some(found)
    }
}

impl Finder {
    /// The other facts that tell of the same messages as these; `known` is passed over.
    pub(super) async fn told_again(
        &self,
        events: &[Found],
        known: impl Fn(&(String, u64)) -> bool,
    ) -> Result<Vec<Found>, Error> {
        let searches = Search::for_all(events.iter().map(|found| &found.event));
        let found = try_join_all(searches.iter().map(|search| self.told_in(search, &known)));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn told_in(&self, search: &Search, known: impl Fn(&(String, u64)) -> bool) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        let mut start = Start::Since(search.since);
        for _ in 0..BATCHES {
            let some = self.log.read_some("RAW_SLACK", &search.subject, start, BATCH).await?;
            let Some((some, last)) = some else { break };
            let near = some.iter().filter(|received| received.published <= search.until);
            let new = near.filter(|received| !known(&(received.stream.clone(), received.sequence)));
            found.extend(new.filter_map(|received| search.finds(received)));
            if some.len() < BATCH || some.last().is_some_and(|received| received.published > search.until) {
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
        let mentions = |received: &Received| memmem::find(&received.payload, ts.as_bytes()).is_some();
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
