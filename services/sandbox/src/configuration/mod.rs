//! What a sandbox pretends to be: a Slack workspace with its app, a GitHub App with its accounts, and an
//! instance of Clerk with its people.

mod clerk;
mod github;
mod sandbox;
mod slack;

pub use clerk::{ClerkInstance, ClerkMembership, ClerkOrganization, ClerkUser};
pub use github::{GithubAccount, GithubInstallation, GithubPerson};
pub use sandbox::Configuration;
pub use slack::{Named, SlackWorkspace};
