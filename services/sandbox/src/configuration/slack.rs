use std::time::Duration;

/// A Slack workspace with one app installed.
#[derive(Clone, Debug)]
pub struct SlackWorkspace {
    /// Workspace id, `T…`.
    pub team_id: String,
    /// Workspace name as people see it.
    pub team_name: String,
    /// App id, `A…`.
    pub app_id: String,
    /// User id of the app's bot, `U…`.
    pub bot_user: String,
    /// Bot id of the app, `B…`.
    pub bot_id: String,
    /// The name people write after `@`.
    pub bot_name: String,
    /// Channels that exist from the start; the bot is a member of each.
    pub channels: Vec<Named>,
    /// Channels that only their members see; the bot is a member of each.
    pub private_channels: Vec<Named>,
    /// People in the workspace; the first one is the author of messages without a `user`.
    pub users: Vec<Named>,
    /// Ids of the people who are guests in the workspace.
    pub guests: Vec<String>,
    /// Key of `X-Slack-Signature`.
    pub signing_secret: String,
    /// The deprecated `token` that every event carries in its body.
    pub verification_token: String,
    /// App-level token, accepted by `apps.connections.open` only.
    pub app_token: String,
    /// Bot token that every other method accepts, besides those that a consent leads to. It never expires.
    pub bot_token: String,
    /// The app's client id, for OAuth.
    pub client_id: String,
    /// The app's client secret, for OAuth.
    pub client_secret: String,
    /// Where a consent may lead; an address below one of these is fine too, as at Slack. Empty: any http loopback address.
    pub redirect_uris: Vec<String>,
    /// Whether access tokens expire and come with a refresh token.
    pub token_rotation: bool,
    /// The organization that the workspace belongs to; an app can be installed on all of it.
    pub enterprise: Named,
    /// How long an envelope or request may stay unacknowledged; Slack's limit is 3 s.
    pub acknowledgement_timeout: Duration,
    /// How long an envelope waits for a connection when none is live.
    pub connection_wait: Duration,
}

impl Default for SlackWorkspace {
    fn default() -> Self {
        Self {
            team_id: "T0ACME".into(),
            team_name: "Acme".into(),
            app_id: "A0INFRAGPT".into(),
            bot_user: "U0INFRAGPT".into(),
            bot_id: "B0INFRAGPT".into(),
            bot_name: "infragpt".into(),
            channels: vec![Named::new("C0OPS", "ops"), Named::new("C0DEPLOYS", "deploys")],
            private_channels: Vec::new(),
            users: vec![Named::new("U0MAYA", "maya"), Named::new("U0TOM", "tom")],
            guests: Vec::new(),
            signing_secret: "sandbox-signing-secret".into(),
            verification_token: "sandbox-verification-token".into(),
            app_token: "xapp-1-A0INFRAGPT-sandbox".into(),
            bot_token: "xoxb-sandbox".into(),
            client_id: "1111.2222".into(),
            client_secret: "sandbox-slack-client-secret".into(),
            redirect_uris: Vec::new(),
            token_rotation: true,
            enterprise: Named::new("E0ACME", "Acme Group"),
            acknowledgement_timeout: Duration::from_secs(3),
            connection_wait: Duration::from_mins(1),
        }
    }
}

/// A channel, a person or an organization: an identifier and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Slack's identifier.
    pub id: String,
    /// The name without `#` or `@`.
    pub name: String,
}

impl Named {
    /// Joins an identifier with a name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
        }
    }
}
