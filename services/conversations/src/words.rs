//! What people read about what they did.

use chrono::{DateTime, Utc};
use infragpt_events::action::Progress;
use infragpt_events::channel::ChannelEvent;
use infragpt_events::conversation::{ConversationEvent, Turn};

/// Who decided on an action, as the chat calls them, and what came of it.
pub(crate) fn progress(progress: &Progress) -> (Option<String>, String) {
    let person = |by: &str| by.split_once(':').map(|(_, id)| id.to_owned());
    match progress {
        Progress::Proposed => (None, "Nobody has decided yet.".to_owned()),
        Progress::Approved { by } => (person(by), "Approved. It is being done…".to_owned()),
        Progress::Denied { by } => (person(by), "Denied. Nothing was done.".to_owned()),
        Progress::Expired => (None, "Nobody decided in time. Nothing was done.".to_owned()),
        Progress::Executed { by, outcome } => (person(by), format!("Approved. {outcome}")),
        Progress::Failed { by, reason } => (person(by), format!("Approved, and it did not work: {reason}")),
    }
}

/// What a thread is told after one of its events.
pub(crate) fn note(event: &ConversationEvent) -> Option<&'static str> {
    match event {
        ConversationEvent::Muted(_) => {
            Some("I'm quiet here now, unless you mention me. `unmute` has me listen to this thread again.")
        }
        ConversationEvent::Unmuted(_) => Some("I listen to this thread again."),
        _ => None,
    }
}

/// What the one who watches a channel, or no longer does, is told.
pub(crate) fn watched(event: &ChannelEvent) -> (&str, String) {
    match event {
        ChannelEvent::Watched(watched) => (
            &watched.by,
            "I answer every message in this channel now. `/infragpt unwatch` ends that; `mute` in a thread does for that thread."
                .to_owned(),
        ),
        ChannelEvent::Unwatched(unwatched) => (
            &unwatched.by,
            "I answer in this channel only when somebody mentions me now.".to_owned(),
        ),
        ChannelEvent::AlertsWatched(watched) => (
            &watched.by,
            format!(
                "I look into what {app} posts in this channel now. `/infragpt unwatch {app}` ends that.",
                app = watched.app
            ),
        ),
        ChannelEvent::AlertsUnwatched(unwatched) => (
            &unwatched.by,
            format!("I leave what {} posts in this channel alone now.", unwatched.app),
        ),
    }
}

/// Where an answer came from: what led to it, when, and how an operator looks closer.
pub(crate) fn explanation(turn: &Turn, history: &[(DateTime<Utc>, ConversationEvent)]) -> String {
    let mut lines = vec!["*Where this answer came from*".to_owned()];
    let mut asked_at = None;
    for (at, event) in history {
        let after = || asked_at.map_or_else(String::new, |asked: DateTime<Utc>| elapsed(asked, *at));
        match event {
            ConversationEvent::AnswerRequested(requested) if requested.answer_id == turn.answer_id => {
                asked_at = Some(*at);
                lines.push(format!(
                    "- {} UTC: <@{}> asked",
                    at.format("%H:%M:%S"),
                    requested.message.author.id
                ));
            }
            ConversationEvent::AnswerMerged(merged) if merged.into == turn.answer_id => {
                lines.push(format!("- an earlier question joined it{}", after()));
            }
            ConversationEvent::AnswerDrafted(drafted) if drafted.answer_id == turn.answer_id => {
                lines.push(format!("- first words{}", after()));
            }
            ConversationEvent::AnswerPosted(posted) if posted.answer_id == turn.answer_id => {
                lines.push(format!("- answered by `{}`{}", posted.agent, after()));
            }
            ConversationEvent::FeedbackGiven(given) if given.answer_id == turn.answer_id => {
                lines.push(format!("- <@{}> said how good it was{}", given.by, after()));
            }
            _ => {}
        }
    }
    lines.push(format!(
        "Everything of it, step by step: `infragpt trace {}`",
        turn.answer_id
    ));
    lines.join("\n")
}

fn elapsed(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let milliseconds = (to - from).num_milliseconds().max(0);
    if milliseconds < 1_000 {
        format!(" after {milliseconds} ms")
    } else {
        format!(" after {}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
    }
}
