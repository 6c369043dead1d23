//! What of Slack's payloads never reaches a stream.

/// The keys whose values are overwritten, at any depth.
///
/// A response URL posts into a channel and a trigger id opens a dialog: both are bearer credentials for half an hour
/// or three seconds, `token` is the application's verification token, and a function's `bot_access_token` is what it says.
pub(super) const SECRET_KEYS: [&str; 6] = [
    "token",
    "response_url",
    "trigger_id",
    "interactivity_pointer",
    "bot_access_token",
    "workflow_token",
];
