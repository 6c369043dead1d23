//! Which deliveries are changes, and how each is told in one line.

use chrono::{DateTime, Utc};
use infragpt_events::change::{Actor, ChangeKind, Recorded};
use infragpt_nats::Received;

use super::{
    interpretation::{Action, Interpretation, act, connector},
    payload::{
        DeploymentStatusEvent, PullRequestEvent, Push, Pusher, ReleaseEvent, Repository, User, WorkflowRunEvent,
    },
};

/// The subjects of at most this many commits are kept with a push.
const MOST_DETAILS: usize = 20;

/// A title is one line of at most this many characters.
const LONGEST_TITLE: usize = 200;

/// Commits arrived on a branch.
pub(super) fn push(event: &Push, received: &Received) -> Interpretation {
    let Some(branch) = event.reference.strip_prefix("refs/heads/") else {
        return Interpretation::Nothing("a tag was pushed");
    };
    if event.deleted || event.commits.is_empty() {
        return Interpretation::Nothing("no commit was pushed");
    }
    let subjects = || event.commits.iter().rev().map(|commit| subject(&commit.message));
    let head = event.head_commit.as_ref().map(|commit| subject(&commit.message));
    let newest = head.or_else(|| subjects().next()).unwrap_or_default();
    let title = match event.commits.len() {
        1 => newest.to_owned(),
        count => format!("{newest} (and {} more {})", count - 1, plural(count - 1, "commit")),
    };
    let mut details: Vec<String> = subjects().take(MOST_DETAILS).map(shorten).collect();
    if event.commits.len() > MOST_DETAILS {
        details.push(format!("and {} more", event.commits.len() - MOST_DETAILS));
    }
    if event.forced {
        details.insert(0, "force push".to_owned());
    }
    let pusher = event.pusher.as_ref().map(|Pusher { name }| Actor {
        id: name.clone(),
        name: name.clone(),
        url: None,
    });
    let committed = event.head_commit.as_ref().and_then(|commit| commit.timestamp);
    let change = Change {
        kind: ChangeKind::Push,
        title,
        url: event.compare.clone(),
        actor: event.sender.as_ref().map(actor).or(pusher),
        reference: Some(branch.to_owned()),
        revision: Some(event.after.clone()),
        details,
        occurred_at: event.repository.pushed_at.or(committed),
    };
    let identity = format!(
        "push:{}:{}:{}..{}",
        event.repository.id, event.reference, event.before, event.after
    );
    change.recorded(identity, &event.repository, event.sender.as_ref(), received)
}

/// A pull request was merged.
pub(super) fn pull_request(event: PullRequestEvent, received: &Received) -> Interpretation {
    let PullRequestEvent {
        action,
        pull_request,
        repository,
        sender,
    } = event;
    if action != "closed" || !pull_request.merged {
        return Interpretation::Nothing("no pull request was merged");
    }
    let mut details = Vec::new();
    if let (Some(head), Some(base)) = (&pull_request.head, &pull_request.base) {
        details.push(format!("{} into {}", head.reference, base.reference));
    }
    if let Some(author) = &pull_request.user {
        details.push(format!("opened by {}", author.login));
    }
    if let (Some(commits), Some(files)) = (pull_request.commits, pull_request.changed_files) {
        let (added, removed) = (
            pull_request.additions.unwrap_or_default(),
            pull_request.deletions.unwrap_or_default(),
        );
        details.push(format!(
            "commits: {commits}, files: {files}, lines: +{added} -{removed}"
        ));
    }
    let change = Change {
        kind: ChangeKind::PullRequestMerged,
        title: pull_request.title,
        url: pull_request.html_url,
        actor: pull_request.merged_by.as_ref().or(sender.as_ref()).map(actor),
        reference: Some(format!("#{}", pull_request.number)),
        revision: pull_request.merge_commit_sha,
        details,
        occurred_at: pull_request.merged_at,
    };
    let identity = format!("pull_request:{}:{}", repository.id, pull_request.number);
    change.recorded(identity, &repository, sender.as_ref(), received)
}

/// A workflow run ended badly.
pub(super) fn workflow_run(event: WorkflowRunEvent, received: &Received) -> Interpretation {
    let WorkflowRunEvent {
        action,
        workflow_run: run,
        repository,
        sender,
    } = event;
    let conclusion = run.conclusion.as_deref().unwrap_or_default();
    let (true, Some(ended)) = (action == "completed", how_it_failed(conclusion)) else {
        return Interpretation::Nothing("no workflow run failed");
    };
    let name = run.name.as_deref().unwrap_or("A workflow run");
    let title = match run.display_title.as_deref().map(subject) {
        Some(display) if !display.is_empty() && display != name => format!("{name} {ended}: {display}"),
        _ => format!("{name} {ended}"),
    };
    let mut details = vec![
        format!("conclusion: {conclusion}"),
        format!("run #{}, attempt {}", run.run_number, run.run_attempt),
    ];
    if let Some(trigger) = &run.event {
        details.push(format!("triggered by {trigger}"));
    }
    let change = Change {
        kind: ChangeKind::WorkflowRunFailed,
        title,
        url: run.html_url,
        actor: run
            .triggering_actor
            .as_ref()
            .or(run.actor.as_ref())
            .or(sender.as_ref())
            .map(actor),
        reference: run.head_branch,
        revision: run.head_sha,
        details,
        occurred_at: run.updated_at,
    };
    let identity = format!("workflow_run:{}:{}:{}", repository.id, run.id, run.run_attempt);
    change.recorded(identity, &repository, sender.as_ref(), received)
}

