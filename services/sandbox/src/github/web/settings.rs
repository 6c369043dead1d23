use std::collections::HashMap;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    super::{
        account::Role,
        announcement::announce,
        change::{Change, apply},
        installation::View,
    },
    fields::{Fields, chooser},
};
use crate::{
    html::{self, escaped, hidden},
    world::{Shared, World},
};

/// An installation that is there, and an owner of its account.
fn owned(world: &World, path: &HashMap<String, String>, fields: &Fields) -> Option<(View, String)> {
    let all = &world.github.installations;
    let view = all.live(path.get("id")?.parse().ok()?)?;
    let person = fields.given("login").map(str::to_owned);
    let person = person.or_else(|| all.people().into_iter().next())?;
    (all.role(&person, &view.login)? == Role::Owner).then_some((view, person))
}

fn unknown() -> Response {
    let reason = "There is no such installation, or you do not own its account.";
    html::refusal(StatusCode::NOT_FOUND, "Not found", reason)
}

fn available(world: &World, login: &str) -> Vec<String> {
    let accounts = world.github.installations.accounts().into_iter();
    accounts
        .filter(|(it, _)| it == login)
        .flat_map(|(_, all)| all)
        .collect()
}

/// Shows an installation, and what an owner can do to it.
///
/// <https://docs.github.com/en/apps/using-github-apps/reviewing-and-modifying-installed-github-apps>
pub(super) async fn page(
    State(world): State<Shared>,
    Path(path): Path<HashMap<String, String>>,
    fields: Fields,
) -> Response {
    let Some((view, person)) = owned(&world, &path, &fields) else {
        return unknown();
    };
    let names = view.names();
    let chosen: Vec<String> = names
        .iter()
        .filter_map(|name| name.rsplit('/').next().map(str::to_owned))
        .collect();
    let (action, verb) = if view.suspended.is_some() {
        ("unsuspend", "Unsuspend")
    } else {
        ("suspend", "Suspend")
    };
    let body = format!(
        "<p>Installed on <strong>{login}</strong>{note}.</p><form method=\"post\">{hidden}{chooser}\
<button class=\"yes\" name=\"action\" value=\"save\">Save</button>\
<button name=\"action\" value=\"{action}\">{verb}</button>\
<button class=\"danger\" name=\"action\" value=\"uninstall\">Uninstall</button></form>",
        login = escaped(&view.login),
        note = if view.suspended.is_some() { ", suspended" } else { "" },
        hidden = hidden(&[("login", &person)]),
        chooser = chooser(&available(&world, &view.login), view.is_all, &chosen),
    );
    let title = format!("{} on {}", world.configuration.github.slug, view.login);
    html::document(&title, &body).into_response()
}

/// Does what an owner chose, and tells the App.
pub(super) async fn change(
    State(world): State<Shared>,
    Path(path): Path<HashMap<String, String>>,
    fields: Fields,
) -> Response {
    let Some((view, person)) = owned(&world, &path, &fields) else {
        return unknown();
    };
    let refused = |reason: &str| html::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was changed", reason);
    let change = match fields.text("action") {
        "save" => match fields.choice(&available(&world, &view.login)) {
            Ok(choice) => Change::Choose(choice),
            Err(reason) => return refused(&reason),
        },
        "suspend" => Change::Suspend,
        "unsuspend" => Change::Unsuspend,
        "uninstall" => Change::Uninstall,
        _ => return refused("The page has no such button."),
    };
    match apply(&world, view.id, &change, &person) {
        Ok(told) => announce(&world, told),
        Err(reason) => return refused(&reason),
    }
    if matches!(change, Change::Uninstall) {
        return html::document(
            "Uninstalled",
            "<p>The App is told that it is not installed any more.</p>",
        )
        .into_response();
    }
    Redirect::to(&format!("/github.com/settings/installations/{}", view.id)).into_response()
}
