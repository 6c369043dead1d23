//! Puts the parts of a question together.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::intent::{ChangeKind, ChangesQuestion, Grouping, Intent, RerunOrder};
use super::period::{self, Found, Period};
use super::rerun::{self, Order};
use super::scope;
use super::vocabulary::{CHANGED, FILLER, IMPERATIVES, KINDS, NEWS};
use super::words::Words;

/// How many words may stay without meaning before a question counts as about something else.
const MOST_NOT_UNDERSTOOD: usize = 3;

/// What `question` asks for, when it is asked at `now`.
pub fn understand(question: &str, now: DateTime<Utc>) -> Intent {
    Parts::of(question, now).intent(now)
}

/// Like [`understand`], but a question that only narrows ("and yesterday?", "by maya?") is taken together with the
/// one before it in the same conversation.
pub fn understand_after(previous: Option<&str>, question: &str, now: DateTime<Utc>) -> Intent {
    let parts = Parts::of(question, now);
    if let (Some(previous), Some(order)) = (previous, parts.order) {
        return parts.rerun_after(order, Parts::of(previous, now).intent(now), now);
    }
    let Some(previous) = previous.filter(|_| parts.only_narrows()) else {
        return parts.intent(now);
    };
    match Parts::of(previous, now).intent(now) {
        Intent::Changes(before) => {
            let said = match parts.intent(now) {
                Intent::Changes(said) => said,
                Intent::Unknown => parts.changes(Vec::new(), now),
                other => return other,
            };
            Intent::Changes(ChangesQuestion {
                period: if parts.period.is_some() {
                    said.period
                } else {
                    before.period
                },
                repository: said.repository.or(before.repository),
                kinds: if said.kinds.is_empty() {
                    before.kinds
                } else {
                    said.kinds
                },
                people: if said.people.is_empty() {
                    before.people
                } else {
                    said.people
                },
                grouping: before.grouping,
                wants_cause: before.wants_cause,
                not_understood: said.not_understood,
            })
        }
        _ => parts.intent(now),
    }
}

/// Everything that was found in a question.
struct Parts {
    words: Words,
    period: Option<Period>,
    misread: Option<String>,
    repository: Option<String>,
    people: Vec<String>,
    kinds: BTreeSet<ChangeKind>,
    changed: bool,
    news: bool,
    order: Option<Order>,
}

impl Parts {
    fn of(question: &str, now: DateTime<Utc>) -> Self {
        let mut words = Words::of(question);
        let (period, misread) = match period::find(&mut words, now) {
            Some(Found::Period(period)) => (Some(period), None),
            Some(Found::Misread(said)) => (None, Some(said)),
            None => (None, None),
        };
        let people = scope::people(&mut words);
        let mut kinds = BTreeSet::new();
        for (kind, named) in KINDS {
            if words.find(named) {
                kinds.insert(kind);
            }
        }
        if !kinds.is_empty() {
            words.find(&[
                "request", "requests", "runs", "run", "jobs", "job", "checks", "tests", "test", "gone", "went",
            ]);
        }
        let changed = words.find(&CHANGED);
        words.find_pair("going", "on");
        let news = words.contains(&NEWS);
        let repository = scope::repository(&mut words);
        words.find(&NEWS);
        words.find(&FILLER);
        let is_full = repository.as_ref().is_some_and(|name| name.contains('/'));
        let is_of_runs = kinds.iter().all(|kind| *kind == ChangeKind::WorkflowRunFailed);
        let order = is_of_runs.then(|| rerun::order(&mut words, is_full)).flatten();
        Self {
            words,
            period,
            misread,
            repository,
            people,
            kinds,
            changed,
            news,
            order,
        }
    }

    fn intent(&self, now: DateTime<Utc>) -> Intent {
        let words = &self.words;
        let about_changes = self.changed || !self.kinds.is_empty();
        let first = words.at(0);
        if words.len() == 0 || self.asks_for_help() {
            return Intent::Help;
        }
        if self.order == Some(Order::Run) {
            return Intent::Rerun(self.rerun());
        }
        let please = usize::from(first == "please");
        if IMPERATIVES.contains(&words.at(please)) && self.is_an_order(please) {
            return Intent::Action;
        }
        if !about_changes {
            if words.contains(&["status", "health", "healthy", "alive", "ping"]) && self.repository.is_none() {
                return Intent::Status;
            }
            if self.asks_what_is_connected() {
                return Intent::Connected;
            }
        }
        let rest = self.not_understood();
        // A bare name after "in" or "on" may be anything ("on call"): alone it says nothing about changes.
        let bare = self.repository.as_ref().is_some_and(|name| !name.contains('/'));
        let narrows = !bare && (self.period.is_some() || self.repository.is_some() || !self.people.is_empty());
        let weak = self.news || narrows || (words.contains(&["status"]) && self.repository.is_some());
        if (about_changes && rest.len() <= MOST_NOT_UNDERSTOOD) || (weak && rest.is_empty()) {
            return Intent::Changes(self.changes(rest, now));
        }
        Intent::Unknown
    }

