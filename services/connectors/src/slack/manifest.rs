//! What the Slack application asks for. The manifests in `manifests/` say the same, for those who make an application.

/// What the bot is asked to be allowed: every scope is used by something that is done today.
/// <https://docs.slack.dev/reference/scopes>
pub(super) const SCOPES: [&str; 13] = [
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "mpim:history",
    "reactions:read",
    "reactions:write",
];

/// Those without which questions are answered all the same, with less comfort: no status and no suggestions, no commands, no
/// reactions, and nobody is told anything in a channel that we are not in.
const COMFORTS: [&str; 5] = [
    "assistant:write",
    "commands",
    "im:write",
    "reactions:read",
    "reactions:write",
];

/// Those of [`SCOPES`] that are needed and not among `allowed`.
pub(super) fn missing(allowed: &[String]) -> Vec<&'static str> {
    SCOPES
        .into_iter()
        .filter(|scope| !COMFORTS.contains(scope) && !allowed.iter().any(|allowed| allowed == scope))
        .collect()
}

/// Scopes as Slack writes them, sorted.
pub(super) fn scopes(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = text
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SOCKET_MODE: &str = include_str!("../../manifests/slack-socket-mode.json");
    const HTTP: &str = include_str!("../../manifests/slack-http.json");

    /// Those events of <https://docs.slack.dev/reference/events> that mean something to us.
    const EVENTS: [&str; 18] = [
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "assistant_thread_started",
        "channel_deleted",
        "channel_left",
        "channel_rename",
        "group_deleted",
        "group_left",
        "group_rename",
        "member_joined_channel",
        "member_left_channel",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "reaction_added",
        "tokens_revoked",
    ];

    #[test]
    fn the_manifests_ask_for_what_is_needed() {
        for text in [SOCKET_MODE, HTTP] {
            let manifest: Value = serde_json::from_str(text).unwrap();
            assert_eq!(manifest["oauth_config"]["scopes"]["bot"], json!(SCOPES));
            assert_eq!(manifest["oauth_config"]["scopes"].as_object().unwrap().len(), 1);
            assert_eq!(manifest["settings"]["event_subscriptions"]["bot_events"], json!(EVENTS));
            assert_eq!(
                manifest["oauth_config"]["redirect_urls"],
                json!(["https://infragpt.example.com/oauth/slack/callback"])
            );
        }
    }

    #[test]
    fn the_manifests_offer_a_page_a_command_and_suggestions() {
        for text in [SOCKET_MODE, HTTP] {
            let manifest: Value = serde_json::from_str(text).unwrap();
            assert_eq!(manifest["features"]["app_home"]["home_tab_enabled"], true);
            assert_eq!(manifest["features"]["slash_commands"][0]["command"], "/infragpt");
            assert!(manifest["features"]["agent_view"].is_object());
            assert_eq!(manifest["settings"]["interactivity"]["is_enabled"], true);
        }
    }

    #[test]
    fn each_manifest_has_its_own_way_in() {
        let manifest = |text| -> Value { serde_json::from_str(text).unwrap() };
        let (socket, http) = (manifest(SOCKET_MODE), manifest(HTTP));
        assert_eq!(socket["settings"]["socket_mode_enabled"], true);
        assert_eq!(socket["settings"]["event_subscriptions"]["request_url"], Value::Null);
        assert_eq!(http["settings"]["socket_mode_enabled"], false);
        assert_eq!(
            http["settings"]["event_subscriptions"]["request_url"],
            "https://infragpt.example.com/webhooks/slack/events"
        );
        let command = |manifest: &Value| manifest["features"]["slash_commands"][0]["url"].clone();
        assert_eq!(command(&socket), Value::Null);
        assert_eq!(command(&http), "https://infragpt.example.com/webhooks/slack/commands");
        assert_eq!(
            http["settings"]["interactivity"]["request_url"],
            "https://infragpt.example.com/webhooks/slack/interactions"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut allowed = scopes("mpim:history, im:history,groups:read,groups:history,app_mentions:read,,team:read");
        assert_eq!(missing(&allowed), ["channels:history", "channels:read", "chat:write"]);
        allowed.extend(SCOPES.map(str::to_owned));
        assert!(missing(&allowed).is_empty());
    }
}
