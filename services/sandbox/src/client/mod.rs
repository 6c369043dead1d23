//! The page: a small Slack in which people see what the app does, and do what people do.

mod gesture;
mod live;
mod plain;
mod routes;
mod shell;
mod state;

pub(crate) use routes::routes;
