use serde_json::{Value, json};

use super::{
    arguments::Arguments,
    token::{Access, Install},
    web_api::Answer,
};
use crate::world::World;

/// <https://docs.slack.dev/reference/methods/api.test>
pub(super) fn api_test(arguments: &Arguments) -> Value {
    json!({ "args": arguments.all() })
}

/// <https://docs.slack.dev/reference/methods/auth.test>
pub(super) fn auth_test(world: &World, access: &Access) -> Value {
    let slack = &world.configuration.slack;
    let mut answer = json!({
        "url": format!("{}/", world.url),
        "team": slack.team_name,
        "user": slack.bot_name,
        "team_id": slack.team_id,
        "user_id": slack.bot_user,
        "bot_id": slack.bot_id,
        "is_enterprise_install": access.install == Install::Organization,
    });
    if let Some(team) = &access.team {
        answer["team"] = team.to_lowercase().into();
        answer["team_id"] = team.as_str().into();
    }
    if access.install == Install::Organization {
        // A token of the organization stands for no workspace.
        answer["team"] = slack.enterprise.name.as_str().into();
        answer["team_id"] = slack.enterprise.id.as_str().into();
        answer["enterprise_id"] = slack.enterprise.id.as_str().into();
    }
    answer
}

/// <https://docs.slack.dev/reference/methods/auth.teams.list>
pub(super) fn auth_teams(world: &World) -> Value {
    let slack = &world.configuration.slack;
    json!({
        "teams": [{ "id": slack.team_id, "name": slack.team_name }],
        "response_metadata": { "next_cursor": "" },
    })
}

/// <https://docs.slack.dev/reference/methods/team.info>
pub(super) fn team(world: &World) -> Value {
    let slack = &world.configuration.slack;
    let domain = slack.team_name.to_lowercase();
    let team =
        json!({ "id": slack.team_id, "name": slack.team_name, "domain": domain, "email_domain": "", "icon": {} });
    json!({ "team": team })
}

/// <https://docs.slack.dev/reference/methods/bots.info>
pub(super) fn bot(world: &World, arguments: &Arguments) -> Answer {
    let slack = &world.configuration.slack;
    if arguments.text("bot").is_some_and(|bot| bot != slack.bot_id) {
        return Err("bot_not_found");
    }
    let mut bot = bot_profile(world);
    bot["user_id"] = slack.bot_user.as_str().into();
    Ok(json!({ "bot": bot }))
}

/// <https://docs.slack.dev/reference/methods/users.info>
pub(super) fn user(world: &World, arguments: &Arguments) -> Answer {
    let id = arguments.text("user").ok_or("user_not_found")?;
    let known = members(world).into_iter().find(|user| user["id"] == *id);
    let user = known.or_else(|| stranger(world, &id)).ok_or("user_not_found")?;
    Ok(json!({ "user": user }))
}

/// <https://docs.slack.dev/reference/methods/users.list>
pub(super) fn list(world: &World) -> Value {
    let metadata = json!({ "next_cursor": "" });
    json!({ "members": members(world), "cache_ts": crate::clock::seconds(), "response_metadata": metadata })
}

pub(super) fn bot_profile(world: &World) -> Value {
    let slack = &world.configuration.slack;
    json!({
        "id": slack.bot_id,
        "app_id": slack.app_id,
        "name": slack.bot_name,
        "team_id": slack.team_id,
        "deleted": false,
        "updated": 1_700_000_000,
        "icons": {},
    })
}

fn members(world: &World) -> Vec<Value> {
    let slack = &world.configuration.slack;
    let member = |id: &str, name: &str, is_bot: bool| {
        json!({
            "id": id,
            "team_id": slack.team_id,
            "name": name,
            "real_name": name,
            "deleted": false,
            "is_bot": is_bot,
            "is_restricted": slack.guests.iter().any(|guest| guest == id),
            "is_ultra_restricted": false,
            "is_app_user": false,
            "is_admin": false,
            "is_owner": false,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "updated": 1_700_000_000,
            "profile": { "real_name": name, "display_name": name, "team": slack.team_id },
        })
    };
    let people = slack.users.iter().map(|user| member(&user.id, &user.name, false));
    people.chain([member(&slack.bot_user, &slack.bot_name, true)]).collect()
}

/// Somebody of another workspace who wrote in a shared channel.
fn stranger(world: &World, id: &str) -> Option<Value> {
    let messages = world.messages.all();
    let theirs = messages.iter().find(|it| it.user.as_deref() == Some(id))?;
    let team = theirs.user_team.as_ref()?;
    Some(json!({
        "id": id,
        "team_id": team,
        "name": id.to_lowercase(),
        "real_name": id.to_lowercase(),
        "deleted": false,
        "is_bot": false,
        "is_stranger": true,
        "is_restricted": false,
        "is_ultra_restricted": false,
        "profile": { "real_name": id.to_lowercase(), "display_name": id.to_lowercase(), "team": team },
    }))
}
