use serde_json::{Value, json};

use super::{
    delivery::{Delivery, Sending, Webhook, send},
    installation::View,
    subject::{account, bot, installation, repository, short_repository},
};
use crate::{
    clock,
    world::{Shared, World},
};

/// Something that the App is told.
#[derive(Debug)]
pub(crate) struct Announcement {
    event: &'static str,
    payload: Value,
    /// Instead of the App's own webhook URL.
    url: Option<String>,
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation>
pub(crate) fn installed(world: &World, view: &View, action: &str, by: &str, requester: Option<&str>) -> Announcement {
    let repositories: Vec<Value> = view
        .repositories
        .iter()
        .map(|(_, name)| short_repository(world, name))
        .collect();
    Announcement {
        url: None,
        event: "installation",
        payload: json!({
            "action": action,
            "installation": installation(world, view),
            "repositories": repositories,
            "requester": requester.map(|login| account(world, login, "User")),
            "sender": sender(world, by),
        }),
    }
}

/// What was added and removed between two moments, one announcement each.
///
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation_repositories>
pub(super) fn repositories(world: &World, before: &View, after: &View, by: &str) -> Vec<Announcement> {
    let missing = |from: &View, there: &View| -> Vec<String> {
        let is_there = |id: u64| there.repositories.iter().any(|(other, _)| *other == id);
        let missing = from.repositories.iter().filter(|(id, _)| !is_there(*id));
        missing.map(|(_, name)| name.clone()).collect()
    };
    let (added, removed) = (missing(after, before), missing(before, after));
    let mut all = Vec::new();
    if !added.is_empty() {
        all.push(changed(world, after, "added", &added, by));
    }
    if !removed.is_empty() {
        all.push(changed(world, after, "removed", &removed, by));
    }
    all
}

pub(super) fn changed(world: &World, view: &View, action: &str, names: &[String], by: &str) -> Announcement {
    let listed = |when: &str| -> Vec<Value> {
        let names = if action == when { names } else { &[] };
        names.iter().map(|name| short_repository(world, name)).collect()
    };
    Announcement {
        url: None,
        event: "installation_repositories",
        payload: json!({
            "action": action,
            "installation": installation(world, view),
            "repository_selection": view.selection(),
            "repositories_added": listed("added"),
            "repositories_removed": listed("removed"),
            "requester": null,
            "sender": sender(world, by),
        }),
    }
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation_target>
pub(super) fn account_renamed(world: &World, view: &View, from: &str, by: &str) -> Announcement {
    let target = account(world, &view.login, "Organization");
    Announcement {
        url: None,
        event: "installation_target",
        payload: json!({
            "action": "renamed",
            "account": target,
            "changes": { "login": { "from": from } },
            "target_type": "Organization",
            "installation": { "id": view.id, "node_id": format!("MDI{}", view.id) },
            "organization": target,
            "sender": sender(world, by),
        }),
    }
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#repository>
pub(super) fn repository_changed(
    world: &World,
    view: &View,
    action: &str,
    name: &str,
    changes: &Value,
    by: &str,
) -> Announcement {
    let owner = name.split('/').next().unwrap_or_default();
    Announcement {
        url: None,
        event: "repository",
        payload: json!({
            "action": action,
            "changes": changes,
            "repository": repository(world, name),
            "organization": account(world, owner, "Organization"),
            "installation": { "id": view.id, "node_id": format!("MDI{}", view.id) },
            "sender": sender(world, by),
        }),
    }
}

impl Announcement {
    /// A workflow run went on; it is told where it was told of before.
    pub(super) fn about_run(payload: Value, url: Option<String>) -> Self {
        Self {
            event: "workflow_run",
            payload,
            url,
        }
    }

    pub(super) fn into_payload(self) -> Value {
        self.payload
    }
}

/// Tells the App one thing after the other, where there is a URL for it.
pub(crate) async fn tell(world: &World, announcements: Vec<Announcement>, sending: Sending) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    let has_url = world.github.settings().webhook_url.is_some();
    for announcement in announcements {
        if !has_url && announcement.url.is_none() {
            continue;
        }
        let webhook = Webhook {
            url: announcement.url,
            event: announcement.event.to_owned(),
            guid: clock::guid(),
            secret: None,
            content_type: "application/json".to_owned(),
            omit: Vec::new(),
            body: announcement.payload.to_string(),
        };
        deliveries.push(send(world, webhook, sending).await);
    }
    deliveries
}

/// Tells the App in the background.
pub(super) fn announce(world: &Shared, announcements: Vec<Announcement>) {
    let (tracked, world) = (world.clone(), world.clone());
    tracked.tasks.spawn(async move {
        tokio::select! {
            _ = tell(&world, announcements, Sending::First) => {}
            () = world.shutdown.cancelled() => {}
        }
    });
}

/// Who did it: a person, or the App's own bot.
fn sender(world: &World, by: &str) -> Value {
    if by == world.bot_login() {
        bot(world)
    } else {
        account(world, by, "User")
    }
}
