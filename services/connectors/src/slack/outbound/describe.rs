//! `connector.v1.slack.describe`: who the token is and where it can speak, for connecting.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};

use super::{Outbound, post::Paging};

/// Pages of channels that are read; 200 channels each.
const MOST_PAGES: usize = 100;

/// What a bot token leads to.
#[derive(Debug, Serialize)]
pub(super) struct Description {
    account: Account,
    bot_user: String,
    channels: Vec<Channel>,
}

#[derive(Debug, Serialize)]
struct Account {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct Channel {
    id: String,
    name: String,
    private: bool,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    channels: Vec<Listed>,
    #[serde(default)]
    response_metadata: Option<Paging>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    name: Option<String>,
    #[serde(default)]
    is_private: bool,
}

impl Outbound {
    /// Asks Slack afresh: a token may have changed since the start.
    pub async fn describe(&self) -> Result<Description, ServiceError> {
        let identity = self.api.identity().await.map_err(|failure| failure.of_read())?;
        let name = identity.team.unwrap_or_else(|| identity.team_id.clone());
        let account = Account {
            id: identity.team_id,
            name,
        };
        let mut channels = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let fields = [
                ("types", "public_channel,private_channel"),
                ("exclude_archived", "true"),
                ("limit", "200"),
                ("cursor", cursor.as_str()),
            ];
            let fields = if cursor.is_empty() { &fields[..3] } else { &fields[..] };
            let page: Page = self
                .api
                .form("users.conversations", fields)
                .await
                .map_err(|failure| failure.of_read())?;
            channels.extend(
                page.channels
                    .into_iter()
                    .map(|Listed { id, name, is_private }| Channel {
                        name: name.unwrap_or_else(|| id.clone()),
                        id,
                        private: is_private,
                    }),
            );
            cursor = page
                .response_metadata
                .map(|paging| paging.next_cursor)
                .unwrap_or_default();
            if cursor.is_empty() {
                break;
            }
        }
        Ok(Description {
            account,
            bot_user: identity.user_id,
            channels,
        })
    }
}
