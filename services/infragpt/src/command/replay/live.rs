//! `infragpt replay --live`: what was handled is handled once more, for real.

use anyhow::anyhow;
use clap::Args;
use infragpt_nats::{Connection, Received, Redelivered};
use infragpt_operations::{
    Operator, Reader,
    replay::{Again, Live, LiveError},
};
use serde_json::json;

use super::{Arguments, Checkpoint};
use crate::{
    command::{
        ask::operator,
        connect,
        output::{Output, progress},
        pace::{Pace, Step},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What only `--live` can be told.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For real")]
pub struct ForReal {
    /// Have the roles handle it again: what was missing is appended, answers that were never posted are; needs `--reason`
    #[arg(long, requires = "reason", conflicts_with_all = ["answers", "bundle", "into", "drop"])]
    pub live: bool,
    /// Why, for the audit; 200 characters at most
    #[arg(long, value_name = "TEXT", requires = "live")]
    reason: Option<String>,
    /// How many a second at most, with `--live`
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    rate: f64,
}

/// Where messages come from.
enum Source {
    Selected(Box<Reader>),
    Given(std::vec::IntoIter<Received>),
}

impl Source {
    async fn next(&mut self) -> Result<Option<Received>, Failure> {
        match self {
            Self::Selected(reader) => Ok(reader.next().await.map_err(anyhow::Error::from)?),
            Self::Given(given) => Ok(given.next()),
        }
    }

    fn matching(&self) -> u64 {
        match self {
            Self::Selected(reader) => reader.matching(),
            Self::Given(given) => given.len() as u64,
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    handled: u64,
    failed: u64,
}

/// Redelivers, and says what came of it.
///
/// # Errors
/// Findings where something could not be handled.
pub async fn run(arguments: &Arguments, configuration: &Configuration) -> Result<(), Failure> {
    let reason = arguments.real.reason.clone().unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(Failure::usage(anyhow!(
            "`--reason` has to say why: it goes into the audit"
        )));
    }
    let mut pace = Pace::new(arguments.real.rate)?;
    let mut checkpoint = arguments.read_checkpoint()?;
    let connection = connect(configuration, NatsUser::Operator).await?;
    let mut source = source(arguments, configuration, &connection).await?;
    let operator = Operator::new(&connection, operator(), reason);
    let organization = arguments.select.organization();
    let mut live = Live::new(operator, organization).map_err(failure)?;
    let mut output = Output::direct(arguments.format);
    let bar = progress("handled again", Some(source.matching()));
    let mut tally = Tally::default();
    let mut is_whole = true;
    while let Some(received) = source.next().await? {
        bar.inc(1);
        if checkpoint.has(&received) {
            continue;
        }
        if pace.next().await? == Step::Interrupted {
            is_whole = false;
            break;
        }
        let done = live.redeliver(&received).await.map_err(failure)?;
        bar.suspend(|| tally.count(&received, &done, &mut output))?;
        checkpoint.note(&received);
        arguments.write_checkpoint(&checkpoint)?;
    }
    bar.finish_and_clear();
    connection.drain().await;
    let Tally { handled, failed } = tally;
    output.item(
        &json!({ "handled": handled, "failed": failed, "interrupted": !is_whole }),
        || {
            format!(
                "{handled} handled again, {failed} failed{}",
                if is_whole { "" } else { ", and then interrupted" }
            )
        },
    )?;
    match (failed, is_whole) {
        (0, true) => Ok(()),
        (0, false) => Err(Failure::findings(anyhow!(
            "interrupted: `--checkpoint FILE` goes on where it stopped"
        ))),
        _ => Err(Failure::findings(anyhow!("{failed} could not be handled"))),
    }
}

async fn source(
    arguments: &Arguments,
    configuration: &Configuration,
    connection: &Connection,
) -> Result<Source, Failure> {
    if let Some(reference) = &arguments.reference {
        let given = super::given(configuration, reference).await?;
        return Ok(Source::Given(given.into_iter()));
    }
    if !arguments.select.is_narrowed() {
        return Err(Failure::usage(anyhow!(
            "`--live` without a range or a filter would handle everything again: say what, at least with `--since`"
        )));
    }
    let selection = arguments.select.selection()?;
    let reader = Live::select(connection, selection).await.map_err(failure)?;
    Ok(Source::Selected(Box::new(reader)))
}

impl Tally {
    fn count(&mut self, received: &Received, done: &[Again], output: &mut Output) -> std::io::Result<()> {
        let place = format!("{}#{}", received.stream, received.sequence);
        for Again { consumer, redelivered } in done {
            let reason = match redelivered {
                Redelivered::Handled => {
                    self.handled += 1;
                    None
                }
                Redelivered::Failed { reason, .. } => {
                    self.failed += 1;
                    Some(infragpt_operations::redact(reason))
                }
            };
            output.item(
                &json!({ "place": place, "id": received.envelope.id, "consumer": consumer, "handled": reason.is_none(), "reason": reason }),
                || match &reason {
                    None => format!("{place}  {consumer} has handled it again"),
                    Some(reason) => format!("{place}  {consumer} can't: {reason}"),
                },
            )?;
        }
        Ok(())
    }
}

impl Checkpoint {
    /// Whether `received` was done before.
    fn has(&self, received: &Received) -> bool {
        self.0
            .get(&received.stream)
            .is_some_and(|last| received.sequence <= *last)
    }

    fn note(&mut self, received: &Received) {
        self.0.insert(received.stream.clone(), received.sequence);
    }
}

fn failure(error: LiveError) -> Failure {
    match error {
        LiveError::NotHandled { .. } => Failure::usage(error),
        error => Failure::from(anyhow::Error::from(error)),
    }
}
