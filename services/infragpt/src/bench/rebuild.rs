//! How fast the read models are made of a long log, beside rows that are known already.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use infragpt_nats::{Connection, Log};
use infragpt_projections::{
    bare::upsert_again,
    generation::{Moment, as_of, drop_as_of},
};

use super::{
    figures::{median, rate},
    footprint,
    plan::Plan,
    report::{Goal, Row, Unit},
};
use crate::environment::Installation;

/// How many rounds; the median counts.
const ROUNDS: usize = 2;

/// Makes the tables of all that the log has in a schema of their own, as `reader`, with their indexes, as a rebuild does; and then
/// upserts the same rows, which nobody has to read, decode or decide on.
pub(super) async fn measure(installation: &Installation, reader: &Connection, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let url = installation.endpoints.database_url.clone().into();
    let last = Log::new(reader).bounds("EVENTS").await?.last_sequence;
    let (mut ours, mut bare, mut grown) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = footprint::own()?;
        let mut most = before;
        let started = Instant::now();
        let made = as_of(&url, reader, Moment::Event(last), |_| {
            most = most.max(footprint::own().unwrap_or(0.0));
        });
        let made = made.await?;
        let took = started.elapsed();
        grown.push(most - before);
        let upserted = upsert_again(&url, &made.schema).await?;
        ensure!(upserted.is_same, "the upserted rows are others");
        let rows = usize::try_from(upserted.rows).context("so many rows")?;
        ensure!(rows >= plan.events, "{rows} rows were made");
        ours.push(rate(rows, took));
        bare.push(rate(rows, upserted.took));
        drop_as_of(&url, Moment::Event(last)).await?;
    }
    Ok(vec![
        Row::new(
            "rebuild",
            format!("Rows of the read models, of {} events", plan.events),
            median(&ours),
            Unit::PerSecond,
            ROUNDS,
        )
        .against(median(&bare))
        .goal(Goal::RatioAtLeast(0.6)),
        Row::new(
            "rebuild.memory",
            "  resident meanwhile, more than before",
            median(&grown),
            Unit::Megabytes,
            ROUNDS,
        )
        .goal(Goal::AtMost(100.0)),
    ])
}
