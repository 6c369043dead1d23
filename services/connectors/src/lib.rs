//! The connectors: how facts come in from Slack and GitHub, what they mean, and how answers go out.

mod catalogue;
pub mod connector;
pub mod fact;
pub mod github;
pub mod http;
mod problem;
mod refusal;
pub mod registry;
pub mod slack;
#[cfg(test)]
mod tests;
mod text;

pub use connector::{
    Authorization, Begin, BoxError, BoxFuture, Completion, Condition, Connector, Failure, Inbound, Listing, Operation,
    Returned,
};
pub use fact::Fact;
pub use problem::Problem;
pub use registry::configured;
