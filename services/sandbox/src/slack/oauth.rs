use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    arguments::Arguments,
    delivery, event,
    token::{ACCESS_SECONDS, Install, Issued},
    web_api::Answer,
};
use crate::{
    clock,
    configuration::SlackWorkspace,
    world::{Shared, World},
};

/// Exchanges a code or a refresh token for tokens.
///
/// <https://docs.slack.dev/reference/methods/oauth.v2.access>
pub(super) fn access(world: &World, headers: &HeaderMap, arguments: &Arguments) -> Answer {
    let slack = &world.configuration.slack;
    check_client(slack, headers, arguments)?;
    let now = clock::seconds();
    let grant = arguments.text("grant_type");
    let issued = match grant.as_deref() {
        None | Some("authorization_code") => {
            let code = arguments.text("code").ok_or("invalid_code")?;
            let redirect_uri = arguments.text("redirect_uri");
            world
                .slack_tokens
                .exchange(&code, redirect_uri.as_deref(), slack.token_rotation, now)?
        }
        Some("refresh_token") => {
            let token = arguments.text("refresh_token").ok_or("invalid_refresh_token")?;
            world.slack_tokens.refresh(&token, now)?
        }
        Some(_) => return Err("invalid_grant_type"),
    };
    Ok(shown(slack, issued))
}

fn shown(slack: &SlackWorkspace, issued: Issued) -> Value {
    let is_organization = issued.access.install == Install::Organization;
    let team = json!({ "id": slack.team_id, "name": slack.team_name });
    let enterprise = json!({ "id": slack.enterprise.id, "name": slack.enterprise.name });
    let person = slack.users.first().map_or("U0NOBODY", |user| user.id.as_str());
    let mut answer = json!({
        "app_id": slack.app_id,
        "authed_user": { "id": person },
        "scope": issued.access.scopes.join(","),
        "token_type": "bot",
        "access_token": issued.access_token,
        "bot_user_id": slack.bot_user,
        "team": if is_organization { Value::Null } else { team },
        "enterprise": if is_organization { enterprise } else { Value::Null },
        "is_enterprise_install": is_organization,
    });
    if let Some(token) = issued.refresh_token {
        answer["refresh_token"] = token.into();
        answer["expires_in"] = ACCESS_SECONDS.into();
    }
    answer
}

/// Ends the token that the call is made with, unless it only tries.
///
/// <https://docs.slack.dev/reference/methods/auth.revoke>
pub(super) fn revoke(world: &Shared, token: &str, install: Install, arguments: &Arguments) -> Value {
    if arguments.flag("test") {
        return json!({ "revoked": false });
    }
    world.slack_tokens.revoke(token);
    let event = event::tokens_revoked(world);
    delivery::tell(world, vec![event::envelope(world, install, &event)]);
    json!({ "revoked": true })
}

/// Takes the app away from where the token belongs to.
///
/// <https://docs.slack.dev/reference/methods/apps.uninstall>
pub(super) fn uninstall(world: &Shared, install: Install, headers: &HeaderMap, arguments: &Arguments) -> Answer {
    check_client(&world.configuration.slack, headers, arguments).map_err(|refusal| match refusal {
        "invalid_client_id" if arguments.text("client_id").is_some() => "client_id_token_mismatch",
        other => other,
    })?;
    world.slack_tokens.uninstall(Some(install));
    let events = [event::tokens_revoked(world), event::app_uninstalled(world)];
    let payloads = events.iter().map(|event| event::envelope(world, install, event));
    delivery::tell(world, payloads.collect());
    Ok(json!({}))
}

/// The client id and secret, by HTTP Basic or as arguments.
fn check_client(slack: &SlackWorkspace, headers: &HeaderMap, arguments: &Arguments) -> Result<(), &'static str> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| {
            STANDARD
                .decode(value.to_str().ok()?.strip_prefix("Basic ")?.trim())
                .ok()
        })
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (id.to_owned(), secret.to_owned()),
        None => (
            arguments.text("client_id").unwrap_or_default(),
            arguments.text("client_secret").unwrap_or_default(),
        ),
    };
    if id != slack.client_id {
        return Err("invalid_client_id");
    }
    if secret != slack.client_secret {
        return Err("bad_client_secret");
    }
    Ok(())
}
