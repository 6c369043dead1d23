//! GitHub: signed webhooks with realistic payloads, the pages on which people install and authorize the App, and the
//! part of the REST API that an App uses.

mod account;
mod announcement;
mod app;
mod assertion;
mod call;
mod change;
mod delivery;
mod hook;
mod identity;
mod installation;
mod limit;
mod page;
mod payload;
mod person;
mod repositories;
mod rest;
mod runs;
mod state;
mod subject;
mod token;
mod web;
mod workflow_runs;

pub(crate) use announcement::{Announcement, tell};
pub(crate) use assertion::public_key;
pub(crate) use change::{Change, apply};
pub(crate) use delivery::{Delivery, Sending, Webhook, send};
pub(crate) use installation::View;
pub(crate) use payload::{About, merge, payload};
pub(crate) use rest::routes;
pub(crate) use runs::Run;
pub(crate) use state::Github;
pub(crate) use web::{approve, routes as web_routes};
