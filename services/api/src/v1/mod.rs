//! `/api/v1`: the API of the product. [`routes`] lists every operation; each has a file of its own.

mod actions;
mod audit;
mod changes;
mod channels;
mod conversations;
mod document;
mod door;
mod error;
mod input;
mod integrations;
mod me;
mod members;
mod organization;
mod permission;
mod profile;
mod repositories;
mod resource;
mod routes;
mod rules;
pub mod settings;
mod usage;
mod words;
mod written;

pub(crate) use door::of_cookie;
pub(crate) use error::Error;
pub use permission::{Permission, Rule, TABLE};
pub use routes::{Parts, document, routes};
pub use settings::Settings;
pub(crate) use written::Written;
