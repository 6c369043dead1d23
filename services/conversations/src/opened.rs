//! What people see who open the application's page, or a thread with it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_nats::{
    Connection, Grant, GrantKey,
    chat::{OPENED, Opened, OpenedPlace},
    request,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::connector::{self, Chat};

const INTEGRATIONS: &str = "tool.v1.infragpt.integrations";
const CONVERSATIONS: &str = "tool.v1.infragpt.conversations";

/// How long a tool may take: somebody looks at an empty page meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest question that is shown, in characters.
const LONGEST_QUESTION: usize = 140;

/// What can be asked, for those who have not asked anything yet: a title and the message.
const PROMPTS: [(&str, &str); 4] = [
    ("What changed today?", "what changed today?"),
    ("What failed?", "what failed in the last 24 hours?"),
    ("What is connected?", "status"),
    ("What can you do?", "help"),
];

/// Shows something where somebody opened a place.
#[derive(Debug)]
pub(crate) struct Openings {
    pub connection: Connection,
    pub grants: GrantKey,
    pub clock: fn() -> DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Integrations {
    integrations: Vec<Integration>,
}

#[derive(Debug, Deserialize)]
struct Integration {
    connector: String,
    state: String,
    reason: Option<String>,
    account: Account,
    repositories: Vec<String>,
    channels: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Account {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Conversations {
    conversations: Vec<Recent>,
}

#[derive(Debug, Deserialize)]
struct Recent {
    connector: String,
    channel: String,
    question: Option<String>,
    active_at: DateTime<Utc>,
}

/// Why somebody sees nothing.
#[derive(Debug, thiserror::Error)]
enum Unshown {
    #[error("what was opened can't be read")]
    Decode(#[from] serde_json::Error),
    #[error("what is to be shown can't be had")]
    Tool(#[from] request::Error),
    #[error("the chat does not show it")]
    Chat(#[from] connector::Error),
}

impl Openings {
    /// Shows until `shutdown`. What is not shown is shown when somebody opens it again.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), request::Error> {
        let mut opened = self.connection.share(OPENED).await?;
        while let Some(Some(payload)) = shutdown.run_until_cancelled(opened.next()).await {
            if let Err(error) = self.show(&payload).await {
                tracing::info!(
                    error = &error as &dyn std::error::Error,
                    "Somebody opened something and sees what was there before"
                );
            }
        }
        Ok(())
    }

    async fn show(&self, payload: &[u8]) -> Result<(), Unshown> {
        let opened: Opened = serde_json::from_slice(payload)?;
        let (channel, thread) = match &opened.place {
            OpenedPlace::Home { .. } => ("", None),
            OpenedPlace::Thread { channel, thread, .. } => (channel.as_str(), Some(thread.as_str())),
        };
        let chat = Chat {
            connection: &self.connection,
            organization: &opened.organization,
            connector: &opened.connector,
            account: &opened.account,
            channel,
            thread,
        };
        match &opened.place {
            OpenedPlace::Home { user } => {
                let body = json!({ "user": user, "sections": self.sections(&opened).await? });
                chat.ask::<Value>("home", body).await?;
            }
            OpenedPlace::Thread { .. } => {
                let prompts: Vec<Value> = PROMPTS
                    .iter()
                    .map(|(title, message)| json!({ "title": title, "message": message }))
                    .collect();
                chat.ask::<Value>("prompts", json!({ "title": "For example:", "prompts": prompts }))
                    .await?;
            }
        }
        Ok(())
    }

    async fn sections(&self, opened: &Opened) -> Result<Vec<Value>, request::Error> {
        let grant = self.grants.sign(&Grant {
            organization: opened.organization.clone(),
            conversation: Uuid::nil(),
            tools: [INTEGRATIONS, CONVERSATIONS].map(str::to_owned).to_vec(),
            expires: (self.clock)() + TimeDelta::seconds(30),
            action: None,
        });
        let request = json!({ "grant": grant });
        let connected: Integrations = self.connection.request(INTEGRATIONS, &request, PATIENCE).await?;
        let recent: Conversations = self.connection.request(CONVERSATIONS, &request, PATIENCE).await?;
        let here = recent
            .conversations
            .iter()
            .filter(|recent| recent.connector == opened.connector.as_str());
        let mut asked: Vec<String> = here.map(line).collect();
        if asked.is_empty() {
            asked.push("Nobody has asked anything yet.".to_owned());
        }
        let mut integrations: Vec<String> = connected.integrations.iter().map(describe).collect();
        if integrations.is_empty() {
            integrations.push("Nothing is connected yet.".to_owned());
        }
        Ok(vec![
            json!({
                "title": "Ask me what changed, what failed, and why",
                "text": "Mention me in a channel, write to me here, or type `/infragpt help`. In a thread, `stop` ends an answer, \
                         `mute` has me be quiet, and a 🔍 on an answer says where it came from.",
            }),
            json!({ "title": "Connected", "text": integrations.join("\n") }),
            json!({ "title": "Asked lately", "text": asked.join("\n") }),
        ])
    }
}

fn describe(integration: &Integration) -> String {
    let mut sees = Vec::new();
    for (names, one) in [
        (&integration.repositories, "repository"),
        (&integration.channels, "channel"),
    ] {
        match names.len() {
            0 => {}
            1 => sees.push(format!("1 {one}")),
            count if one == "repository" => sees.push(format!("{count} repositories")),
            count => sees.push(format!("{count} {one}s")),
        }
    }
    let sees = match sees.join(" and ") {
        nothing if nothing.is_empty() => nothing,
        sees => format!(", sees {sees}"),
    };
    let reason = integration.reason.as_ref().map(|reason| format!(" ({reason})"));
    format!(
        "• *{}* {}: {}{sees}{}",
        integration.connector,
        integration.account.name,
        integration.state,
        reason.unwrap_or_default()
    )
}

fn line(recent: &Recent) -> String {
    let question = recent.question.as_deref().unwrap_or_default().trim();
    let mut shown: String = question
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(LONGEST_QUESTION)
        .collect();
    if shown.is_empty() {
        "(taken back)".clone_into(&mut shown);
    }
    format!(
        "• <#{}> {}: {shown}",
        recent.channel,
        recent.active_at.format("%d %b %H:%M UTC")
    )
}
