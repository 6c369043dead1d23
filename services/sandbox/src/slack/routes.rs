use axum::{
    Router,
    routing::{any, get, post},
};

use super::{consent, file, response_url, socket, web_api};
use crate::world::Shared;

/// Everything below `/slack`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/{method}", any(web_api::call))
        .route("/oauth/v2/authorize", get(consent::page).post(consent::decide))
        .route("/socket", get(socket::connect))
        .route("/response/{id}", post(response_url::respond))
        .route("/upload/{id}", post(file::upload))
        .route("/files/{id}/{name}", get(file::download))
}