    fn changes(&self, rest: Vec<String>, now: DateTime<Utc>) -> ChangesQuestion {
        let who = self.words.contains(&["who", "who's", "whom", "whose"]);
        let why = self.words.contains(&["why", "cause", "caused", "reason"]);
        ChangesQuestion {
            period: self.period.clone().unwrap_or_else(|| Period::last_day(now)),
            repository: self.repository.clone(),
            kinds: self.kinds.clone(),
            people: self.people.clone(),
            grouping: if who { Grouping::Person } else { Grouping::Kind },
            wants_cause: why,
            not_understood: self.misread.iter().cloned().chain(rest).collect(),
        }
    }

    fn rerun(&self) -> RerunOrder {
        let mut rest = self.not_understood();
        rest.retain(|word| rerun::number(word).is_none());
        RerunOrder {
            repository: self.repository.clone(),
            run: rerun::run(&self.words),
            period: self.period.clone(),
            people: self.people.clone(),
            not_understood: self.misread.iter().cloned().chain(rest).collect(),
        }
    }

    /// An order that doesn't say where speaks of the place, the time and the people that were spoken of before.
    fn rerun_after(&self, order: Order, before: Intent, now: DateTime<Utc>) -> Intent {
        let said = self.rerun();
        let says_which = said.repository.is_some() || said.run.is_some();
        let before = match before {
            Intent::Changes(before) => RerunOrder {
                repository: before.repository,
                run: None,
                period: Some(before.period),
                people: before.people,
                not_understood: Vec::new(),
            },
            Intent::Rerun(before) => before,
            _ => return self.intent(now),
        };
        if says_which || (order == Order::Run && !said.not_understood.is_empty()) {
            return self.intent(now);
        }
        Intent::Rerun(RerunOrder {
            period: said.period.or(before.period),
            people: if said.people.is_empty() {
                before.people
            } else {
                said.people
            },
            ..before
        })
    }

    fn not_understood(&self) -> Vec<String> {
        let known = [
            "status", "cause", "caused", "reason", "who's", "whom", "whose", "people", "things", "stuff",
        ];
        let mut rest = self.words.rest();
        rest.retain(|word| {
            let lower = word.to_lowercase();
            !known.contains(&lower.as_str()) && !lower.starts_with('#') && lower.chars().any(char::is_alphanumeric)
        });
        rest
    }

    /// Nothing but a period, a place, people or kinds: it narrows what was asked before.
    fn only_narrows(&self) -> bool {
        let narrows =
            self.period.is_some() || self.repository.is_some() || !self.people.is_empty() || !self.kinds.is_empty();
        narrows && !self.changed && self.not_understood().is_empty() && self.words.len() <= 8
    }

    fn asks_for_help(&self) -> bool {
        let words = &self.words;
        let short = words.len() <= 3;
        let said: Vec<&str> = (0..words.len()).map(|at| words.at(at)).collect();
        let said = said.join(" ");
        words.at(0) == "help"
            || (short && words.contains(&["help", "commands", "usage"]))
            || matches!(
                said.as_str(),
                "hi" | "hello" | "hey" | "hi there" | "hello there" | "hey there" | "who are you" | "what are you"
            )
            || said.contains("what can you do")
            || said.contains("what can i ask")
            || said.contains("can you help")
            || said.contains("how do you work")
            || said.contains("how do i use you")
    }

    /// "deploy payments" is an order; "deploys today", "release notes since monday?" and "merge count?" are not.
    fn is_an_order(&self, verb: usize) -> bool {
        let next = self.words.at(verb + 1);
        !next.is_empty()
            && self.period.is_none()
            && !self.changed
            && self.people.is_empty()
            && !matches!(
                next,
                "in" | "of" | "by" | "history" | "status" | "requests" | "pull" | "prs" | "runs"
            )
            || matches!((self.words.at(verb), next), ("roll", "back"))
    }

    fn asks_what_is_connected(&self) -> bool {
        let words = &self.words;
        words.contains(&[
            "connected",
            "connections",
            "connection",
            "integrations",
            "integration",
            "integrated",
            "installed",
        ]) || (words.contains(&["repos", "repositories", "channels"])
            && (words.contains(&["which", "what", "list", "show"]) || words.len() <= 2)
            && self.period.is_none())
    }
}
