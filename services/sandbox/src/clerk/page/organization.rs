use std::fmt::Write;

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    super::{
        announcement::announce,
        change::{Change, apply},
        directory::Kept,
        organization::OrganizationFields,
        session::Session,
    },
    members,
    visit::{Asked, Visit},
};
use crate::{
    clock,
    html::{self, escaped, hidden},
    world::{Shared, World},
};

/// What somebody does about organizations.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    action: Action,
    /// For `switch`; empty for none.
    #[serde(default)]
    organization: String,
    /// For `create` and `rename`.
    #[serde(default)]
    name: String,
    /// For `role`, `add` and `remove`.
    #[serde(default)]
    user: String,
    /// For `role` and `add`.
    #[serde(default)]
    role: String,
    #[serde(default)]
    redirect_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Switch,
    Create,
    Rename,
    Add,
    Role,
    Remove,
    Delete,
}

/// Shows which organization somebody acts for, the others, and what an admin can do.
///
/// <https://clerk.com/docs/guides/account-portal/overview#organization-profile>
pub(super) async fn page(State(world): State<Shared>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let visit = match Visit::read(&world, &headers, &asked.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let Some((_, session)) = &visit.session else {
        return Redirect::to(&visit.link("sign-in")).into_response();
    };
    let target = hidden(&[("redirect_url", visit.redirect_url())]);
    let (title, body) = {
        let kept = world.clerk.directory.lock();
        let mut body = visit.menu(&[
            ("user", "Account"),
            ("sign-in", "Somebody else"),
            ("sign-out", "Sign out"),
        ]);
        body += &switcher(&kept, session, &target);
        let (title, settings) = members::settings(&kept, session, &target);
        (title, body + &settings)
    };
    visit.renewed(&world, html::document(&title, &body).into_response())
}

fn switcher(kept: &Kept, session: &Session, target: &str) -> String {
    let mut html = format!(
        "<form method=\"post\" action=\"/clerk/organization\">{target}{}<fieldset><legend>Act for</legend>",
        hidden(&[("action", "switch")]),
    );
    let memberships = kept.memberships_of(&session.user);
    let named = memberships
        .iter()
        .map(|(it, role)| (it.id.as_str(), it.name.as_str(), role.short()));
    for (id, name, role) in named.chain([("", "No organization", "alone")]) {
        let is_active = session.organization.as_deref().unwrap_or_default() == id;
        // A text takes whatever is written to it.
        let _ = write!(
            html,
            "<button name=\"organization\" value=\"{}\"{}>{} <small>({})</small></button>",
            escaped(id),
            if is_active { " class=\"yes\"" } else { "" },
            escaped(name),
            escaped(role),
        );
    }
    format!(
        "{html}</fieldset></form><form method=\"post\" action=\"/clerk/organization\">{target}<fieldset>\
<legend>Create an organization</legend><label>Name <input name=\"name\"></label>\
<button name=\"action\" value=\"create\">Create</button></fieldset></form>",
    )
}

/// Does what somebody chose, and tells the app.
pub(super) async fn change(State(world): State<Shared>, headers: HeaderMap, Form(wanted): Form<Wanted>) -> Response {
    let visit = match Visit::read(&world, &headers, &wanted.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let Some((client, session)) = &visit.session else {
        return Redirect::to(&visit.link("sign-in")).into_response();
    };
    let refused = |reason: &str| html::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was changed", reason);
    let sessions = &world.clerk.sessions;
    if wanted.action == Action::Switch {
        let organization = Some(&wanted.organization).filter(|it| !it.is_empty());
        if organization.is_some_and(|it| world.clerk.seat(&session.user, it).is_none()) {
            return refused("You do not belong to that organization.");
        }
        sessions.switch(client, organization.cloned());
        return visit.renewed(&world, visit.finished("organization"));
    }
    let created = format!("org_{}", hex::encode(&clock::random()[..12]));
    let change = match decided(&world, session, &wanted, &created) {
        Ok(change) => change,
        Err(reason) => return refused(reason),
    };
    match apply(&world.clerk, change, clock::milliseconds()) {
        Ok(events) => announce(&world, events),
        Err(reason) => return refused(&reason),
    }
    if wanted.action == Action::Create {
        sessions.switch(client, Some(created));
    }
    visit.renewed(&world, Redirect::to(&visit.link("organization")).into_response())
}

fn decided(world: &World, session: &Session, wanted: &Wanted, created: &str) -> Result<Change, &'static str> {
    let fields = || {
        let name = wanted.name.trim();
        if name.is_empty() || name.len() > 100 {
            return Err("The name has to have between 1 and 100 letters.");
        }
        Ok(OrganizationFields {
            name: Some(name.to_owned()),
            slug: None,
        })
    };
    if wanted.action == Action::Create {
        return Ok(Change::CreateOrganization {
            id: created.to_owned(),
            fields: fields()?,
            by: session.user.clone(),
        });
    }
    let active = session.organization.clone().ok_or("You act for no organization.")?;
    let seat = world.clerk.seat(&session.user, &active);
    let is_admin = seat.is_some_and(|seat| seat.role.is_admin());
    let leaves = wanted.action == Action::Remove && wanted.user == session.user;
    if !is_admin && !leaves {
        return Err("Only an admin can do that.");
    }
    let (user, role) = (wanted.user.clone(), wanted.role.clone());
    let id = active.clone();
    Ok(match wanted.action {
        Action::Rename => Change::UpdateOrganization { id, fields: fields()? },
        Action::Delete => Change::DeleteOrganization { id },
        Action::Add => Change::CreateMembership {
            user,
            organization: id,
            role,
        },
        Action::Role => Change::UpdateMembership {
            user,
            organization: id,
            role,
        },
        Action::Remove => Change::DeleteMembership { user, organization: id },
        Action::Switch | Action::Create => return Err("The page has no such button."),
    })
}