fn how_it_failed(conclusion: &str) -> Option<&'static str> {
    match conclusion {
        "failure" => Some("failed"),
        "timed_out" => Some("timed out"),
        "startup_failure" => Some("failed to start"),
        _ => None,
    }
}

/// A release was published.
pub(super) fn release(event: ReleaseEvent, received: &Received) -> Interpretation {
    let ReleaseEvent {
        action,
        release,
        repository,
        sender,
    } = event;
    if action != "published" {
        return Interpretation::Nothing("no release was published");
    }
    let name = release.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let title = match name {
        Some(name) if name.contains(&release.tag_name) => name.to_owned(),
        Some(name) => format!("{name} ({})", release.tag_name),
        None => release.tag_name.clone(),
    };
    let mut details = Vec::new();
    if release.prerelease {
        details.push("pre-release".to_owned());
    }
    let target = release.target_commitish.unwrap_or_default();
    let is_revision = target.len() == 40 && target.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_revision && !target.is_empty() {
        details.push(format!("from {target}"));
    }
    let change = Change {
        kind: ChangeKind::Release,
        title,
        url: release.html_url,
        actor: release.author.as_ref().or(sender.as_ref()).map(actor),
        reference: Some(release.tag_name),
        revision: is_revision.then_some(target),
        details,
        occurred_at: release.published_at,
    };
    let identity = format!("release:{}:{}", repository.id, release.id);
    change.recorded(identity, &repository, sender.as_ref(), received)
}

/// A deployment ended, well or badly.
pub(super) fn deployment_status(event: DeploymentStatusEvent, received: &Received) -> Interpretation {
    let DeploymentStatusEvent {
        deployment_status: status,
        deployment,
        repository,
        sender,
    } = event;
    let succeeded = match status.state.as_str() {
        "success" => true,
        "failure" | "error" => false,
        _ => return Interpretation::Nothing("the deployment hasn't ended"),
    };
    let what = deployment.reference.as_deref().unwrap_or("a revision");
    let environment = status
        .environment
        .or(deployment.environment)
        .unwrap_or_else(|| "an environment".to_owned());
    let title = if succeeded {
        format!("Deployed {what} to {environment}")
    } else {
        format!("Deployment of {what} to {environment} failed")
    };
    let page = repository.html_url.as_ref().map(|url| format!("{url}/deployments"));
    let urls = [status.target_url, status.log_url, status.environment_url, page];
    let mut details = vec![format!("state: {}", status.state)];
    details.extend(
        status
            .description
            .filter(|description| !description.trim().is_empty())
            .as_deref()
            .map(shorten),
    );
    let change = Change {
        kind: ChangeKind::Deployment,
        title,
        url: urls
            .into_iter()
            .flatten()
            .find(|url| !url.is_empty())
            .unwrap_or_default(),
        actor: status.creator.as_ref().or(sender.as_ref()).map(actor),
        reference: deployment.reference,
        revision: deployment.sha,
        details,
        occurred_at: status.created_at,
    };
    let identity = format!("deployment_status:{}:{}", repository.id, status.id);
    change.recorded(identity, &repository, sender.as_ref(), received)
}

struct Change {
    kind: ChangeKind,
    title: String,
    url: String,
    actor: Option<Actor>,
    reference: Option<String>,
    revision: Option<String>,
    details: Vec<String>,
    occurred_at: Option<DateTime<Utc>>,
}

impl Change {
    fn recorded(
        self,
        identity: String,
        repository: &Repository,
        sender: Option<&User>,
        received: &Received,
    ) -> Interpretation {
        let unknown = || Actor {
            id: "unknown".to_owned(),
            name: "somebody".to_owned(),
            url: None,
        };
        let change = Recorded {
            connector: connector(),
            kind: self.kind,
            repository: repository.full_name.clone(),
            title: shorten(&self.title),
            url: self.url,
            actor: self.actor.unwrap_or_else(unknown),
            reference: self.reference,
            revision: self.revision,
            details: self.details,
            occurred_at: self.occurred_at.unwrap_or(received.published),
        };
        act(
            sender,
            Action::Record {
                identity,
                change: Box::new(change),
            },
        )
    }
}

fn actor(user: &User) -> Actor {
    Actor {
        id: user.id.map_or_else(|| user.login.clone(), |id| id.to_string()),
        name: user.login.clone(),
        url: user.html_url.clone(),
    }
}

/// A commit message's first line.
fn subject(message: &str) -> &str {
    message.trim_start().lines().next().unwrap_or_default().trim()
}

fn shorten(text: &str) -> String {
    let line = subject(text);
    match line.char_indices().nth(LONGEST_TITLE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}
