//! Simulators of Slack and GitHub that speak their real wire formats, so that demos and tests need no account.

mod clock;
mod configuration;
mod control;
mod fault;
mod github;
mod html;
mod journal;
mod page;
mod problem;
mod redirect;
mod sandbox;
mod signature;
mod slack;
#[cfg(test)]
mod tests;
mod world;

pub use configuration::{Configuration, GithubAccount, GithubInstallation, GithubPerson, Named, SlackWorkspace};
pub use sandbox::{Error, Sandbox};
