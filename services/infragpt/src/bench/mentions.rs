//! From a mention to its posted answer, by the sandbox's clock.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use infragpt_events::conversation::ConversationEvent;
use infragpt_nats::{Bare, Received, decode_event};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    figures::{median, milliseconds, percentile},
    plan::Pace,
    report::{Goal, Row, Unit},
};
use crate::environment::{Control, Observer, Said};

const QUESTION: &str = "what changed in acme/payments today?";
/// As many channels as a busy team may ask in at the same time.
const CHANNELS: usize = 16;
/// What the bare publish stores: as much as Slack's event of a mention.
const BARE_BYTES: usize = 1_700;
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A mention in one of the channels of the first workspace.
fn mention(index: usize) -> Value {
    json!({ "text": QUESTION, "via": "socket", "channel": format!("C0BENCH{:03}", index % CHANNELS) })
}

/// Asks the first workspace, so that what is needed for that is there.
pub(super) async fn warm_up(control: &Control, count: usize) -> anyhow::Result<()> {
    ask(control, count, 10, mention).await?;
    Ok(())
}

/// Asks `count` questions, as `question` has the one with a number, at `per_second`, whether or not the ones before are answered, and returns how many
/// milliseconds each answer took.
pub(super) async fn ask(
    control: &Control,
    count: usize,
    per_second: u32,
    question: impl Fn(usize) -> Value,
) -> anyhow::Result<Vec<f64>> {
    let mut asked: JoinSet<anyhow::Result<Said>> = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    for index in 0..count {
        ticks.tick().await;
        let control = control.clone();
        let message = question(index);
        asked.spawn(async move { control.message(&message).await });
    }
    let mut latencies = Vec::with_capacity(count);
    while let Some(said) = asked.join_next().await {
        let said = said??;
        ensure!(said.acked, "a mention was not acknowledged");
        let answers = control
            .replies(&said.channel, said.thread(), 1, ANSWERED_WITHIN)
            .await?;
        ensure!(answers.len() == 1, "a mention was answered {} times", answers.len());
        latencies.push(micros_between(microseconds(&said.ts)?, microseconds(&answers[0].ts)?));
    }
    Ok(latencies)
}

/// The latency at one pace and where it goes, beside a bare durable publish with a bare request at the same pace.
pub(super) async fn measure(observer: &Observer, bare: &Bare, pace: Pace) -> anyhow::Result<Vec<Row>> {
    // What came before is recorded, so that the log after this has whole answers only.
    observer.settled().await?;
    let (raw, events) = (last(observer, "RAW_SLACK").await?, last(observer, "EVENTS").await?);
    let (mut answered, mut published) = (Vec::new(), Vec::new());
    let payload = Bytes::from(vec![b' '; BARE_BYTES]);
    for _ in 0..pace.rounds {
        answered.extend(ask(&observer.control, pace.mentions, pace.per_second, mention).await?);
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / pace.per_second);
        for _ in 0..pace.mentions {
            ticks.tick().await;
            published.push(milliseconds(bare.publish_and_ask(&payload).await?));
        }
    }
    observer.settled().await?;
    let rate = pace.per_second;
    let mut rows: Vec<Row> = [(50, 6.0), (99, 15.0)]
        .into_iter()
        .map(|(percent, most)| {
            let what = format!("Mention to answer at {rate}/s, p{percent}");
            Row::new(
                format!("mention.{rate}.p{percent}"),
                what,
                percentile(&answered, percent),
                Unit::Milliseconds,
                answered.len(),
            )
            .against(percentile(&published, percent))
            .goal(Goal::AtMost(most))
        })
        .collect();
    let steps = Steps::read(observer, raw, events).await?;
    for (name, what, values) in [
        ("stored", "  mention → raw fact stored", &steps.stored),
        ("requested", "  → answer requested", &steps.requested),
        ("posted", "  → answer posted", &steps.posted),
        ("recorded", "  → answer recorded", &steps.recorded),
    ] {
        ensure!(
            values.len() == answered.len(),
            "the log tells of {} of {} answers",
            values.len(),
            answered.len()
        );
        rows.push(Row::new(
            format!("mention.{rate}.{name}"),
            what,
            median(values),
            Unit::Milliseconds,
            values.len(),
        ));
    }
    Ok(rows)
}

async fn last(observer: &Observer, stream: &str) -> anyhow::Result<u64> {
    Ok(observer.log.stream(stream).await?.last_sequence)
}

/// How long each step of each answer took, in milliseconds, by the timestamps of the log. JetStream takes them when a
/// message arrives, before it is on the disk.
#[derive(Debug, Default)]
struct Steps {
    stored: Vec<f64>,
    requested: Vec<f64>,
    posted: Vec<f64>,
    recorded: Vec<f64>,
}

impl Steps {
    async fn read(observer: &Observer, raw: u64, events: u64) -> anyhow::Result<Self> {
        let facts = observer.log.read("RAW_SLACK", "raw.slack.>", raw).await?;
        let facts: HashMap<&str, &Received> = facts.iter().map(|fact| (fact.envelope.id.as_str(), fact)).collect();
        let mut requests = HashMap::new();
        let mut steps = Self::default();
        for event in observer.log.read("EVENTS", "events.conversation.>", events).await? {
            match decode_event::<ConversationEvent>(&event)?.event {
                ConversationEvent::AnswerRequested(requested) => {
                    let cause = event.envelope.causation.as_deref().unwrap_or_default();
                    let fact = facts.get(cause).context("an answer was requested without a fact")?;
                    let stored = fact.published.timestamp_micros();
                    let at = event.published.timestamp_micros();
                    steps
                        .stored
                        .push(micros_between(microseconds(&requested.message.id)?, stored));
                    steps.requested.push(micros_between(stored, at));
                    requests.insert(requested.answer_id, at);
                }
                ConversationEvent::AnswerPosted(posted) => {
                    let requested = requests
                        .get(&posted.answer_id)
                        .context("an answer was posted without a request")?;
                    let at = microseconds(&posted.posted_id)?;
                    steps.posted.push(micros_between(*requested, at));
                    steps
                        .recorded
                        .push(micros_between(at, event.published.timestamp_micros()));
                }
                ConversationEvent::AnswerDrafted(_) => {}
                other => anyhow::bail!("a mention ended in {other:?}"),
            }
        }
        Ok(steps)
    }
}

/// Slack's `seconds.micros` as microseconds since the epoch.
pub(super) fn microseconds(ts: &str) -> anyhow::Result<i64> {
    let (seconds, micros) = ts.split_once('.').context("a timestamp without a point")?;
    Ok(seconds.parse::<i64>()? * 1_000_000 + micros.parse::<i64>()?)
}

/// In milliseconds.
pub(super) fn micros_between(from: i64, to: i64) -> f64 {
    f64::from(i32::try_from(to - from).unwrap_or(i32::MAX)) / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_told_apart_by_microseconds() {
        let (from, to) = (
            microseconds("1700000000.999900").unwrap(),
            microseconds("1700000001.005400").unwrap(),
        );
        assert!((micros_between(from, to) - 5.5).abs() < 1e-9);
        assert!(microseconds("1700000000").is_err());
    }
}
