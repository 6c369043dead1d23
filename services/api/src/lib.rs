//! HTTP: the API of the product under `/api/v1`, what every listener has in common (health, readiness, problems, request
//! ids, one log line a request), and the pages that people come back to from Slack and GitHub.

pub mod authorization;
mod client;
mod health;
mod layers;
pub mod problem;
mod readiness;
mod router;
mod server;
#[cfg(test)]
mod tests;
pub mod v1;

pub use client::{NotANetwork, Proxies};
pub use layers::{REQUEST_ID, RequestId, layered};
pub use problem::Problem;
pub use readiness::{Readiness, Report};
pub use router::router;
pub use server::{Error, serve};
