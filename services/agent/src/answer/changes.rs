//! The answer to what changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::facts::{Change, Changes};
use super::markdown::{begun, escaped, link};
use super::notes::{self, joined};
use crate::question::{ChangeKind, ChangesQuestion, Grouping, Period};

/// How many changes of one group are named before the rest is only counted.
const MOST_IN_A_GROUP: usize = 10;
/// How many details of one change are named.
const MOST_DETAILS: usize = 3;
/// Slack shows at most 12,000 characters of Markdown in one block; this leaves room for the notes below the list.
const MOST_CHARACTERS: usize = 10_000;

/// Answers `asked` with what was `found`. `repository` is the full name the question's repository turned out to be.
pub fn answer(asked: &ChangesQuestion, repository: Option<&str>, found: &Changes) -> String {
    let changes: Vec<&Change> = found
        .changes
        .iter()
        .filter(|change| by_one_of(change, &asked.people))
        .collect();
    let mut answer = heading(asked, repository, changes.len());
    if changes.is_empty() {
        answer.push_str(&seen_people(asked, &found.changes));
    }
    let mut left_out = 0;
    for (title, group) in groups(asked.grouping, &changes) {
        let most = if answer.len() > MOST_CHARACTERS {
            0
        } else {
            MOST_IN_A_GROUP
        };
        answer.extend(["\n\n**", &title, "**"]);
        for change in group.iter().take(most) {
            answer.push_str(&line(change, asked, repository.is_none()));
        }
        let more = group.len().saturating_sub(most);
        left_out += more;
        if more > 0 {
            answer.extend(["\n- … and ", &more.to_string(), " more"]);
        }
    }
    answer.push_str(&footer(asked, found.truncated, left_out));
    answer
}

fn heading(asked: &ChangesQuestion, repository: Option<&str>, count: usize) -> String {
    let what = match kind_names(asked, count).as_str() {
        "" if count == 1 => "change".to_owned(),
        "" => "changes".to_owned(),
        kinds => kinds.to_owned(),
    };
    let place = repository.map_or_else(String::new, |repository| format!(" in {}", escaped(repository, 140)));
    let people = match asked.people.as_slice() {
        [] => String::new(),
        people => format!(" by {}", joined(people.iter().map(|name| escaped(name, 40)), "or")),
    };
    let period = &asked.period.name;
    match count {
        0 => format!("I found no {what}{place}{people} {}.", preposition(period)),
        _ => format!("**{count} {what}{place}{people}, {period}**"),
    }
}

/// "in the last 3 hours", "today", "since Monday".
fn preposition(period: &str) -> String {
    if period.starts_with("the ") {
        format!("in {period}")
    } else {
        period.to_owned()
    }
}

fn kind_names(asked: &ChangesQuestion, count: usize) -> String {
    let ending = if count == 1 { "" } else { "s" };
    joined(
        asked.kinds.iter().map(|kind| {
            format!(
                "{}{}",
                noun(*kind),
                if *kind == ChangeKind::Push && count != 1 {
                    "es"
                } else {
                    ending
                }
            )
        }),
        "or",
    )
}

fn noun(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::WorkflowRunFailed => "failed run",
        ChangeKind::Deployment => "deployment",
        ChangeKind::Release => "release",
        ChangeKind::PullRequestMerged => "merged pull request",
        ChangeKind::Push => "push",
        ChangeKind::Other => "other change",
    }
}

fn title(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::WorkflowRunFailed => "❌ Failed runs",
        ChangeKind::Deployment => "Deployments",
        ChangeKind::Release => "Releases",
        ChangeKind::PullRequestMerged => "Merged pull requests",
        ChangeKind::Push => "Pushes",
        ChangeKind::Other => "Other changes",
    }
}

/// Groups in the order they are shown: by kind, failures first; by person, who did most first. Within: as found.
fn groups<'change>(grouping: Grouping, changes: &[&'change Change]) -> Vec<(String, Vec<&'change Change>)> {
    match grouping {
        Grouping::Kind => {
            let mut groups: BTreeMap<ChangeKind, Vec<&Change>> = BTreeMap::new();
            for change in changes {
                groups.entry(change.kind).or_default().push(change);
            }
            groups
                .into_iter()
                .map(|(kind, group)| (format!("{} ({})", title(kind), group.len()), group))
                .collect()
        }
        Grouping::Person => {
            let mut groups: BTreeMap<(&str, &str), Vec<&Change>> = BTreeMap::new();
            for change in changes {
                groups
                    .entry((&change.actor.name, &change.actor.id))
                    .or_default()
                    .push(change);
            }
            let mut groups: Vec<Vec<&Change>> = groups.into_values().collect();
            groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
            for group in &mut groups {
                group.sort_by_key(|change| change.kind);
            }
            groups
                .into_iter()
                .filter_map(|group| {
                    let person = who(group.first()?);
                    Some((format!("{person} ({})", group.len()), group))
                })
                .collect()
        }
    }
}

