use std::{net::SocketAddr, path::PathBuf};

use super::{ClerkInstance, GithubInstallation, SlackWorkspace};

/// What a [`crate::Sandbox`] pretends to be and where it listens.
///
/// Every secret in here is made up and worth nothing outside the sandbox.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The one Slack workspace that exists.
    pub slack: SlackWorkspace,
    /// The one GitHub App that exists, and its first installation.
    pub github: GithubInstallation,
    /// The one instance of Clerk that exists.
    pub clerk: ClerkInstance,
    /// Directory in which Slack messages survive a restart; `None` keeps them in memory.
    pub data_directory: Option<PathBuf>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            slack: SlackWorkspace::default(),
            github: GithubInstallation::default(),
            clerk: ClerkInstance::default(),
            data_directory: None,
        }
    }
}
