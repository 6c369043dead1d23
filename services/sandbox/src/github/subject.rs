use serde_json::{Value, json};

use crate::{clock, world::World};

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
    json!({
        "login": login,
        "id": number(login),
        "node_id": format!("U_{}", number(login)),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", number(login)),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{SITE}/{login}"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "type": kind,
        "site_admin": false,
    })
}

/// A repository as payloads and the REST API show it.
pub(super) fn repository(world: &World, full_name: &str) -> Value {
    let (owner, name) = full_name
        .split_once('/')
        .unwrap_or((&world.configuration.github.account, full_name));
    let full_name = format!("{owner}/{name}");
    let api = format!("{}/github/repos/{full_name}", world.url);
    json!({
        "id": number(&full_name),
        "node_id": format!("R_{}", number(&full_name)),
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
        "updated_at": clock::rfc3339(),
        "pushed_at": clock::rfc3339(),
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
pub(super) fn short_repository(full_name: &str) -> Value {
    json!({
        "id": number(full_name),
        "node_id": format!("R_{}", number(full_name)),
        "name": full_name.rsplit('/').next(),
        "full_name": full_name,
        "private": true,
    })
}

/// The installation, whole, as its own events and the REST API show it.
pub(super) fn installation(world: &World) -> Value {
    let github = &world.configuration.github;
    let id = github.installation_id;
    json!({
        "id": id,
        "client_id": format!("Iv23sandbox{}", github.app_id),
        "account": account(world, &github.account, "Organization"),
        "repository_selection": "selected",
        "access_tokens_url": format!("{}/github/app/installations/{id}/access_tokens", world.url),
        "repositories_url": format!("{}/github/installation/repositories", world.url),
        "html_url": format!("{SITE}/organizations/{}/settings/installations/{id}", github.account),
        "app_id": github.app_id,
        "app_slug": "infragpt",
        "target_id": number(&github.account),
        "target_type": "Organization",
        "permissions": permissions(),
        "events": ["deployment", "deployment_status", "issues", "pull_request", "push", "release", "workflow_run"],
        "created_at": "2024-01-15T09:00:00Z",
        "updated_at": clock::rfc3339(),
        "single_file_name": null,
        "has_multiple_single_files": false,
        "single_file_paths": [],
        "suspended_by": null,
        "suspended_at": null,
    })
}

/// What the app may do.
pub(super) fn permissions() -> Value {
    json!({
        "actions": "read",
        "contents": "read",
        "deployments": "read",
        "issues": "read",
        "metadata": "read",
        "pull_requests": "read",
    })
}
