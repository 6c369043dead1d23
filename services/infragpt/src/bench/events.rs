//! What operators wait for: a filtered scan of the log against a bare ordered consumer, and how soon the read models show an
//! event.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use chrono::DateTime;
use infragpt_events::{
    DomainEvent as _, OrganizationId,
    change::{self, Change, ChangeCommand, ChangeEvent},
};
use infragpt_nats::{AggregateSubject, Bare, Cause, Connection, Envelope, EventStore, Log, Origin};
use infragpt_operations::{Finder, Mode, Reader, Reference, Selection, Target, Trace};
use infragpt_projections::{self as projections, PgPool};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use super::{
    figures::{median, milliseconds, percentile},
    plan::Plan,
    report::{Goal, Row, Unit},
};
use crate::{environment::Installation, serve::now};

/// How many rounds; the median counts.
const ROUNDS: usize = 3;
/// One of so many events is looked for.
const ONE_IN: usize = 100;
/// How many events a second come while it is measured how soon they are seen.
const PER_SECOND: u64 = 200;
/// How long an event may take to be seen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fills EVENTS with `plan.events` changes, as `writer`, and scans them as `reader`.
pub(super) async fn scan(writer: &Connection, reader: &Connection, plan: &Plan) -> anyhow::Result<Row> {
    Bare::fill(writer, plan.events, event).await?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (count, elapsed) = Bare::read_ordered(reader, "EVENTS").await?;
        bare.push(rate(count, elapsed));
        let selection = Selection {
            streams: vec!["EVENTS".to_owned()],
            actor: Some("github:7".to_owned()),
            ..Selection::default()
        };
        let started = Instant::now();
        let mut reader = Reader::open(reader, selection, Mode::Range).await?;
        let mut found = 0;
        while reader.next().await?.is_some() {
            found += 1;
        }
        ours.push(rate(reader.looked_at(), started.elapsed()));
        ensure!(found >= plan.events / ONE_IN, "{found} were found");
    }
    Ok(Row::new(
        "scan",
        format!("Scan of {} events, one in {ONE_IN} found", plan.events),
        median(&ours),
        Unit::PerSecond,
        ROUNDS,
    )
    .against(median(&bare))
    .goal(Goal::RatioAtLeast(0.7)))
}

#[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
fn rate(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// The event at `index`: a change as webhooks lead to them.
fn event(index: usize) -> (String, Envelope, Bytes) {
    let id = uuid::Uuid::from_u128(0x5eed_0000_0000_0000_0000_0000_0000_0000 + index as u128);
    let payload = json!({
        "connector": "github", "kind": "push", "repository": "acme/payments",
        "title": format!("Change {index} of many that a scan has to read"),
        "url": format!("https://github.com/acme/payments/commit/{index:040x}"),
        "actor": { "id": (index % ONE_IN).to_string(), "name": "maya" },
        "reference": "main", "revision": format!("{index:040x}"), "details": ["one line", "and another one"],
        "occurred_at": "2026-11-22T03:04:05Z",
    });
    let envelope = Envelope {
        id: id.to_string(),
        source: "/organizations/acme/change".to_owned(),
        kind: "dev.infragpt.change.recorded.v1".to_owned(),
        time: DateTime::from_timestamp(1_795_000_000, 0),
        subject: Some(id.to_string()),
        datacontenttype: Some("application/json".to_owned()),
        organization: Some("acme".to_owned()),
        correlation: Some(format!("delivery-{index}")),
        causation: Some(format!("delivery-{index}")),
        actor: Some(format!("github:{}", index % ONE_IN)),
        ..Envelope::default()
    };
    let subject = format!("events.change.acme.{id}.recorded");
    (subject, envelope, payload.to_string().into())
}

/// How soon an event that is appended as `writer` is seen in the read models, at 200 a second.
pub(super) async fn visible(installation: &Installation, writer: &Connection, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let url = installation.endpoints.database_url.clone().into();
    let database = projections::connect(&url, "infragpt bench")?;
    let (seen, projected) = watch::channel(0);
    let looking = tokio::spawn(look(database.clone(), seen));
    let (store, organization) = (EventStore::new(writer), OrganizationId::parse("acme")?);
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / PER_SECOND));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut waiting = JoinSet::new();
    for index in 0..plan.appended {
        ticks.tick().await;
        let (store, organization, mut projected) = (store.clone(), organization.clone(), projected.clone());
        waiting.spawn(async move {
            let identity = format!("visible-{index}");
            let sequence = append(&store, &organization, &identity, &first(&identity)).await?;
            let started = Instant::now();
            let wait = projected.wait_for(|projected| *projected >= sequence);
            tokio::time::timeout(PATIENCE, wait).await.context("it is not seen")??;
            anyhow::Ok(milliseconds(started.elapsed()))
        });
    }
    let mut waited = Vec::with_capacity(plan.appended);
    while let Some(one) = waiting.join_next().await {
        waited.push(one??);
    }
    looking.abort();
    database.close().await;
    let row = |id: &str, what: &str, percent, goal| {
        let value = percentile(&waited, percent);
        Row::new(id, what, value, Unit::Milliseconds, plan.appended).goal(Goal::AtMost(goal))
    };
    Ok(vec![
        row("visible.p50", "Event to read model, 200 a second, p50", 50, 10.0),
        row("visible.p99", "  p99", 99, 50.0),
    ])
}

