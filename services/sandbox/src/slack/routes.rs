use axum::{
    Router,
    routing::{any, get, post},
};

use super::{consent, response_url, socket, web_api};
use crate::world::Shared;

/// Everything below `/slack`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/{method}", any(web_api::call))
        .route("/oauth/v2/authorize", get(consent::page).post(consent::decide))
        .route("/socket", get(socket::connect))
        .route("/response/{channel}", post(response_url::respond))
}
