//! What is proposed to run again, and the answer that says so.

use infragpt_nats::agent::Proposal;
use serde_json::json;

use super::changes::by_one_of;
use super::facts::{Change, Changes};
use super::markdown::{escaped, link};
use super::notes::{self, joined};
use crate::question::{ChangeKind, Period, RerunOrder};

/// The tool that runs failed jobs again, where somebody approved it.
const RERUN: &str = "tool.v1.github.rerun_failed_jobs";

/// A failed run, with what says which of its attempts it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedRun<'change> {
    change: &'change Change,
    run: u64,
    attempt: u64,
}

/// The newest failed run that `order` means among what was `found`.
pub fn find_run<'change>(order: &RerunOrder, found: &'change Changes) -> Option<FailedRun<'change>> {
    let failed = found
        .changes
        .iter()
        .filter(|change| change.kind == ChangeKind::WorkflowRunFailed && by_one_of(change, &order.people));
    let mut runs = failed.filter_map(|change| {
        let (run, attempt) = numbers(change)?;
        Some(FailedRun { change, run, attempt })
    });
    runs.find(|found| order.run.is_none_or(|run| run == found.run))
}

/// The run's number and its attempt: the address has the one, the other stands there or in the details.
fn numbers(change: &Change) -> Option<(u64, u64)> {
    let (_, path) = change.url.as_deref()?.split_once("/actions/runs/")?;
    let mut segments = path.split(['/', '?', '#']);
    let run = segments.next()?.parse().ok()?;
    let addressed = match segments.next() {
        Some("attempts") => segments.next(),
        _ => None,
    };
    let told = || change.details.iter().find_map(|line| line.split_once(", attempt "));
    let attempt = addressed.or_else(|| Some(told()?.1))?;
    Some((run, attempt.parse().ok()?))
}

/// What people are asked to allow. It is shown as plain text.
pub fn proposal(found: &FailedRun<'_>) -> Proposal {
    let FailedRun { change, run, attempt } = found;
    let place = change
        .reference
        .as_ref()
        .map_or_else(String::new, |it| format!(" on {it}"));
    Proposal {
        title: format!("Re-run the failed jobs of run {run} in {}", change.repository),
        tool: RERUN.to_owned(),
        arguments: json!({ "repository": change.repository, "run_id": run, "attempt": attempt }),
        reason: format!(
            "{} ({}, {})",
            change.title,
            change.actor.name,
            change.occurred_at.format("%a %-d %b %H:%M UTC")
        ),
        target: Some(format!(
            "{}{place}, attempt {attempt}: {}",
            change.repository,
            change.url.as_deref().unwrap_or_default()
        )),
        diff: None,
    }
}

/// Says what is proposed.
pub fn rerun(order: &RerunOrder, found: &FailedRun<'_>) -> String {
    let FailedRun { change, run, attempt } = found;
    let place = change
        .reference
        .as_ref()
        .map_or_else(String::new, |reference| format!(" on {}", escaped(reference, 80)));
    let mut answer = format!(
        "I propose to re-run the failed jobs of {} in **{}**{place}: run {run}, attempt {attempt}, by {}, {}.\n\n\
         Somebody has to approve that first. Until then nothing happens.",
        link(&change.title, change.url.as_deref(), 120),
        escaped(&change.repository, 140),
        escaped(&change.actor.name, 60),
        change.occurred_at.format("%a %-d %b %H:%M UTC"),
    );
    if let Some(note) = notes::on_words(&order.not_understood) {
        answer.extend(["\n\n_", &note, "_"]);
    }
    answer
}

