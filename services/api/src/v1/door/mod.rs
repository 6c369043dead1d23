//! The door of the API: what every request goes through before a route sees it, and every response on its way out.
//!
//! [`admit`] stands before each route: session, organization, rate, origin, membership, permission, idempotency.
//! [`around`] stands around all of them: time limit, entity tags, CORS, security headers.

mod admit;
mod api;
mod around;
mod asker;
mod audit;
mod body;
mod caller;
mod cors;
mod entrance;
mod etag;
mod idempotency;
mod origins;
mod position;
mod rate;
mod reader;
mod security;
mod session;
mod timeout;

pub(crate) use admit::{Admitted, Door, admit};
pub(crate) use api::Api;
pub(crate) use around::around;
pub(crate) use asker::{Asker, Identity};
pub(crate) use caller::Caller;
pub(crate) use entrance::Entrance;
pub(crate) use etag::{Precondition, tag};
pub(crate) use position::POSITION;
pub(crate) use reader::Reader;
pub(crate) use session::of_cookie;
