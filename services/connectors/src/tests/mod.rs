//! The connectors against the simulators of Slack and GitHub, as the role that holds the vault uses them.

mod backlog;
mod github;
mod github_account;
mod github_rerun;
mod installation;
mod posting;
mod reconciliation;
mod slack;
mod world;
