//! The control API: what tests and demos make people, Slack, GitHub and Clerk do.

mod authorization;
mod change;
mod clerk;
mod command;
mod connection;
mod gesture;
mod home;
mod installations;
mod modal;
mod observation;
mod people;
mod press;
mod reaction;
mod route;
mod verb;
mod webhook;
mod workspace;

pub(crate) use verb::{perform, routes};
