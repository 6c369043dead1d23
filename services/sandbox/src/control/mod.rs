//! The control API: what tests and demos make people and GitHub do.

mod authorization;
mod command;
mod connection;
mod gesture;
mod installations;
mod observation;
mod route;
mod verb;
mod webhook;

pub(crate) use verb::routes;
