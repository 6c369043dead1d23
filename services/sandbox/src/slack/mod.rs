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
mod routes;
mod socket;
mod stream;
mod web_api;

pub(crate) use delivery::{Delivered, Outgoing, Route, deliver};
pub(crate) use event::{Gesture, edited, envelope, gesture};
pub(crate) use hub::{Disconnect, Hub};
pub(crate) use message::{Message, Messages};
pub(crate) use request_url::{Format, Retry, Signing, send};
pub(crate) use routes::routes;
