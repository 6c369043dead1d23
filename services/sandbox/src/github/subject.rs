use serde_json::{Value, json};

use super::installation::View;
use crate::world::World;

/// Base of the pages that payloads link to; GitHub's own, because readers show it to people.
const SITE: &str = "https://github.com";

/// A stable number for a name, as ids are stable at GitHub.
pub(super) fn number(name: &str) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    digest.as_ref()[..4]
        .iter()
        .fold(1, |number, byte| number << 8 | u64::from(*byte))
}

/// A commit hash, made from whatever it should depend on.
pub(super) fn sha(of: &str) -> String {
    hex::encode(&ring::digest::digest(&ring::digest::SHA256, of.as_bytes()).as_ref()[..20])
}

/// A user or organization as payloads and the REST API show it.
pub(super) fn account(world: &World, login: &str, kind: &str) -> Value {
    let api = format!("{}/github/users/{login}", world.url);
    let id = world.github.installations.account_id(login);
    let id = id.unwrap_or_else(|| number(login));
    json!({
        "login": login,
        "id": id,
        "node_id": format!("U_{id}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{SITE}/{login}"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "type": kind,
        "site_admin": false,
    })
}

/// The App's own user, which does what the App does by itself.
pub(super) fn bot(world: &World) -> Value {
    account(world, &world.bot_login(), "Bot")
}

/// A repository's number.
fn repository_number(world: &World, full_name: &str) -> u64 {
    let known = world.github.installations.repository_id(full_name);
    known.unwrap_or_else(|| number(full_name))
}

/// A repository as payloads and the REST API show it.
pub(super) fn repository(world: &World, full_name: &str) -> Value {
    let (owner, name) = full_name
        .split_once('/')
        .unwrap_or((&world.configuration.github.account, full_name));
    let full_name = format!("{owner}/{name}");
    let api = format!("{}/github/repos/{full_name}", world.url);
    let id = repository_number(world, &full_name);
    json!({
        "id": id,
        "node_id": format!("R_{id}"),
        "name": name,
        "full_name": full_name,
        "private": true,
        "owner": account(world, owner, "Organization"),
        "html_url": format!("{SITE}/{full_name}"),
        "description": format!("The {name} service"),
        "fork": false,
        "url": api,
        "commits_url": format!("{api}/commits{{/sha}}"),
        "compare_url": format!("{api}/compare/{{base}}...{{head}}"),
        "issues_url": format!("{api}/issues{{/number}}"),
        "pulls_url": format!("{api}/pulls{{/number}}"),
        "releases_url": format!("{api}/releases{{/id}}"),
        "created_at": "2024-01-15T09:00:00Z",
        "updated_at": "2024-06-03T10:00:00Z",
        "pushed_at": "2024-06-03T10:00:00Z",
        "git_url": format!("git://github.com/{full_name}.git"),
        "ssh_url": format!("git@github.com:{full_name}.git"),
        "clone_url": format!("{SITE}/{full_name}.git"),
        "homepage": null,
        "size": 1234,
        "stargazers_count": 3,
        "watchers_count": 3,
        "language": "Rust",
        "has_issues": true,
        "archived": false,
        "disabled": false,
        "open_issues_count": 2,
        "visibility": "private",
        "topics": [],
        "default_branch": "main",
    })
}

/// The few fields that installation events have of a repository.
pub(super) fn short_repository(world: &World, full_name: &str) -> Value {
    let id = repository_number(world, full_name);
    json!({
        "id": id,
        "node_id": format!("R_{id}"),
        "name": full_name.rsplit('/').next(),
        "full_name": full_name,
        "private": true,
    })
}

/// The events that the App gets.
pub(super) const EVENTS: [&str; 8] = [
    "deployment",
    "deployment_status",
    "issues",
    "pull_request",
    "push",
    "release",
    "repository",
    "workflow_run",
];

/// An installation, whole, as its own events and the REST API show it.
pub(super) fn installation(world: &World, view: &View) -> Value {
    let github = &world.configuration.github;
    let id = view.id;
    let (suspended_at, suspended_by) = view.suspended.clone().unzip();
    json!({
        "id": id,
        "client_id": github.client_id,
        "account": account(world, &view.login, "Organization"),
        "repository_selection": view.selection(),
        "access_tokens_url": format!("{}/github/app/installations/{id}/access_tokens", world.url),
        "repositories_url": format!("{}/github/installation/repositories", world.url),
        "html_url": format!("{}/github.com/organizations/{}/settings/installations/{id}", world.url, view.login),
        "app_id": github.app_id,
        "app_slug": github.slug,
        "target_id": view.account,
        "target_type": "Organization",
        "permissions": permissions(world),
        "events": EVENTS,
        "created_at": view.created,
        "updated_at": view.updated,
        "single_file_name": null,
        "has_multiple_single_files": false,
        "single_file_paths": [],
        "suspended_by": suspended_by.map(|login| account(world, &login, "User")),
        "suspended_at": suspended_at,
    })
}

/// What the app may do.
pub(super) fn permissions(world: &World) -> Value {
    let mut permissions = json!({
        "contents": "read",
        "deployments": "read",
        "issues": "read",
        "metadata": "read",
        "pull_requests": "read",
    });
    let actions = world.github.settings().actions;
    if actions != "none" {
        permissions["actions"] = actions.into();
    }
    permissions
}
