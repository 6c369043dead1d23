//! The door of the API: what every request goes through before a route sees it, and every response on its way out.
//!
//! [`admit`] stands before each route: session, organization, rate, origin; the permission and then the position, for whoever
//! waits for one; for what changes something the permission, the body and the idempotency key. [`Reader`] and [`Asker`] are all that a route gets; whoever reads with them
//! is found to have the permission there. [`around`] stands around all routes: entity tags, time limit, CORS, security headers.

mod admit;
mod admitted;
mod api;
mod around;
mod asker;
mod audit;
mod body;
mod caller;
mod cors;
mod etag;
mod idempotency;
mod origins;
mod position;
mod rate;
mod reader;
mod security;
mod session;
mod timeout;

pub(crate) use admit::{Door, admit};
pub(crate) use admitted::Admitted;
pub(crate) use api::Api;
pub(crate) use around::around;
pub(crate) use asker::{Asker, Identity};
pub(crate) use caller::Caller;
pub(crate) use etag::{Precondition, tag};
pub(crate) use position::POSITION;
pub(crate) use reader::Reader;
pub(crate) use session::of_cookie;
