use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Redirect,
    routing::{get, post},
};

use super::{authorize, exchange, install, settings};
use crate::{html, world::Shared};

/// Everything below `/github.com`.
pub(crate) fn routes() -> Router<Shared> {
    let about = |State(world): State<Shared>| async move {
        let slug = &world.configuration.github.slug;
        Redirect::to(&format!("/github.com/apps/{slug}/installations/new"))
    };
    let settings = || get(settings::page).post(settings::change);
    Router::new()
        .route("/apps/{slug}", get(about))
        .route(
            "/apps/{slug}/installations/new",
            get(install::page).post(install::install),
        )
        .route("/settings/installations/{id}", settings())
        .route("/organizations/{login}/settings/installations/{id}", settings())
        .route("/login/oauth/authorize", get(authorize::page).post(authorize::decide))
        .route("/login/oauth/access_token", post(exchange::exchange))
        .fallback(|| async { html::refusal(StatusCode::NOT_FOUND, "Not found", "This is not the page you look for.") })
}
