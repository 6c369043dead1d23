//! Slack: the Web API, Socket Mode and the Events API.

mod arguments;
pub(crate) mod assistant;
pub(crate) mod block;
pub(crate) mod channel;
mod chat;
mod consent;
pub(crate) mod conversations;
mod delivery;
mod event;
pub(crate) mod file;
mod hub;
pub(crate) mod interaction;
mod message;
mod oauth;
mod people;
pub(crate) mod reactions;
mod request_url;
pub(crate) mod response_url;
mod routes;
mod scope;
mod socket;
pub(crate) mod stream;
mod surface;
mod task;
mod token;
pub(crate) mod view;
mod web_api;

pub(crate) use delivery::{Delivered, Outgoing, Route, deliver};
pub(crate) use event::{
    Gesture, app_uninstalled, assistant_started, edited, envelope, envelope_of, gesture, home_opened, reacted, shown,
    tokens_revoked,
};
pub(crate) use hub::{Disconnect, Hub};
pub(crate) use message::{Message, Messages};
pub(crate) use request_url::{Format, Retry, Signing, send};
pub(crate) use routes::routes;
pub(crate) use surface::Surface;
pub(crate) use token::{Install, Tokens};
