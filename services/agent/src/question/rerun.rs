//! Whether a question is an order to run something again, and which run it names.

use super::words::Words;

/// Words that may stand before the verb of an order.
const POLITE: [&str; 25] = [
    "please", "pls", "kindly", "can", "could", "would", "will", "you", "we", "let's", "lets", "hey", "hi", "hello",
    "ok", "okay", "yes", "and", "now", "then", "so", "just", "infragpt", "i", "want",
];

/// Verbs that say "again" by themselves.
const VERBS: [&str; 6] = ["rerun", "re-run", "retry", "retrigger", "re-trigger", "restart"];

/// What can run again.
const NOUNS: [&str; 27] = [
    "run",
    "runs",
    "job",
    "jobs",
    "build",
    "builds",
    "ci",
    "workflow",
    "workflows",
    "check",
    "checks",
    "test",
    "tests",
    "pipeline",
    "pipelines",
    "action",
    "actions",
    "failed",
    "failing",
    "failure",
    "failures",
    "fail",
    "broken",
    "broke",
    "red",
    "attempt",
    "number",
];

/// Words that mean what was spoken of before.
const BEFORE: [&str; 8] = ["it", "that", "this", "them", "those", "these", "one", "ones"];

/// Words of an order that say no more than that it is one.
const REST: [&str; 6] = ["again", "latest", "last", "newest", "recent", "to"];

/// What an order wants to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// A run that it names, or says something of.
    Run,
    /// What was spoken of before.
    Before,
}

/// Reads an order to run something again, and marks what it is made of as understood. `None` where it is no order, or
/// one to run something else. `is_full` says that it names a repository in full, which is enough.
pub(super) fn order(words: &mut Words, is_full: bool) -> Option<Order> {
    let verb = (0..words.len()).find(|at| !POLITE.contains(&words.at(*at)))?;
    let after = match (words.at(verb), words.at(verb + 1)) {
        (word, _) if VERBS.contains(&word) => verb + 1,
        ("re", "run") => verb + 2,
        ("run", _) if words.contains(&["again"]) => verb + 1,
        _ => return None,
    };
    // Servers are restarted, too: a restart is one of a run only where it says so.
    let is_restart = words.at(verb) == "restart";
    let said = |known: &[&str]| (after..words.len()).any(|at| known.contains(&words.at(at)));
    let is_rest = |at| words.is_understood(at) || is_light(words.at(at));
    let no_more = !is_restart && (after..words.len()).all(is_rest);
    let order = if said(&NOUNS) || run(words).is_some() || (is_full && no_more) {
        Order::Run
    } else if no_more && said(&BEFORE) {
        Order::Before
    } else {
        return None;
    };
    words.understand(0..after);
    for known in [&POLITE[..], &NOUNS, &BEFORE, &REST] {
        words.find(known);
    }
    Some(order)
}

fn is_light(word: &str) -> bool {
    [&POLITE[..], &BEFORE, &REST].iter().any(|known| known.contains(&word))
}

/// The number of a run, out of itself or of its address.
pub(super) fn run(words: &Words) -> Option<u64> {
    (0..words.len()).find_map(|at| number(words.at(at)))
}

/// The numbers of runs have many digits: what has fewer is the number of something else.
pub(super) fn number(word: &str) -> Option<u64> {
    let (is_address, digits) = match word.split_once("/actions/runs/") {
        Some((_, rest)) => (true, rest.split(['/', '?', '#']).next()?),
        None => (false, word.strip_prefix('#').unwrap_or(word)),
    };
    let is_number = (is_address || digits.len() >= 5) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|run| is_number && *run > 0)
}
