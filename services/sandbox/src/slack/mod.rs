//! Slack: the Web API, Socket Mode and the Events API.

mod arguments;
mod chat;
mod consent;
pub(crate) mod conversations;
mod delivery;
mod event;
mod hub;
mod message;
mod oauth;
mod people;
pub(crate) mod reactions;
mod request_url;
mod response_url;
mod routes;
mod scope;
mod socket;
mod stream;
mod token;
mod web_api;

pub(crate) use delivery::{Delivered, Outgoing, Route, deliver};
pub(crate) use event::{Gesture, app_uninstalled, edited, envelope, envelope_of, gesture, tokens_revoked};
pub(crate) use hub::{Disconnect, Hub};
pub(crate) use message::{Message, Messages};
pub(crate) use request_url::{Format, Retry, Signing, send};
pub(crate) use routes::routes;
pub(crate) use token::{Install, Tokens};
