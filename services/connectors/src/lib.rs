//! The connectors: how facts come in from Slack and GitHub, what they mean, and how answers go out.

pub mod catalogue;
pub mod connector;
pub mod fact;
pub mod github;
pub mod http;
pub mod problem;
pub mod redaction;
mod refusal;
pub mod registry;
pub mod slack;
#[cfg(test)]
mod tests;
pub mod text;
pub mod tool;

pub use connector::{
    Authorization, Begin, BoxError, BoxFuture, Completion, Condition, Connector, Failure, Inbound, Listing, Operation,
    Returned,
};
pub use fact::Fact;
pub use problem::Problem;
pub use refusal::refused_is_done;
pub use registry::configured;
pub use tool::{Task, Tool};