/// Says how far EVENTS is projected, as readers see it.
async fn look(database: PgPool, seen: watch::Sender<u64>) {
    loop {
        if let Ok(Some(checkpoint)) = projections::checkpoint::find(&database, "EVENTS").await {
            seen.send_replace(u64::try_from(checkpoint.sequence).unwrap_or(0));
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// Appends one change that follows from `cause`, and returns where it stands.
async fn append(
    store: &EventStore,
    organization: &OrganizationId,
    identity: &str,
    cause: &Cause,
) -> anyhow::Result<u64> {
    let (_, _, payload) = event(0);
    let ChangeEvent::Recorded(recorded) = ChangeEvent::decode("recorded", 1, &payload)?;
    let id = change::id(organization, &recorded.connector, identity);
    let subject = AggregateSubject::new::<Change>(organization, id);
    let command = ChangeCommand::Record(recorded);
    let appended = store.execute_new::<Change>(&subject, cause, command).await?;
    Ok(appended.position.context("nothing was appended")?.sequence)
}

/// What a change follows from that nothing led to.
fn first(identity: &str) -> Cause {
    Cause {
        id: identity.to_owned(),
        correlation: identity.to_owned(),
        actor: "github:1".to_owned(),
        time: now(),
        traceparent: None,
        origin: Origin::default(),
    }
}

/// Traces a case of `plan.steps` steps, each of which follows from the one before, as `infragpt trace` does once it runs.
pub(super) async fn trace(
    installation: &Installation,
    writer: &Connection,
    reader: &Connection,
    plan: &Plan,
) -> anyhow::Result<Row> {
    let (store, organization, log) = (
        EventStore::new(writer),
        OrganizationId::parse("acme")?,
        Log::new(reader),
    );
    let mut cause = first("bench-case");
    let mut place = 0;
    for step in 0..plan.steps {
        place = append(&store, &organization, &format!("step-{step}"), &cause).await?;
        let stored = log.at("EVENTS", place).await?.context("a step is gone")?;
        cause.id = stored.envelope.id;
    }
    let url = installation.endpoints.database_url.clone().into();
    let database = projections::connect(&url, "infragpt bench")?;
    let (seen, mut projected) = watch::channel(0);
    let looking = tokio::spawn(look(database.clone(), seen));
    let wait = projected.wait_for(|projected| *projected >= place);
    tokio::time::timeout(PATIENCE, wait)
        .await
        .context("the case is not indexed")??;
    looking.abort();
    let finder = Finder::new(reader, Some(database.clone()));
    let reference = Reference::parse(&cause.id)?;
    let mut took = Vec::with_capacity(plan.traces);
    for _ in 0..plan.traces {
        let started = Instant::now();
        let Target::Events(events) = finder.resolve(&reference).await? else {
            anyhow::bail!("the case is something else");
        };
        let found = finder.case(events).await?;
        ensure!(
            found.events.len() >= plan.steps,
            "{} steps were found",
            found.events.len()
        );
        Trace::build(&found);
        took.push(milliseconds(started.elapsed()));
    }
    database.close().await;
    let what = format!("Trace of a case of {} steps, p50", plan.steps);
    Ok(Row::new("trace.p50", what, median(&took), Unit::Milliseconds, plan.traces).goal(Goal::AtMost(20.0)))
}
