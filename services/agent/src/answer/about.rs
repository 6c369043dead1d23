//! The answers about the product itself: help, status, connections, and what it can't do.

use chrono::{DateTime, Utc};

use super::facts::{Integration, Integrations, Status};
use super::markdown::escaped;
use super::notes::joined;
use crate::question::Period;

const EXAMPLES: &str = "- `what changed in acme/payments today?` or `what changed since monday by maya?`\n\
    - `what failed in the last 3 hours?`, `deploys yesterday`, `pull requests merged this week`\n\
    - `who released acme/payments this week?`\n\
    - `which repositories are connected?`\n\
    - `status`\n\
    - `re-run the failed run of acme/payments`, which somebody has to approve";

/// How many names are listed before the rest is only counted.
const MOST_NAMES: usize = 12;

/// What can be asked.
pub fn help() -> String {
    format!(
        "I keep what Slack and GitHub told me and answer from that. Ask me, for example:\n{EXAMPLES}\n\n\
         In this thread a follow-up such as `and yesterday?` is enough. Times are UTC; without a period I look at the last 24 hours."
    )
}

/// For a question that is none of those it can answer.
pub fn unknown() -> String {
    format!(
        "I can't answer that. No language model is configured here, so I only tell what I recorded: what changed, what failed, \
         who did it, and what is connected. For example:\n{EXAMPLES}"
    )
}

/// For an order.
pub fn no_action() -> String {
    "I can't do that. I tell what happened, and the one thing that I can have done, once somebody approves, is to run failed jobs \
     again: `re-run the failed run of acme/payments`. Ask `help` to see what I can tell."
        .to_owned()
}

/// For a period that lies ahead.
pub fn not_begun(period: &Period) -> String {
    format!(
        "That period has not begun yet: {} starts at {} UTC. I only know what has happened.",
        period.name,
        period.since.format("%a %-d %b %Y %H:%M")
    )
}

/// For a repository that is not connected.
pub fn repository_not_connected(name: &str, nearest: &[String], connected: &[&str]) -> String {
    let name = escaped(name, 140);
    let said = format!(
        "The repository `{}` is not connected, so I know nothing about it.",
        name.replace('`', "")
    );
    if !nearest.is_empty() {
        let nearest = joined(nearest.iter().map(|near| format!("**{}**", escaped(near, 140))), "or");
        return format!("{said} Did you mean {nearest}?");
    }
    match connected {
        [] => format!("{said} No repository is connected yet: an administrator can connect GitHub."),
        _ => format!("{said} Connected are {}.", names(connected)),
    }
}

/// Where changes are asked for and no repository could tell of any.
pub fn no_repository() -> String {
    "No repository is connected yet, so nobody tells me of changes: an administrator can connect GitHub.".to_owned()
}

/// For a name that several owners use.
pub fn repository_ambiguous(name: &str, candidates: &[String]) -> String {
    let candidates = joined(
        candidates.iter().map(|name| format!("**{}**", escaped(name, 140))),
        "or",
    );
    format!(
        "Which `{}` do you mean: {candidates}?",
        escaped(name, 140).replace('`', "")
    )
}

/// Which integrations there are.
pub fn connected(found: &Integrations) -> String {
    if found.integrations.is_empty() {
        return "Nothing is connected yet. An administrator can connect Slack and GitHub.".to_owned();
    }
    let lines: Vec<String> = found.integrations.iter().map(integration).collect();
    format!("**Connected**\n{}", lines.join("\n"))
}

fn integration(integration: &Integration) -> String {
    let mark = if integration.is_active() { "✅" } else { "⚠️" };
    let mut line = format!("- {mark} {}", connector(&integration.connector));
    if let Some(account) = integration.account_name() {
        line.extend([": **", &escaped(account, 80), "**"]);
    }
    if !integration.is_active() {
        line.extend([", ", &escaped(&integration.state, 40)]);
    }
    if let Some(at) = integration.authorized_at {
        line.push_str(&at.format(", since %-d %b %Y %H:%M UTC").to_string());
    }
    if let Some(reason) = &integration.reason {
        line.extend(["\n  - ", &escaped(reason, 200)]);
    }
    let repositories: Vec<&str> = integration.repositories.iter().map(String::as_str).collect();
    if !repositories.is_empty() {
        line.extend([
            "\n  - ",
            &count(repositories.len(), "repository", "repositories"),
            ": ",
            &names(&repositories),
        ]);
    }
    let channels: Vec<String> = integration
        .channels
        .iter()
        .map(|name| format!("#{}", name.trim_start_matches('#')))
        .collect();
    if !channels.is_empty() {
        let channels: Vec<&str> = channels.iter().map(String::as_str).collect();
        line.extend([
            "\n  - ",
            &count(channels.len(), "channel", "channels"),
            ": ",
            &names(&channels),
        ]);
    }
    line
}

/// How things are.
pub fn status(found: &Status, now: DateTime<Utc>) -> String {
    let mut lines = vec!["**Status**".to_owned()];
    lines.extend(found.integrations.iter().map(|integration| {
        let mark = if integration.is_active() { "✅" } else { "⚠️" };
        let seen = match (integration.repositories.len(), integration.channels.len()) {
            (0, 0) => String::new(),
            (repositories, 0) => format!(", {}", count(repositories, "repository", "repositories")),
            (0, channels) => format!(", {}", count(channels, "channel", "channels")),
            (repositories, channels) => {
                format!(
                    ", {}, {}",
                    count(repositories, "repository", "repositories"),
                    count(channels, "channel", "channels")
                )
            }
        };
        let account = integration
            .account_name()
            .map(|account| format!(" {}", escaped(account, 80)))
            .unwrap_or_default();
        format!(
            "- {mark} {}{account}: {}{seen}",
            connector(&integration.connector),
            escaped(&integration.state, 40)
        )
    }));
    if found.integrations.is_empty() {
        lines.push("- ⚠️ Nothing is connected yet.".to_owned());
    }
    let last = match found.last_change_at {
        Some(at) => format!("the last one {} ({} UTC)", ago(now - at), at.format("%a %-d %b %H:%M")),
        None => "none was ever recorded".to_owned(),
    };
    lines.push(format!("- Changes today: {}; {last}", found.changes_today));
    lines.push(format!("- Conversations: {}", found.conversations));
    if let Some(lag) = found.projection_lag_seconds {
        lines.push(match lag {
            lag if lag < 2.0 => "- What I read from is up to date".to_owned(),
            lag => format!("- ⚠️ What I read from is {lag:.0} seconds behind"),
        });
    }
    lines.push(format!("\n_Seen {} UTC._", now.format("%a %-d %b %Y %H:%M")));
    lines.join("\n")
}

fn connector(kind: &str) -> String {
    match kind {
        "github" => "GitHub".to_owned(),
        other => {
            let mut letters = other.chars();
            let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            escaped(&format!("{first}{}", letters.as_str()), 64)
        }
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn names(all: &[&str]) -> String {
    let listed = all.iter().take(MOST_NAMES).map(|name| escaped(name, 140));
    match all.len().saturating_sub(MOST_NAMES) {
        0 => joined(listed, "and"),
        more => format!("{} and {more} more", listed.collect::<Vec<_>>().join(", ")),
    }
}

fn ago(passed: chrono::Duration) -> String {
    match (passed.num_days(), passed.num_hours(), passed.num_minutes()) {
        (days, _, _) if days >= 2 => format!("{days} days ago"),
        (_, hours, _) if hours >= 2 => format!("{hours} hours ago"),
        (_, _, minutes) if minutes >= 2 => format!("{minutes} minutes ago"),
        _ => "just now".to_owned(),
    }
}
