//! Simulators of Slack, GitHub and Clerk that speak their real wire formats, so that demos and tests need no account.

mod clerk;
mod client;
mod clock;
mod configuration;
mod control;
mod fault;
mod github;
mod html;
mod journal;
mod operation;
mod problem;
mod redirect;
mod sandbox;
mod signature;
mod slack;
#[cfg(test)]
mod tests;
mod world;

pub use clerk::{Announced, SessionError};
pub use configuration::{
    ClerkInstance, ClerkMembership, ClerkOrganization, ClerkUser, Configuration, GithubAccount, GithubInstallation,
    GithubPerson, Named, SlackWorkspace,
};
pub use sandbox::{Error, Sandbox};
