//! The connectors: how facts come in from Slack and GitHub, what they mean, and how answers go out.

mod catalogue;
pub mod fact;
pub mod github;
pub mod http;
mod problem;
mod refusal;
pub mod slack;
mod text;

pub use fact::Fact;
pub use problem::Problem;
