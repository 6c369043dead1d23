//! Whether a connection to GitHub works.

use infragpt_events::integration::Connected;

use super::{connector::Github, installation};
use crate::{Condition, Failure};

impl Github {
    /// Asks GitHub about the installation, as the App.
    pub(super) async fn probe(&self, connected: &Connected) -> Result<Condition, Failure> {
        let id = installation::of(connected)?;
        let found = match self.installation(self.app()?, id).await {
            Ok(found) => found,
            Err(Failure::Unauthorized(reason)) => return Ok(Condition::Broken(reason)),
            Err(failure) => return Err(failure),
        };
        Ok(match found {
            None => Condition::Gone("The App was uninstalled on GitHub".to_owned()),
            Some(found) if found.suspended_at.is_some() => {
                Condition::Suspended("The installation was suspended on GitHub".to_owned())
            }
            Some(found) => Condition::Working {
                scopes: Some(found.scopes()),
            },
        })
    }
}