/// `- [title](url) on main · acme/payments · [maya](url) · 14:02 UTC`, and what more is known below it.
fn line(change: &Change, asked: &ChangesQuestion, name_repository: bool) -> String {
    let mut line = String::from("\n- ");
    if asked.grouping == Grouping::Person {
        line.push_str(match change.kind {
            ChangeKind::WorkflowRunFailed => "❌ failed run: ",
            ChangeKind::Deployment => "deployment: ",
            ChangeKind::Release => "release: ",
            ChangeKind::PullRequestMerged => "merged pull request: ",
            ChangeKind::Push => "push: ",
            ChangeKind::Other => "",
        });
    }
    line.push_str(&link(&label(change), change.url.as_deref(), 120));
    if name_repository {
        line.extend([" · ", &escaped(&change.repository, 140)]);
    }
    if asked.grouping == Grouping::Kind {
        line.extend([" · ", &who(change)]);
    }
    line.extend([" · ", &time(change.occurred_at, &asked.period)]);
    let details: Vec<&String> = change
        .details
        .iter()
        .filter(|detail| !change.title.contains(detail.trim()))
        .collect();
    let mut told: Vec<String> = details
        .iter()
        .take(MOST_DETAILS)
        .map(|detail| escaped(detail, 80))
        .collect();
    if details.len() > MOST_DETAILS {
        told.push(format!("{} more", details.len() - MOST_DETAILS));
    }
    if !told.is_empty() {
        line.extend(["\n  - ", &begun(&told.join(" · "))]);
    }
    line
}

/// The title, with the branch, tag or number where the title doesn't say it.
fn label(change: &Change) -> String {
    match &change.reference {
        Some(reference) if !reference.is_empty() && !change.title.contains(reference.as_str()) => match change.kind {
            ChangeKind::PullRequestMerged => format!("{reference} {}", change.title),
            _ => format!("{} ({reference})", change.title),
        },
        _ => change.title.clone(),
    }
}

fn who(change: &Change) -> String {
    let name = if change.actor.name.trim().is_empty() {
        &change.actor.id
    } else {
        &change.actor.name
    };
    match link(name, change.actor.url.as_deref(), 60) {
        unknown if unknown.is_empty() => "somebody".to_owned(),
        who => who,
    }
}

/// The time alone where the period is one day, else with its day.
fn time(at: DateTime<Utc>, period: &Period) -> String {
    let last = period.until - chrono::Duration::seconds(1);
    if period.since.date_naive() == last.date_naive() && at.date_naive() == last.date_naive() {
        at.format("%H:%M UTC").to_string()
    } else {
        at.format("%a %-d %b %H:%M UTC").to_string()
    }
}

/// Whether one of `people` did it; whoever it was, where nobody is named.
pub(super) fn by_one_of(change: &Change, people: &[String]) -> bool {
    let (name, id) = (change.actor.name.to_lowercase(), change.actor.id.to_lowercase());
    people.is_empty()
        || people.iter().map(|person| person.to_lowercase()).any(|person| {
            name == person || id == person || name.split([' ', '-', '_', '.']).next() == Some(person.as_str())
        })
}

/// Where nobody of that name did anything: who did.
fn seen_people(asked: &ChangesQuestion, all: &[Change]) -> String {
    let mut names: Vec<&str> = all.iter().map(|change| change.actor.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if asked.people.is_empty() || names.is_empty() {
        return String::new();
    }
    let most = names.len().min(8);
    let others = if names.len() > most { " and others" } else { "" };
    format!(
        " In that period I saw changes by {}{others}.",
        joined(names.iter().take(most).map(|name| escaped(name, 40)), "and")
    )
}

fn footer(asked: &ChangesQuestion, truncated: bool, left_out: usize) -> String {
    let mut sentences = vec![looked_at(&asked.period)];
    if truncated {
        sentences.push("There were more than I can read at once, so the oldest are missing: ask for a shorter period or one repository.".to_owned());
    } else if left_out > 0 {
        sentences.push("Ask for a shorter period, one kind or one repository to see the rest.".to_owned());
    }
    if asked.wants_cause {
        sentences.push("Why something happened I can't tell; this is what I recorded.".to_owned());
    }
    sentences.extend(notes::on_people(&asked.people));
    sentences.extend(notes::on_words(&asked.not_understood));
    format!("\n\n_{}_", sentences.join(" "))
}

/// The period in full, because "today" depends on who reads it.
fn looked_at(period: &Period) -> String {
    let (since, until) = (period.since, period.until);
    if since.date_naive() == until.date_naive() {
        format!(
            "I looked at {} from {} to {} UTC.",
            since.format("%a %-d %b %Y"),
            since.format("%H:%M"),
            until.format("%H:%M")
        )
    } else {
        format!(
            "I looked from {} to {} UTC.",
            since.format("%a %-d %b %Y %H:%M"),
            until.format("%a %-d %b %Y %H:%M")
        )
    }
}
