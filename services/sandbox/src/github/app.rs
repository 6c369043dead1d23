use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    account::short,
    announcement::announce,
    call::{Answer, Asked, Refusal, Reply, called},
    change::{Change, apply},
    identity::Door,
    installation::View,
    page::Page,
    subject::{EVENTS, account, installation, permissions},
    token::INSTALLATION_SECONDS,
};
use crate::{
    clock,
    world::{Shared, World},
};

/// <https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app>
pub(super) async fn app(State(world): State<Shared>, asked: Asked) -> Response {
    called(&world, "github.app", Door::App, &asked, |_| {
        let github = &world.configuration.github;
        Ok(Reply::ok(json!({
            "id": github.app_id,
            "client_id": github.client_id,
            "slug": github.slug,
            "node_id": "A_sandbox",
            "owner": account(&world, &github.account, "Organization"),
            "name": "InfraGPT",
            "description": "",
            "external_url": world.url,
            "html_url": format!("{}/github.com/apps/{}", world.url, github.slug),
            "created_at": "2024-01-15T09:00:00Z",
            "updated_at": "2024-01-15T09:00:00Z",
            "permissions": permissions(&world),
            "events": EVENTS,
            "installations_count": world.github.installations.all().len(),
        })))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/apps#list-installations-for-the-authenticated-app>
pub(super) async fn installations(State(world): State<Shared>, Query(page): Query<Page>, asked: Asked) -> Response {
    called(&world, "github.installations", Door::App, &asked, |_| {
        let url = format!("{}/github/app/installations", world.url);
        let (views, link) = page.of(world.github.installations.all(), &url);
        let shown: Vec<Value> = views.iter().map(|view| installation(&world, view)).collect();
        Ok(Reply::ok(shown.into()).with_link(link))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app>
pub(super) async fn one(State(world): State<Shared>, Path(id): Path<String>, asked: Asked) -> Response {
    called(&world, "github.installation", Door::App, &asked, |_| {
        Ok(Reply::ok(installation(&world, &live(&world, &id)?)))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/apps#delete-an-installation-for-the-authenticated-app>
pub(super) async fn uninstall(State(world): State<Shared>, Path(id): Path<String>, asked: Asked) -> Response {
    called(&world, "github.uninstall", Door::App, &asked, |_| {
        by_the_app(&world, &id, &Change::Uninstall)
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/apps#suspend-an-app-installation>
pub(super) async fn suspend(State(world): State<Shared>, Path(id): Path<String>, asked: Asked) -> Response {
    called(&world, "github.suspend", Door::App, &asked, |_| {
        by_the_app(&world, &id, &Change::Suspend)
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/apps#unsuspend-an-app-installation>
pub(super) async fn unsuspend(State(world): State<Shared>, Path(id): Path<String>, asked: Asked) -> Response {
    called(&world, "github.unsuspend", Door::App, &asked, |_| {
        by_the_app(&world, &id, &Change::Unsuspend)
    })
    .await
}

fn by_the_app(world: &Shared, id: &str, change: &Change) -> Answer {
    let view = live(world, id)?;
    let told = apply(world, view.id, change, &world.bot_login());
    announce(world, told.map_err(|_| Refusal::not_found())?);
    Ok(Reply::nothing())
}

#[derive(Debug, Default, Deserialize)]
struct Narrowed {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<u64>>,
}

impl Narrowed {
    /// Numbers of the repositories that the token is for; `None` is all that the installation sees.
    fn of(&self, view: &View) -> Result<Option<Vec<u64>>, Refusal> {
        let by_name = |name: &String| {
            let found = view.repositories.iter().find(|(_, it)| short(it) == name);
            found.map(|(id, _)| *id)
        };
        let by_number = |id: &u64| view.repositories.iter().any(|(it, _)| it == id).then_some(*id);
        let ids: Option<Vec<u64>> = match (&self.repositories, &self.repository_ids) {
            (None, None) => return Ok(None),
            (Some(names), _) => names.iter().map(by_name).collect(),
            (None, Some(ids)) => ids.iter().map(by_number).collect(),
        };
        let refusal =
            "There is at least one repository that does not exist or is not accessible to the parent installation.";
        ids.map(Some).ok_or_else(|| Refusal::invalid(refusal))
    }
}

/// <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>
pub(super) async fn access_tokens(
    State(world): State<Shared>,
    Path(id): Path<String>,
    asked: Asked,
    body: Bytes,
) -> Response {
    called(&world, "github.access_tokens", Door::App, &asked, |_| {
        let view = live(&world, &id)?;
        if view.suspended.is_some() {
            let message = "This installation has been suspended";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        let narrowed: Narrowed = if body.is_empty() {
            Narrowed::default()
        } else {
            serde_json::from_slice(&body).map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?
        };
        let repositories = narrowed.of(&view)?;
        let selection = if repositories.is_some() {
            "selected"
        } else {
            view.selection()
        };
        let token = world.github.tokens.issue(view.id, repositories, clock::seconds());
        let answer = json!({
            "token": token,
            "expires_at": clock::rfc3339_in(INSTALLATION_SECONDS),
            "permissions": permissions(&world),
            "repository_selection": selection,
        });
        Ok(Reply::json(StatusCode::CREATED, answer))
    })
    .await
}

fn live(world: &World, id: &str) -> Result<View, Refusal> {
    let found = id.parse().ok().and_then(|id| world.github.installations.live(id));
    found.ok_or_else(Refusal::not_found)
}
