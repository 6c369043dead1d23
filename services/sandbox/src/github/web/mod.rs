//! GitHub's pages: where people install the App, change installations, and let the App act for them.

mod authorize;
mod exchange;
mod fields;
mod install;
mod routes;
mod settings;

pub(crate) use install::approve;
pub(crate) use routes::routes;
