//! Which channels the bot is in.

use std::collections::BTreeMap;

use infragpt_events::integration::{Resource, ResourceKind};
use infragpt_vault::Secret;
use serde::Deserialize;

use super::{
    authorization::opened,
    connector::Slack,
    credential::Token,
    interpretation::resource,
    web_api::{self, Paging},
};
use crate::{Failure, Listing};

/// Pages that are read of one list; 200 channels or 100 workspaces each.
const MOST_PAGES: usize = 100;

#[derive(Deserialize)]
struct Channels {
    #[serde(default)]
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Option<Paging>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: Option<String>,
    #[serde(default)]
    is_private: bool,
}

#[derive(Deserialize)]
struct Teams {
    #[serde(default)]
    teams: Vec<Team>,
    #[serde(default)]
    response_metadata: Option<Paging>,
}

#[derive(Deserialize)]
struct Team {
    id: String,
}

impl Slack {
    /// Every public and private channel that the bot is in; for an organization, in all workspaces that it may work in.
    pub(super) async fn list(&self, secret: Option<&Secret>) -> Result<Vec<Listing>, Failure> {
        let Some(secret) = secret else {
            return Err(Failure::Unauthorized(
                "no token is kept for it: connect the workspace again".to_owned(),
            ));
        };
        let token = opened(secret)?;
        let mut channels = BTreeMap::new();
        if token.organization_wide {
            for team in self.teams(&token).await? {
                self.channels(&token, Some(&team), &mut channels).await?;
            }
        } else {
            self.channels(&token, None, &mut channels).await?;
        }
        Ok(vec![Listing {
            kind: ResourceKind::Channel,
            resources: channels.into_values().collect(),
        }])
    }

    /// <https://docs.slack.dev/reference/methods/auth.teams.list>
    async fn teams(&self, token: &Token) -> Result<Vec<String>, Failure> {
        let mut teams = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut fields = vec![("limit", "100")];
            if !cursor.is_empty() {
                fields.push(("cursor", &cursor));
            }
            let page: Teams = self.api.form(token.caller(), "auth.teams.list", fields).await?;
            teams.extend(page.teams.into_iter().map(|team| team.id));
            cursor = page.response_metadata.unwrap_or_default().next_cursor;
            if cursor.is_empty() {
                return Ok(teams);
            }
        }
        Err(too_long("workspaces"))
    }

    /// <https://docs.slack.dev/reference/methods/users.conversations>
    async fn channels(
        &self,
        token: &Token,
        team: Option<&str>,
        channels: &mut BTreeMap<String, Resource>,
    ) -> Result<(), Failure> {
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut fields = vec![
                ("types", "public_channel,private_channel"),
                ("exclude_archived", "true"),
                ("limit", "200"),
            ];
            if !cursor.is_empty() {
                fields.push(("cursor", &cursor));
            }
            fields.extend(team.map(|team| ("team_id", team)));
            let page: Result<Channels, _> = self.api.form(token.caller(), "users.conversations", fields).await;
            let page = match page {
                // Taken out of this workspace since it was listed.
                Err(web_api::Failure::Refused(word)) if team.is_some() && word == "team_access_not_granted" => {
                    return Ok(());
                }
                page => page?,
            };
            for Channel { id, name, is_private } in page.channels {
                let name = name.unwrap_or_else(|| id.clone());
                channels.insert(id.clone(), resource(&id, &name, is_private));
            }
            cursor = page.response_metadata.unwrap_or_default().next_cursor;
            if cursor.is_empty() {
                return Ok(());
            }
        }
        Err(too_long("channels"))
    }
}

/// A list that isn't read to its end would withdraw the rest.
fn too_long(what: &str) -> Failure {
    Failure::Refused(format!("Slack lists more {what} than are read: {MOST_PAGES} pages"))
}