/// For an order that no failed run fits.
pub fn no_run(order: &RerunOrder, period: &Period) -> String {
    let run = order.run.map_or_else(String::new, |run| format!(" {run}"));
    let place = order
        .repository
        .as_ref()
        .map_or_else(String::new, |name| format!(" in **{}**", escaped(name, 140)));
    let people = match order.people.as_slice() {
        [] => String::new(),
        people => format!(" by {}", joined(people.iter().map(|name| escaped(name, 40)), "or")),
    };
    let when = if period.name.starts_with("the ") { "in " } else { "" };
    let mut sentences = vec![format!(
        "I know of no failed run{run}{place}{people} {when}{}, so there is nothing to run again.",
        period.name
    )];
    sentences.extend(notes::on_people(&order.people));
    sentences.extend(notes::on_words(&order.not_understood));
    sentences.join(" ")
}

/// For an order that doesn't say which run.
pub fn which_run(order: &RerunOrder) -> String {
    let admitted = notes::on_words(&order.not_understood).unwrap_or_default();
    format!("Which run shall run again? {admitted} Say for example `re-run the failed run of acme/payments`.")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use insta::{assert_json_snapshot, assert_snapshot};
    use serde_json::Value;

    use super::*;
    use crate::question::{Intent, understand};

    fn order(question: &str) -> RerunOrder {
        match understand(question, DateTime::UNIX_EPOCH) {
            Intent::Rerun(order) => order,
            other => panic!("{question}: {other:?}"),
        }
    }

    fn failed(run: u64, attempt: u64, person: &str) -> Value {
        json!({
            "kind": "workflow_run_failed", "repository": "acme/payments", "title": "CI failed: Raise the *limit*",
            "url": format!("https://github.com/acme/payments/actions/runs/{run}"), "actor": {"id": "7", "name": person},
            "reference": "main", "details": ["conclusion: failure", format!("run #311, attempt {attempt}")],
            "occurred_at": "2026-11-22T13:02:00Z",
        })
    }

    fn found(changes: &[Value]) -> Changes {
        serde_json::from_value(json!({ "changes": changes })).unwrap()
    }

    #[test]
    fn the_newest_run_that_fits_is_proposed() {
        let found = found(&[
            json!({"kind": "push", "repository": "acme/payments", "title": "x", "url": "https://github.com/x/actions/runs/9",
                "actor": {"name": "maya"}, "occurred_at": "2026-11-22T13:03:00Z"}),
            failed(7_700_002, 1, "maya"),
            failed(7_700_001, 2, "noor"),
            failed(7_700_001, 1, "noor"),
        ]);
        let which = |question: &str| find_run(&order(question), &found).map(|found| (found.run, found.attempt));
        assert_eq!(which("rerun the failed run"), Some((7_700_002, 1)));
        assert_eq!(which("rerun run 7700001"), Some((7_700_001, 2)));
        assert_eq!(which("rerun the failed run by noor"), Some((7_700_001, 2)));
        assert_eq!(which("rerun run 7700003"), None);
    }

    #[test]
    fn an_attempt_that_nobody_told_is_not_made_up() {
        let mut change = failed(7, 1, "maya");
        change["details"] = json!([]);
        assert_eq!(
            find_run(&order("rerun the failed run"), &found(&[change.clone()])),
            None
        );
        change["url"] = "https://github.com/acme/payments/actions/runs/7/attempts/3".into();
        let found = found(&[change]);
        let run = find_run(&order("rerun the failed run"), &found).unwrap();
        assert_eq!((run.run, run.attempt), (7, 3));
    }

    #[test]
    fn what_is_proposed_is_said_in_full() {
        let found = found(&[failed(7_700_001, 2, "noor")]);
        let order = order("please re-run the purple failed run of acme/payments");
        let run = find_run(&order, &found).unwrap();
        assert_json_snapshot!("proposal", proposal(&run));
        assert_snapshot!("rerun", rerun(&order, &run));
    }

    #[test]
    fn where_nothing_fits_it_says_so() {
        let period = Period::last_days(30, DateTime::UNIX_EPOCH);
        assert_snapshot!("no_run", no_run(&order("rerun run 7700001 in acme/payments"), &period));
        assert_snapshot!(
            "no_run_of_mine",
            no_run(&order("rerun the run that failed today by me"), &period)
        );
        assert_snapshot!("which_run", which_run(&order("rerun the purple build")));
    }
}
