//! One letter after the other, not too fast, until done or interrupted.

use anyhow::anyhow;
use infragpt_operations::dead_letters::{Failed, Outcome, Summary};
use serde_json::json;

use crate::{
    command::{
        output::{Format, Output, progress},
        pace::{Pace, Step},
    },
    failure::Failure,
};

/// What a run came to.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    kept: usize,
}

/// Does `work` for each letter, `rate` in a second at most, and says what came of each.
///
/// # Errors
/// Findings where a letter stays.
pub async fn each(
    letters: &[Summary],
    rate: f64,
    format: Format,
    work: impl AsyncFn(&Summary) -> Result<Outcome, Failed>,
) -> Result<(), Failure> {
    let mut output = Output::direct(format);
    let bar = progress("letters", Some(letters.len() as u64));
    let mut pace = Pace::new(rate)?;
    let mut tally = Tally::default();
    for letter in letters {
        if pace.next().await? == Step::Interrupted {
            break;
        }
        let outcome = work(letter).await;
        bar.inc(1);
        bar.suspend(|| say(&mut output, letter, &outcome))?;
        match outcome {
            Ok(Outcome::Kept { .. }) | Err(_) => tally.kept += 1,
            Ok(_) => tally.done += 1,
        }
    }
    bar.finish_and_clear();
    let Tally { done, kept } = tally;
    let left = letters.len() - done - kept;
    if letters.len() > 1 {
        output.note(&format!("{done} done, {kept} stay, {left} not tried"))?;
    }
    match (kept, left) {
        (0, 0) => Ok(()),
        (0, left) => Err(Failure::findings(anyhow!("interrupted: {left} were not tried"))),
        (kept, _) => Err(Failure::findings(anyhow!("{kept} of {} stay", letters.len()))),
    }
}

fn say(output: &mut Output, letter: &Summary, outcome: &Result<Outcome, Failed>) -> std::io::Result<()> {
    let place = letter.place();
    let (name, words) = match outcome {
        Ok(Outcome::Handled) => ("handled", format!("{} is handled", letter.original_place())),
        Ok(Outcome::Sent { place, id }) => ("sent", format!("{place} is the new fact: `infragpt trace {id}`")),
        Ok(Outcome::Discarded) => ("discarded", "is gone".to_owned()),
        Ok(Outcome::Kept {
            reason,
            may_work_later: true,
        }) => ("kept", format!("stays, and may work later: {reason}")),
        Ok(Outcome::Kept { reason, .. }) => ("kept", format!("stays: {reason}")),
        Err(error) => ("failed", format!("stays: {error}")),
    };
    output.item(&json!({ "letter": place, "outcome": name, "words": words }), || {
        format!("{place}  {words}")
    })
}
