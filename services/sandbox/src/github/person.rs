use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    account::Role,
    call::{Asked, Refusal, Reply, called},
    identity::{Door, Principal},
    installation::View,
    page::Page,
    subject::{account, installation},
};
use crate::world::Shared;

/// <https://docs.github.com/en/rest/users/users#get-the-authenticated-user>
pub(super) async fn user(State(world): State<Shared>, asked: Asked) -> Response {
    called(&world, "github.user", Door::Person, &asked, |principal| {
        let Principal::Person(login) = principal else {
            return Err(Refusal::not_found());
        };
        let mut user = account(&world, &login, "User");
        user["name"] = login.as_str().into();
        user["email"] = Value::Null;
        user["created_at"] = "2020-01-15T09:00:00Z".into();
        user["updated_at"] = "2024-01-15T09:00:00Z".into();
        Ok(Reply::ok(user))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/installations#list-app-installations-accessible-to-the-user-access-token>
pub(super) async fn installations(State(world): State<Shared>, Query(page): Query<Page>, asked: Asked) -> Response {
    called(&world, "github.user_installations", Door::Person, &asked, |principal| {
        let Principal::Person(login) = principal else {
            return Err(Refusal::not_found());
        };
        let all = &world.github.installations;
        let can_access = |view: &View| matches!(all.role(&login, &view.login), Some(Role::Owner | Role::Member));
        let views: Vec<View> = all.all().into_iter().filter(can_access).collect();
        let total = views.len();
        let (views, link) = page.of(views, &format!("{}/github/user/installations", world.url));
        let shown: Vec<Value> = views.iter().map(|view| installation(&world, view)).collect();
        Ok(Reply::ok(json!({ "total_count": total, "installations": shown })).with_link(link))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token>
pub(super) async fn revoke(
    State(world): State<Shared>,
    Path(client_id): Path<String>,
    asked: Asked,
    body: Bytes,
) -> Response {
    called(&world, "github.revoke_user_token", Door::Client, &asked, |_| {
        if client_id != world.configuration.github.client_id {
            return Err(Refusal::not_found());
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let token = body["access_token"].as_str();
        let token = token.ok_or_else(|| Refusal::invalid("Validation Failed"))?;
        let revoked = world.github.tokens.revoke_person(token);
        revoked.then(Reply::nothing).ok_or_else(Refusal::not_found)
    })
    .await
}
