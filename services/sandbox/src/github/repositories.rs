use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    call::{Asked, Refusal, Reply, called},
    identity::{Door, Principal},
    page::Page,
    subject::repository,
};
use crate::world::Shared;

/// <https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation>
pub(super) async fn list(State(world): State<Shared>, Query(page): Query<Page>, asked: Asked) -> Response {
    called(&world, "github.repositories", Door::Installation, &asked, |principal| {
        let Principal::Installation { view, repositories, .. } = principal else {
            return Err(Refusal::not_found());
        };
        let total = repositories.len();
        let url = format!("{}/github/installation/repositories", world.url);
        let (names, link) = page.of(repositories, &url);
        let shown: Vec<Value> = names.iter().map(|name| repository(&world, name)).collect();
        let body = json!({
            "total_count": total,
            "repository_selection": view.selection(),
            "repositories": shown,
        });
        Ok(Reply::ok(body).with_link(link))
    })
    .await
}

/// <https://docs.github.com/en/rest/repos/repos#get-a-repository>
pub(super) async fn one(
    State(world): State<Shared>,
    Path((owner, name)): Path<(String, String)>,
    asked: Asked,
) -> Response {
    called(&world, "github.repository", Door::Installation, &asked, |principal| {
        let Principal::Installation { repositories, .. } = principal else {
            return Err(Refusal::not_found());
        };
        let full_name = format!("{owner}/{name}");
        let found = repositories.iter().find(|it| it.eq_ignore_ascii_case(&full_name));
        Ok(Reply::ok(repository(&world, found.ok_or_else(Refusal::not_found)?)))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/installations#revoke-an-installation-access-token>
pub(super) async fn revoke(State(world): State<Shared>, asked: Asked) -> Response {
    called(&world, "github.revoke_token", Door::Installation, &asked, |principal| {
        if let Principal::Installation { token, .. } = principal {
            world.github.tokens.revoke_installation(&token);
        }
        Ok(Reply::nothing())
    })
    .await
}
