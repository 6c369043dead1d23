use serde_json::{Map, Value, json};

use super::{
    announcement,
    installation::View,
    subject::{account, number, repository, sha},
};
use crate::{clock, world::World};

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// Full name; the installation's first repository unless told.
    pub(crate) repository: Option<&'a str>,
    /// Login of the person who did it.
    pub(crate) sender: &'a str,
}

/// The payload of an event, modelled on <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
///
/// An event that is not known here gets what all events have: action, repository, organization, sender, installation.
pub(crate) fn payload(world: &World, event: &str, action: Option<&str>, about: &About<'_>) -> Value {
    let view = about_which(world, about);
    let known = view.repositories.first().map(|(_, name)| name.clone());
    let full_name = about.repository.map(str::to_owned).or(known);
    let subject = Subject {
        world,
        full_name: &full_name.unwrap_or_else(|| "acme/payments".to_owned()),
        view: &view,
        sender: account(world, about.sender, "User"),
        login: about.sender,
        head: sha(&clock::guid()),
    };
    let usual = match event {
        "push" | "ping" => None,
        "pull_request" => Some("closed"),
        "workflow_run" => Some("completed"),
        "release" => Some("published"),
        "issues" => Some("opened"),
        "installation_repositories" => Some("added"),
        "deployment" | "deployment_status" | "installation" | "star" => Some("created"),
        _ => action,
    };
    let action = usual.map(|usual| action.unwrap_or(usual));
    let own = match event {
        "push" => subject.push(),
        "pull_request" => subject.pull_request(action),
        "workflow_run" => subject.workflow_run(action),
        "release" => subject.release(),
        "deployment" => json!({ "deployment": subject.deployment() }),
        "deployment_status" => subject.deployment_status(),
        "issues" => subject.issue(),
        "star" => json!({ "starred_at": clock::rfc3339() }),
        "ping" => json!({ "zen": "Keep it logically awesome.", "hook_id": 1, "hook": { "type": "App", "id": 1 } }),
        "installation" => return subject.installation(action),
        "installation_repositories" => return subject.installation_repositories(action, about.repository),
        _ => json!({}),
    };
    let mut payload = Map::new();
    if let Some(action) = action {
        payload.insert("action".into(), action.into());
    }
    if let Value::Object(own) = own {
        payload.extend(own);
    }
    let owner = subject.full_name.split('/').next().unwrap_or_default();
    payload.insert("repository".into(), repository(world, subject.full_name));
    payload.insert("organization".into(), account(world, owner, "Organization"));
    payload.insert("sender".into(), subject.sender);
    let id = view.id;
    payload.insert(
        "installation".into(),
        json!({ "id": id, "node_id": format!("MDI{id}") }),
    );
    Value::Object(payload)
}

/// The installation that an event belongs to: the one on the repository's account, or the one from the start, even if
/// it is gone.
fn about_which(world: &World, about: &About<'_>) -> View {
    let all = &world.github.installations;
    let owner = about.repository.and_then(|name| name.split('/').next());
    let first = || all.find(world.configuration.github.installation_id);
    owner.and_then(|owner| all.of(owner)).or_else(first).unwrap_or_default()
}

/// Lays a patch over a value as RFC 7396 says: objects are merged, `null` removes, everything else replaces.
pub(crate) fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (name, patch) in patch {
        if patch.is_null() {
            value.as_object_mut().and_then(|object| object.remove(name));
        } else {
            merge(&mut value[name.as_str()], patch);
        }
    }
}

struct Subject<'a> {
    world: &'a World,
    full_name: &'a str,
    view: &'a View,
    sender: Value,
    login: &'a str,
    /// The newest commit.
    head: String,
}

