//! What domain events say.

use infragpt_events::{
    action::ActionEvent,
    audit::AuditEvent,
    change::{ChangeEvent, ChangeKind},
    channel::{ChannelEvent, Spot},
    conversation::{ConversationEvent, Verdict},
    integration::IntegrationEvent,
    organization::OrganizationEvent,
    policy::{Approvers, PolicyEvent, Rules},
    user::UserEvent,
};

use super::line;
use crate::Event;

pub(super) fn conversation(event: &ConversationEvent) -> String {
    match event {
        ConversationEvent::AnswerRequested(requested) => {
            let author = &requested.message.author;
            let who = author.name.as_ref().unwrap_or(&author.id);
            format!("{who} asked: {}", line(&requested.message.text))
        }
        ConversationEvent::AnswerPosted(posted) => format!("{} answered: {}", posted.agent, line(&posted.text)),
        ConversationEvent::AnswerFailed(failed) => format!("no answer: {}", line(&failed.reason)),
        ConversationEvent::AnswerDrafted(_) => "the first words of the answer stand in the thread".to_owned(),
        ConversationEvent::AnswerMerged(merged) => format!("is answered together with {}", merged.into),
        ConversationEvent::Stopped(stopped) => match stopped.answers.len() {
            1 => format!("{} stopped the answer", stopped.by),
            count => format!("{} stopped {count} answers", stopped.by),
        },
        ConversationEvent::Muted(muted) => format!("{} muted the thread", muted.by),
        ConversationEvent::Unmuted(unmuted) => format!("{} unmuted the thread", unmuted.by),
        ConversationEvent::FeedbackGiven(given) => {
            let verdict = match given.verdict {
                Verdict::Good => "good",
                Verdict::Bad => "bad",
            };
            let comment = given.comment.as_deref().map(|comment| format!(": {}", line(comment)));
            format!("{} found the answer {verdict}{}", given.by, comment.unwrap_or_default())
        }
        ConversationEvent::ExplanationRequested(requested) => {
            format!("{} asked where the answer came from", requested.by)
        }
        ConversationEvent::MessageEdited(edited) => format!("the question is now: {}", line(&edited.text)),
        ConversationEvent::MessageDeleted(_) => "the question was taken back".to_owned(),
    }
}

pub(super) fn channel(event: &ChannelEvent) -> String {
    let of = |spot: &Spot| spot.channel.clone();
    match event {
        ChannelEvent::Watched(watched) => format!("{} has {} watched", watched.by, of(&watched.spot)),
        ChannelEvent::Unwatched(unwatched) => format!("{} has {} no longer watched", unwatched.by, of(&unwatched.spot)),
        ChannelEvent::AlertsWatched(watched) => {
            format!("{} has {} in {} watched", watched.by, watched.app, of(&watched.spot))
        }
        ChannelEvent::AlertsUnwatched(unwatched) => format!(
            "{} has {} in {} no longer watched",
            unwatched.by,
            unwatched.app,
            of(&unwatched.spot)
        ),
    }
}

pub(super) fn policy(event: &PolicyEvent) -> String {
    let PolicyEvent::Changed(changed) = event;
    let Rules {
        shared_channels,
        approvers,
        retention_days,
    } = &changed.rules;
    let shared = if *shared_channels { "are" } else { "are not" };
    let approvers = match approvers {
        Approvers::Anyone => "anyone".to_owned(),
        Approvers::Listed(people) => some(people.iter().map(String::as_str), people.len()),
    };
    let retention = retention_days.map_or_else(|| "for ever".to_owned(), |days| format!("for {days} days"));
    format!("shared channels {shared} answered, {approvers} may approve, what was said is told {retention}")
}

pub(super) fn integration(event: &IntegrationEvent) -> String {
    match event {
        IntegrationEvent::AuthorizationStarted(started) => {
            format!("{} began to connect {}", started.requested_by, started.connector)
        }
        IntegrationEvent::AuthorizationReturned(returned) => {
            format!("came back from the consent, leg {}", returned.leg)
        }
        IntegrationEvent::AuthorizationFailed(failed) => format!("authorization failed: {}", line(&failed.reason)),
        IntegrationEvent::Authorized(authorized) => {
            let account = &authorized.account;
            format!(
                "connected to {} {} ({})",
                authorized.connector, account.name, account.id
            )
        }
        IntegrationEvent::ResourceGranted(granted) => {
            let names = granted.resources.iter().map(|resource| resource.name.as_str());
            format!("may see {}", some(names, granted.resources.len()))
        }
        IntegrationEvent::ResourceWithdrawn(withdrawn) => {
            let ids = withdrawn.resource_ids.iter().map(String::as_str);
            let count = withdrawn.resource_ids.len();
            format!("may no longer see {} {}", withdrawn.kind, some(ids, count))
        }
        IntegrationEvent::Synchronized(synchronized) => {
            format!(
                "listed all it may see of kind {}: {}",
                synchronized.kind, synchronized.count
            )
        }
        IntegrationEvent::PermissionsChanged(changed) => format!("permissions are now {}", changed.scopes.join(", ")),
        IntegrationEvent::Degraded(degraded) => format!("degraded: {}", line(&degraded.reason)),
        IntegrationEvent::Recovered(_) => "recovered".to_owned(),
        IntegrationEvent::Suspended(suspended) => format!("suspended: {}", line(&suspended.reason)),
        IntegrationEvent::Resumed(_) => "resumed".to_owned(),
        IntegrationEvent::Disconnected(disconnected) => format!("disconnected: {}", line(&disconnected.reason)),
    }
}

