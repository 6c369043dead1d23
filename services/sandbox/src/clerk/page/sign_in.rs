use std::fmt::Write;

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    super::{announcement::announce, user::User},
    visit::{Asked, Visit, remember},
};
use crate::{
    clock,
    html::{self, escaped, hidden},
    world::Shared,
};

/// Who somebody wants to be.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    user: String,
    #[serde(default)]
    organization: String,
    #[serde(default)]
    redirect_url: String,
}

/// Asks who somebody is, and for which organization they act.
///
/// <https://clerk.com/docs/guides/account-portal/overview>
pub(super) async fn page(State(world): State<Shared>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let visit = match Visit::read(&world, &headers, &asked.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let mut body = String::new();
    let kept = world.clerk.directory.lock();
    if let Some((_, session)) = &visit.session {
        let name = kept.user(&session.user).map(User::name).unwrap_or_default();
        body = format!("<p>You are signed in as <strong>{}</strong>.</p>", escaped(&name));
        body += &visit.menu(&[
            ("organization", "Organization"),
            ("user", "Account"),
            ("sign-out", "Sign out"),
        ]);
    }
    for user in &kept.users {
        // A text takes whatever is written to it.
        let _ = write!(
            body,
            "<form method=\"post\" action=\"/clerk/sign-in\">{hidden}<fieldset><legend>{name} <small>{email}</small></legend>",
            hidden = hidden(&[("user", &user.id), ("redirect_url", visit.redirect_url())]),
            name = escaped(&user.name()),
            email = escaped(&user.email),
        );
        for (organization, role) in kept.memberships_of(&user.id) {
            let _ = write!(
                body,
                "<button class=\"yes\" name=\"organization\" value=\"{}\">{} <small>({})</small></button>",
                escaped(&organization.id),
                escaped(&organization.name),
                escaped(role.short()),
            );
        }
        body += "<button name=\"organization\" value=\"\">No organization</button></fieldset></form>";
    }
    drop(kept);
    visit.renewed(&world, html::document("Sign in", &body).into_response())
}

/// Signs somebody in and sends them on.
pub(super) async fn sign_in(State(world): State<Shared>, headers: HeaderMap, Form(chosen): Form<Chosen>) -> Response {
    let mut visit = match Visit::read(&world, &headers, &chosen.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let organization = Some(chosen.organization).filter(|it| !it.is_empty());
    let exists = {
        let kept = world.clerk.directory.lock();
        let belongs = |it: &String| kept.membership(&chosen.user, it).is_some();
        kept.user(&chosen.user).is_ok() && organization.as_ref().is_none_or(belongs)
    };
    if !exists {
        let reason = "There is no such person, or they do not belong to that organization.";
        return html::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Nobody signed in", reason);
    }
    let now = clock::milliseconds();
    let sessions = &world.clerk.sessions;
    // One session in a browser, as an instance has it unless it is told otherwise.
    let before = visit.session.take().and_then(|(client, _)| sessions.end(&client, now));
    let (client, event) = sessions.begin(&chosen.user, organization, now);
    announce(&world, before.into_iter().chain([event]).collect());
    visit.session = sessions.find(&client).map(|session| (client.clone(), session));
    let mut response = visit.renewed(&world, visit.finished("organization"));
    remember(&mut response, &client);
    response
}
