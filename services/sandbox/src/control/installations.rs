use serde::Deserialize;
use serde_json::{Value, json};

use super::verb::{Answer, read};
use crate::{
    clock,
    github::{self, Change, Sending},
    problem::Problem,
    world::{Shared, World},
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Suspend,
    Unsuspend,
    Uninstall,
    Add,
    Remove,
    Rename,
    Transfer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    id: u64,
    action: Action,
    /// One repository, by name with or without the owner.
    repository: Option<String>,
    /// More of them.
    #[serde(default)]
    repositories: Vec<String>,
    /// A new name, or the account that takes the repository.
    to: Option<String>,
    /// Login of the person who does it.
    sender: Option<String>,
    /// The app is never reached, and finds the webhooks among GitHub's deliveries only.
    #[serde(default)]
    lose: bool,
}

/// Somebody changes an installation; the App's webhook URL is told.
pub(super) async fn change(world: &Shared, body: &[u8]) -> Answer {
    let wanted: Wanted = read(body)?;
    let mut repositories = wanted.repositories;
    repositories.extend(wanted.repository);
    let first = repositories.first().cloned();
    let needs = |what: &str| Problem::bad_request(format!("The action needs `{what}`."));
    let to = || wanted.to.clone().ok_or_else(|| needs("to"));
    let some = |all: Vec<String>| {
        if all.is_empty() {
            Err(needs("repository"))
        } else {
            Ok(all)
        }
    };
    let change = match wanted.action {
        Action::Suspend => Change::Suspend,
        Action::Unsuspend => Change::Unsuspend,
        Action::Uninstall => Change::Uninstall,
        Action::Add => Change::Add(some(repositories)?),
        Action::Remove => Change::Remove(some(repositories)?),
        Action::Rename => match first {
            Some(from) => Change::RenameRepository { from, to: to()? },
            None => Change::Rename(to()?),
        },
        Action::Transfer => Change::Transfer {
            repository: first.ok_or_else(|| needs("repository"))?,
            to: to()?,
        },
    };
    let sender = wanted.sender.as_deref().unwrap_or("maya");
    let told = github::apply(world, wanted.id, &change, sender).map_err(Problem::bad_request)?;
    let sending = if wanted.lose { Sending::Lost } else { Sending::First };
    Ok(json!({ "deliveries": delivered(world, told, sending).await }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    account: String,
}

/// An owner allows the installation that somebody asked for.
pub(super) async fn approve(world: &Shared, body: &[u8]) -> Answer {
    let approval: Approval = read(body)?;
    let unknown = || Problem::bad_request(format!("Nobody asked for an installation on `{}`.", approval.account));
    let (view, announcement) = github::approve(world, &approval.account).ok_or_else(unknown)?;
    let deliveries = delivered(world, vec![announcement], Sending::First).await;
    Ok(json!({ "installation_id": view.id, "deliveries": deliveries }))
}

async fn delivered(world: &World, told: Vec<github::Announcement>, sending: Sending) -> Vec<Value> {
    let deliveries = github::tell(world, told, sending).await;
    let shown = |it: &github::Delivery| {
        let status = it.answer.as_ref().map(|(status, _)| *status);
        json!({ "id": it.id, "guid": it.webhook.guid, "event": it.webhook.event, "status": status })
    };
    deliveries.iter().map(shown).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    setup_url: Option<String>,
    callback_urls: Option<Vec<String>>,
    webhook_url: Option<String>,
    request_oauth_on_install: Option<bool>,
    actions: Option<String>,
}

/// Somebody changes the App's settings; what the body leaves out stays.
pub(super) fn settings(world: &World, body: &[u8]) -> Answer {
    let wanted: Settings = read(body)?;
    if let Some(actions) = wanted
        .actions
        .as_deref()
        .filter(|it| !["write", "read", "none"].contains(it))
    {
        let sentence = format!("`actions` is `write`, `read` or `none`, and not `{actions}`.");
        return Err(Problem::bad_request(sentence));
    }
    world.github.change_settings(|settings| {
        settings.setup_url = wanted.setup_url.or(settings.setup_url.take());
        settings.webhook_url = wanted.webhook_url.or(settings.webhook_url.take());
        if let Some(urls) = wanted.callback_urls {
            settings.callback_urls = urls;
        }
        if let Some(flag) = wanted.request_oauth_on_install {
            settings.request_oauth_on_install = flag;
        }
        if let Some(actions) = wanted.actions {
            settings.actions = actions;
        }
    });
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    remaining: u64,
    /// In seconds.
    #[serde(default = "one_hour")]
    reset_in: u32,
}

fn one_hour() -> u32 {
    3600
}

/// Leaves the App, each installation and each person so many calls.
pub(super) fn rate_limit(world: &World, body: &[u8]) -> Answer {
    let limit: Limit = read(body)?;
    let reset = clock::seconds() + i64::from(limit.reset_in);
    world.github.limits.impose(limit.remaining, reset);
    Ok(json!({}))
}

/// Where the App is installed now, for `state`.
pub(super) fn all(world: &World) -> Vec<Value> {
    let shown = |view: &github::View| {
        json!({
            "id": view.id,
            "account": view.login,
            "repository_selection": view.selection(),
            "repositories": view.names(),
            "suspended": view.suspended.is_some(),
        })
    };
    world.github.installations.all().iter().map(shown).collect()
}

/// The workflow runs that the App was told of, for `state`.
pub(super) fn runs(world: &World) -> Vec<Value> {
    world.github.runs.all().iter().map(github::Run::summary).collect()
}
