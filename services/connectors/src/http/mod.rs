//! Calls to providers over HTTP: pooled, bounded in time and size, repeated where that is safe, no oftener than is allowed, and
//! given up on quickly while a provider is down.

mod answer;
mod breaker;
mod call;
mod client;
mod error;
mod limits;
pub mod metrics;
mod redirect;
mod wait;

pub use answer::Answer;
pub use call::{Call, PATIENCE};
pub use client::Client;
pub use error::Error;
pub(crate) use redirect::same_origin;
