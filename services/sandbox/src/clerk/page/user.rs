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
        user::UserFields,
    },
    visit::{Asked, Visit, forget},
};
use crate::{
    clock,
    html::{self, escaped, hidden},
    world::Shared,
};

/// What somebody does to their account.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    action: Action,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    redirect_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Save,
    Delete,
}

/// Shows somebody's account.
///
/// <https://clerk.com/docs/guides/account-portal/overview#user-profile>
pub(super) async fn page(State(world): State<Shared>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let visit = match Visit::read(&world, &headers, &asked.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let user = visit.session.as_ref().map(|(_, session)| session.user.clone());
    let user = user.and_then(|id| world.clerk.directory.lock().user(&id).ok().cloned());
    let Some(user) = user else {
        return Redirect::to(&visit.link("sign-in")).into_response();
    };
    let body = format!(
        "{menu}<form method=\"post\" action=\"/clerk/user\">{hidden}<fieldset><legend>Account</legend>\
<label>First name <input name=\"first_name\" value=\"{first}\"></label>\
<label>Last name <input name=\"last_name\" value=\"{last}\"></label>\
<label>Email address <input name=\"email\" type=\"email\" value=\"{email}\"></label></fieldset>\
<button class=\"yes\" name=\"action\" value=\"save\">Save</button>\
<button class=\"danger\" name=\"action\" value=\"delete\">Delete account</button></form>",
        menu = visit.menu(&[
            ("organization", "Organization"),
            ("sign-in", "Somebody else"),
            ("sign-out", "Sign out")
        ]),
        hidden = hidden(&[("redirect_url", visit.redirect_url())]),
        first = escaped(&user.first_name),
        last = escaped(&user.last_name),
        email = escaped(&user.email),
    );
    visit.renewed(&world, html::document(&user.name(), &body).into_response())
}

/// Does what somebody chose, and tells the app.
pub(super) async fn change(State(world): State<Shared>, headers: HeaderMap, Form(wanted): Form<Wanted>) -> Response {
    let visit = match Visit::read(&world, &headers, &wanted.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let Some(id) = visit.session.as_ref().map(|(_, session)| session.user.clone()) else {
        return Redirect::to(&visit.link("sign-in")).into_response();
    };
    let change = match wanted.action {
        Action::Delete => Change::DeleteUser { id },
        Action::Save => Change::UpdateUser {
            id,
            fields: UserFields {
                first_name: wanted.first_name,
                last_name: wanted.last_name,
                email: wanted.email.filter(|it| !it.is_empty()),
            },
        },
    };
    match apply(&world.clerk, change, clock::milliseconds()) {
        Ok(events) => announce(&world, events),
        Err(reason) => return html::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was changed", &reason),
    }
    if wanted.action == Action::Delete {
        let mut response = Redirect::to(&visit.link("sign-in")).into_response();
        forget(&mut response);
        return response;
    }
    Redirect::to(&visit.link("user")).into_response()
}
