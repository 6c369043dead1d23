use axum::{
    Form,
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use super::{
    super::announcement::announce,
    visit::{Asked, Visit, forget},
};
use crate::{
    clock,
    html::{self, hidden},
    world::Shared,
};

/// Asks whether somebody wants to leave; a mere link ends nothing.
pub(super) async fn page(State(world): State<Shared>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let visit = match Visit::read(&world, &headers, &asked.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let form = format!(
        "<form method=\"post\" action=\"/clerk/sign-out\">{}<button class=\"yes\">Sign out</button></form>",
        hidden(&[("redirect_url", visit.redirect_url())]),
    );
    html::document("Sign out", &form).into_response()
}

/// Ends the session, and takes both cookies from the browser. A token that somebody kept is good until it expires.
pub(super) async fn sign_out(State(world): State<Shared>, headers: HeaderMap, Form(asked): Form<Asked>) -> Response {
    let visit = match Visit::read(&world, &headers, &asked.redirect_url) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    if let Some((client, _)) = &visit.session {
        let ended = world.clerk.sessions.end(client, clock::milliseconds());
        announce(&world, ended.into_iter().collect());
    }
    let mut response = visit.finished("sign-in");
    forget(&mut response);
    response
}
