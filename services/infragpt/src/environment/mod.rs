//! A whole installation on this machine: servers, streams, tables, sandbox and all roles.

mod browser;
mod consent;
mod control;
mod dev;
mod endpoints;
mod installation;
mod observer;
mod roles;
mod secrets;

pub use browser::{Browser, Page};
pub use control::{Control, Delivered, Posted, Said};
pub use dev::{DevArguments, dev};
pub use endpoints::{Endpoints, NatsCredentials};
pub use installation::{Installation, Options};
pub use observer::Observer;
pub use roles::Roles;