impl Subject<'_> {
    fn site(&self) -> String {
        format!("https://github.com/{}", self.full_name)
    }

    fn api(&self) -> String {
        format!("{}/github/repos/{}", self.world.url, self.full_name)
    }

    fn email(&self) -> String {
        format!("{}@example.com", self.login)
    }

    fn commit(&self, id: &str, message: &str) -> Value {
        let person = json!({ "name": self.login, "email": self.email(), "username": self.login });
        json!({
            "id": id,
            "tree_id": sha(id),
            "distinct": true,
            "message": message,
            "timestamp": clock::rfc3339(),
            "url": format!("{}/commit/{id}", self.site()),
            "author": person,
            "committer": person,
            "added": [],
            "removed": [],
            "modified": ["src/retry.rs"],
        })
    }

    fn push(&self) -> Value {
        let before = sha(&format!("before {}", self.head));
        let middle = sha(&format!("middle {}", self.head));
        let last = self.commit(
            &self.head,
            "Retry card charges only when the bank says so\n\nThe timeout was charged twice.",
        );
        json!({
            "ref": "refs/heads/main",
            "before": before,
            "after": self.head,
            "pusher": { "name": self.login, "email": self.email() },
            "created": false,
            "deleted": false,
            "forced": false,
            "base_ref": null,
            "compare": format!("{}/compare/{}...{}", self.site(), &before[..12], &self.head[..12]),
            "commits": [self.commit(&middle, "Raise the connection pool of payments to 40"), last],
            "head_commit": last,
        })
    }

    fn pull_request(&self, action: Option<&str>) -> Value {
        let closed = action == Some("closed");
        let number = 128;
        let branch = |name: &str, sha: &str| {
            let owner = self.full_name.split('/').next();
            let label = format!("{}:{name}", owner.unwrap_or_default());
            json!({ "label": label, "ref": name, "sha": sha, "repo": repository(self.world, self.full_name) })
        };
        json!({
            "number": number,
            "pull_request": {
                "url": format!("{}/pulls/{number}", self.api()),
                "id": super::subject::number(&self.head),
                "node_id": "PR_sandbox",
                "html_url": format!("{}/pull/{number}", self.site()),
                "number": number,
                "state": if closed { "closed" } else { "open" },
                "locked": false,
                "title": "Cache exchange rates for one minute",
                "user": self.sender,
                "body": "Rates were fetched for every charge.",
                "created_at": clock::rfc3339_in(-7200),
                "updated_at": clock::rfc3339(),
                "closed_at": closed.then(clock::rfc3339),
                "merged_at": closed.then(clock::rfc3339),
                "merge_commit_sha": self.head,
                "assignees": [],
                "requested_reviewers": [],
                "labels": [],
                "draft": false,
                "head": branch("cache-rates", &sha(&format!("branch {}", self.head))),
                "base": branch("main", &sha(&format!("base {}", self.head))),
                "author_association": "MEMBER",
                "merged": closed,
                "merged_by": if closed { self.sender.clone() } else { Value::Null },
                "comments": 1,
                "review_comments": 2,
                "commits": 3,
                "additions": 41,
                "deletions": 7,
                "changed_files": 4,
            },
        })
    }

    fn workflow_run(&self, action: Option<&str>) -> Value {
        let completed = action == Some("completed");
        let id = number(&self.head);
        json!({
            "workflow_run": {
                "id": id,
                "name": "CI",
                "node_id": "WFR_sandbox",
                "head_branch": "main",
                "head_sha": self.head,
                "path": ".github/workflows/ci.yml",
                "display_title": "Cache exchange rates for one minute",
                "run_number": 512,
                "run_attempt": 1,
                "event": "push",
                "status": if completed { "completed" } else { "in_progress" },
                "conclusion": completed.then_some("failure"),
                "workflow_id": number("CI"),
                "check_suite_id": number("suite"),
                "url": format!("{}/actions/runs/{id}", self.api()),
                "html_url": format!("{}/actions/runs/{id}", self.site()),
                "pull_requests": [],
                "created_at": clock::rfc3339_in(-240),
                "updated_at": clock::rfc3339(),
                "run_started_at": clock::rfc3339_in(-240),
                "actor": self.sender,
                "triggering_actor": self.sender,
                "head_commit": {
                    "id": self.head,
                    "tree_id": sha(&self.head),
                    "message": "Cache exchange rates for one minute",
                    "timestamp": clock::rfc3339(),
                    "author": { "name": self.login, "email": self.email() },
                    "committer": { "name": self.login, "email": self.email() },
                },
                "repository": repository(self.world, self.full_name),
                "head_repository": repository(self.world, self.full_name),
            },
            "workflow": {
                "id": number("CI"),
                "name": "CI",
                "path": ".github/workflows/ci.yml",
                "state": "active",
                "html_url": format!("{}/blob/main/.github/workflows/ci.yml", self.site()),
                "badge_url": format!("{}/workflows/CI/badge.svg", self.site()),
            },
        })
    }

    fn release(&self) -> Value {
        let tag = "v2.4.0";
        let id = number(&self.head);
        json!({
            "release": {
                "url": format!("{}/releases/{id}", self.api()),
                "html_url": format!("{}/releases/tag/{tag}", self.site()),
                "id": id,
                "node_id": "RE_sandbox",
                "tag_name": tag,
                "target_commitish": "main",
                "name": "2.4.0: cheaper exchange rates",
                "draft": false,
                "prerelease": false,
                "author": self.sender,
                "created_at": clock::rfc3339(),
                "published_at": clock::rfc3339(),
                "assets": [],
                "tarball_url": format!("{}/tarball/{tag}", self.api()),
                "zipball_url": format!("{}/zipball/{tag}", self.api()),
                "body": "Exchange rates are cached for one minute.",
            },
        })
    }

    fn deployment(&self) -> Value {
        let id = number(&self.head);
        json!({
            "url": format!("{}/deployments/{id}", self.api()),
            "id": id,
            "node_id": "DE_sandbox",
            "task": "deploy",
            "original_environment": "production",
            "environment": "production",
            "description": "Deploy to production",
            "created_at": clock::rfc3339_in(-60),
            "updated_at": clock::rfc3339(),
            "statuses_url": format!("{}/deployments/{id}/statuses", self.api()),
            "repository_url": self.api(),
            "creator": self.sender,
            "sha": self.head,
            "ref": "main",
            "payload": {},
            "transient_environment": false,
            "production_environment": true,
        })
    }

    fn deployment_status(&self) -> Value {
        let id = number(&format!("status {}", self.head));
        json!({
            "deployment_status": {
                "url": format!("{}/deployments/{}/statuses/{id}", self.api(), number(&self.head)),
                "id": id,
                "node_id": "DES_sandbox",
                "state": "success",
                "creator": self.sender,
                "description": "Deployed",
                "environment": "production",
                "target_url": "",
                "environment_url": "https://payments.example.com",
                "log_url": format!("{}/deployments", self.site()),
                "created_at": clock::rfc3339(),
                "updated_at": clock::rfc3339(),
                "deployment_url": format!("{}/deployments/{}", self.api(), number(&self.head)),
                "repository_url": self.api(),
            },
            "deployment": self.deployment(),
        })
    }

    fn issue(&self) -> Value {
        let number = 77;
        json!({
            "issue": {
                "url": format!("{}/issues/{number}", self.api()),
                "html_url": format!("{}/issues/{number}", self.site()),
                "id": super::subject::number(&self.head),
                "node_id": "I_sandbox",
                "number": number,
                "title": "Charges of more than 10,000 EUR are refused",
                "user": self.sender,
                "labels": [],
                "state": "open",
                "locked": false,
                "assignees": [],
                "comments": 0,
                "created_at": clock::rfc3339(),
                "updated_at": clock::rfc3339(),
                "closed_at": null,
                "author_association": "MEMBER",
                "body": "Since this morning.",
            },
        })
    }

    /// What the App is told of the installation, as if that had happened to it just now.
    fn installation(&self, action: Option<&str>) -> Value {
        let mut view = self.view.clone();
        if action == Some("suspend") {
            view.suspended = Some((clock::rfc3339(), self.login.to_owned()));
        }
        let action = action.unwrap_or("created");
        announcement::installed(self.world, &view, action, self.login, None).into_payload()
    }

    fn installation_repositories(&self, action: Option<&str>, named: Option<&str>) -> Value {
        let chosen = named.map_or_else(|| self.view.names(), |name| vec![name.to_owned()]);
        let action = action.unwrap_or("added");
        announcement::changed(self.world, self.view, action, &chosen, self.login).into_payload()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_replaces_adds_and_removes() {
        let mut value = json!({ "a": { "b": 1, "c": 2 }, "d": [1] });
        merge(&mut value, &json!({ "a": { "b": null, "e": { "f": 3 } }, "d": [2] }));
        assert_eq!(value, json!({ "a": { "c": 2, "e": { "f": 3 } }, "d": [2] }));
    }
}
