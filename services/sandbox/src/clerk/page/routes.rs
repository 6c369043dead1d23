use axum::{Router, http::StatusCode, routing::get};

use super::{organization, sign_in, sign_out, user};
use crate::{html, world::Shared};

/// The pages below `/clerk`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", get(sign_out::page).post(sign_out::sign_out))
        .route("/organization", get(organization::page).post(organization::change))
        .route("/user", get(user::page).post(user::change))
        .fallback(|| async { html::refusal(StatusCode::NOT_FOUND, "Not found", "This is not the page you look for.") })
}
