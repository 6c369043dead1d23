//! `infragpt timeline`: everything of a conversation, an integration or an organization, in order and in words.

use anyhow::anyhow;
use chrono::TimeDelta;
use clap::Args;
use infragpt_operations::{
    Target, Timeline as Moments,
    event::shortened,
    finder::Aggregate,
    meaning::elapsed,
    timeline::{Moment, Of},
};

use super::{
    finding::Finding,
    output::{Format, Output},
    select::{Select, hint_at_nothing, warn_of_cuts},
    tail::until_interrupted,
};
use crate::{configuration::Configuration, failure::Failure};

/// How much of what an event says stands on its line.
const WORDS: usize = 200;

/// What `timeline` can be told.
#[derive(Debug, Clone, Args)]
pub struct Timeline {
    /// The id of a conversation or integration, an organization, or anything that happened in one
    reference: String,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    format: Format,
}

impl Timeline {
    /// Shows it.
    ///
    /// # Errors
    /// Findings where nothing has the reference or is in the range, usage where it can't be one.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let selection = self.select.selection()?;
        let Finding {
            connection,
            finder,
            target,
        } = Finding::look_up(configuration, &self.reference).await?;
        let of = match target {
            Target::Organization(organization) => Of::Organization(organization),
            Target::Aggregate(aggregate) => Of::Aggregate(aggregate),
            Target::Events(events) => Of::Aggregate(self.happened_to(&finder, events).await?),
        };
        let moments = Moments::open(&connection, of, selection).await;
        let mut moments = moments.map_err(anyhow::Error::from)?;
        warn_of_cuts(moments.reader()).await?;
        let mut output = Output::paged(self.format);
        let shown = until_interrupted(show(&mut moments, &mut output)).await?;
        drop(output);
        if shown == Some(0) {
            hint_at_nothing(moments.reader().selection());
        }
        connection.drain().await;
        if shown == Some(0) {
            return Err(Failure::findings(anyhow!(
                "nothing of `{}` is in that range",
                self.reference
            )));
        }
        Ok(())
    }

    /// What these events happened to; for facts, what they led to something in.
    async fn happened_to(
        &self,
        finder: &infragpt_operations::Finder,
        events: Vec<infragpt_operations::Found>,
    ) -> Result<Aggregate, Failure> {
        let of = |events: &[infragpt_operations::Found]| events.iter().find_map(|found| Aggregate::of(&found.event));
        if let Some(aggregate) = of(&events) {
            return Ok(aggregate);
        }
        let case = finder.case(events).await.map_err(super::finding::failure)?;
        of(&case.events).ok_or_else(|| {
            Failure::findings(anyhow!(
                "`{0}` led to nothing, so there is no timeline of it: `infragpt trace {0}` has the fact",
                self.reference
            ))
        })
    }
}

async fn show(moments: &mut Moments, output: &mut Output) -> Result<u64, Failure> {
    let mut shown = 0;
    while let Some(moment) = moments.next().await.map_err(anyhow::Error::from)? {
        output.item(&moment, || line(&moment))?;
        shown += 1;
    }
    Ok(shown)
}

/// A moment on one line: when, how long after the one before, where, who, and what it says.
fn line(moment: &Moment) -> String {
    let event = &moment.event;
    let since = moment.since_previous_ms.map_or_else(String::new, |milliseconds| {
        format!("+{}", elapsed(TimeDelta::milliseconds(milliseconds)))
    });
    let problem = moment
        .problem
        .as_ref()
        .map_or_else(String::new, |problem| format!("  ! {problem}"));
    format!(
        "{}  {since:>12}  {:<16}  {:<28}  {}{problem}",
        event.stored_at.format("%F %T%.3f"),
        event.place(),
        shortened(event.actor.as_deref().unwrap_or("-"), 28),
        shortened(&moment.words, WORDS),
    )
    .trim_end()
    .to_owned()
}
