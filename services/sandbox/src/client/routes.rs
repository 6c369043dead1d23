use axum::{
    Router,
    routing::{get, post},
};

use super::{gesture, live, shell, state};
use crate::world::Shared;

/// The page at `/`, and what it is made of.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(shell::page))
        .route("/archives/{channel}/{message}", get(shell::archive))
        .route("/slack/client/page.js", get(shell::script))
        .route("/slack/client/page.css", get(shell::style))
        .route("/slack/client/state", get(state::state))
        .route("/slack/client/events", get(live::events))
        .route("/slack/client/{verb}", post(gesture::gesture))
}
