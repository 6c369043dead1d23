//! Everything that is written down, told from the code: for people, for scripts and as an AsyncAPI document.

mod asyncapi;
mod entry;
mod envelope;
mod fact;
mod markdown;
mod permission;
mod schema;
mod service;
#[cfg(test)]
mod tests;

pub use asyncapi::asyncapi;
pub use entry::{Entry, Reader, entries};
pub use markdown::markdown;
pub use service::{ENDPOINTS, Endpoint};
