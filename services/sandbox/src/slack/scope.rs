use serde_json::{Value, json};

use super::{arguments::Arguments, event::channel_type, token::Access};

/// The scopes of the configured bot token.
pub(super) const ALL: [&str; 19] = [
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
];

/// Scopes that a call needs, all of them; <https://docs.slack.dev/reference/scopes>.
fn needed(method: &str, arguments: &Arguments, access: &Access) -> Vec<&'static str> {
    let of_channel = |all: [&'static str; 3]| {
        let channel = arguments.text("channel").unwrap_or_default();
        let place = match channel_type(&channel) {
            "im" => 2,
            "group" => 1,
            _ => 0,
        };
        vec![all[place]]
    };
    match method {
        // Either scope will do, until only `chat:write` does.
        "assistant.threads.setStatus" if access.has("chat:write") => Vec::new(),
        "assistant.threads.setStatus" | "assistant.threads.setSuggestedPrompts" => vec!["assistant:write"],
        "bots.info" | "users.info" | "users.list" => vec!["users:read"],
        "chat.appendStream" | "chat.delete" | "chat.postEphemeral" | "chat.postMessage" | "chat.startStream"
        | "chat.stopStream" | "chat.update" => vec!["chat:write"],
        "conversations.history" | "conversations.replies" => {
            of_channel(["channels:history", "groups:history", "im:history"])
        }
        "conversations.info" => of_channel(["channels:read", "groups:read", "im:read"]),
        "conversations.list" | "users.conversations" => {
            let types = arguments.text("types").unwrap_or_else(|| "public_channel".into());
            let scope = |kind: &str| match kind.trim() {
                "private_channel" => "groups:read",
                "im" => "im:read",
                "mpim" => "mpim:read",
                _ => "channels:read",
            };
            types.split(',').map(scope).collect()
        }
        "conversations.open" => vec!["im:write"],
        "files.completeUploadExternal" | "files.getUploadURLExternal" => vec!["files:write"],
        "files.info" => vec!["files:read"],
        "reactions.add" | "reactions.remove" => vec!["reactions:write"],
        "reactions.get" => vec!["reactions:read"],
        "team.info" => vec!["team:read"],
        _ => Vec::new(),
    }
}

/// Whether a token may make a call.
///
/// # Errors
///
/// Slack's whole answer `missing_scope`, which says what is needed and what the token has.
pub(super) fn check(method: &str, arguments: &Arguments, access: &Access) -> Result<(), Value> {
    match needed(method, arguments, access)
        .into_iter()
        .find(|scope| !access.has(scope))
    {
        None => Ok(()),
        Some(missing) => Err(json!({
            "ok": false,
            "error": "missing_scope",
            "needed": missing,
            "provided": access.scopes.join(","),
        })),
    }
}
