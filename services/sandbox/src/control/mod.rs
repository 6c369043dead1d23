//! The control API: what tests and demos make people, Slack, GitHub and Clerk do.

mod authorization;
mod clerk;
mod command;
mod connection;
mod gesture;
mod installations;
mod observation;
mod people;
mod route;
mod verb;
mod webhook;

pub(crate) use verb::routes;