/// The first few of many.
fn some<'name>(names: impl Iterator<Item = &'name str>, count: usize) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = names.take(SHOWN).collect();
    let more = count.saturating_sub(SHOWN);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

pub(super) fn organization(event: &OrganizationEvent) -> String {
    match event {
        OrganizationEvent::Created(created) => format!("the organization {} was created", line(&created.name)),
        OrganizationEvent::Renamed(renamed) => format!("renamed to {}", line(&renamed.name)),
        OrganizationEvent::Confirmed(_) => "Clerk told of it again, unchanged".to_owned(),
        OrganizationEvent::ProfileSet(_) => "its profile was set".to_owned(),
        OrganizationEvent::MemberAdded(added) => format!("{} joined as {}", added.user, added.role),
        OrganizationEvent::MemberRoleChanged(changed) => format!("{} is {} now", changed.user, changed.role),
        OrganizationEvent::MemberConfirmed(confirmed) => {
            format!("Clerk told of member {} again, unchanged", confirmed.user)
        }
        OrganizationEvent::MemberRemoved(removed) => format!("{} left", removed.user),
        OrganizationEvent::Deleted(_) => "the organization was deleted".to_owned(),
        OrganizationEvent::Erased(erased) => {
            format!("erased: {} events and {} facts", erased.events, erased.facts)
        }
    }
}

pub(super) fn user(event: &UserEvent) -> String {
    match event {
        UserEvent::Registered(registered) => format!("{} registered", registered.user),
        UserEvent::Updated(updated) => format!("{} changed their account", updated.user),
        UserEvent::Confirmed(confirmed) => format!("Clerk told of {} again, unchanged", confirmed.user),
        UserEvent::Deleted(deleted) => format!("{} deleted their account", deleted.user),
        UserEvent::Erased(erased) => format!(
            "{} was erased: {} events and {} facts",
            erased.user, erased.events, erased.facts
        ),
    }
}

pub(super) fn action(event: &ActionEvent) -> String {
    match event {
        ActionEvent::Proposed(proposed) => format!("proposed with {}: {}", proposed.tool, line(&proposed.title)),
        ActionEvent::Approved(approved) => format!("{} approved it", approved.by),
        ActionEvent::Denied(denied) => match &denied.reason {
            Some(reason) => format!("{} denied it: {}", denied.by, line(reason)),
            None => format!("{} denied it", denied.by),
        },
        ActionEvent::Presented(_) => "people are asked whether it may happen".to_owned(),
        ActionEvent::Refused(refused) => format!("{} may not decide: {}", refused.by, line(&refused.reason)),
        ActionEvent::Expired(_) => "nobody decided in time".to_owned(),
        ActionEvent::Executed(executed) => format!("done: {}", line(&executed.outcome)),
        ActionEvent::Failed(failed) => format!("failed: {}", line(&failed.reason)),
    }
}

pub(super) fn change(event: &ChangeEvent) -> String {
    let ChangeEvent::Recorded(recorded) = event;
    let did = match recorded.kind {
        ChangeKind::Push => "pushed to",
        ChangeKind::PullRequestMerged => "merged in",
        ChangeKind::WorkflowRunFailed => "made a run fail in",
        ChangeKind::Release => "released",
        ChangeKind::Deployment => "deployed",
    };
    format!(
        "{} {did} {}: {}",
        recorded.actor.name,
        recorded.repository,
        line(&recorded.title)
    )
}

pub(super) fn audit(event: &Event, recorded: &AuditEvent) -> String {
    let AuditEvent::Recorded(recorded) = recorded;
    let who = event.actor.as_deref().unwrap_or("somebody");
    let mut said = format!("audit: {who}, {}", recorded.action.as_str().replace('_', " "));
    if let Some(connector) = &recorded.connector {
        said = format!("{said} of {connector}");
    }
    if let Some(purpose) = &recorded.purpose {
        said = format!("{said} for {}", line(purpose));
    }
    if let Some(reason) = &recorded.reason {
        said = format!("{said}: {}", line(reason));
    }
    if recorded.count > 1 {
        said = format!("{said}, {} times", recorded.count);
    }
    match &recorded.refused {
        Some(refused) => format!("{said}, refused: {}", line(refused)),
        None => said,
    }
}
