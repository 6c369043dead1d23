//! What a sandbox pretends to be: a Slack workspace with its app, and a GitHub App with its accounts.

mod github;
mod sandbox;
mod slack;

pub use github::{GithubAccount, GithubInstallation, GithubPerson};
pub use sandbox::Configuration;
pub use slack::{Named, SlackWorkspace};
