//! Slack: the Web API, Socket Mode and the Events API.

mod arguments;
mod chat;
pub(crate) mod conversations;
mod delivery;
mod event;
mod hub;
mod message;
mod people;
pub(crate) mod reactions;
mod request_url;
mod response_url;
mod socket;
mod stream;
mod web_api;

use axum::{Router, routing::any, routing::get, routing::post};

pub(crate) use delivery::{Delivered, Outgoing, Route, deliver};
pub(crate) use event::{Gesture, edited, envelope, gesture};
pub(crate) use hub::{Disconnect, Hub};
pub(crate) use message::{Message, Messages};
pub(crate) use request_url::{Format, Retry, Signing, send};

use crate::world::Shared;

/// Everything below `/slack`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/{method}", any(web_api::call))
        .route("/socket", get(socket::connect))
        .route("/response/{channel}", post(response_url::respond))
}
