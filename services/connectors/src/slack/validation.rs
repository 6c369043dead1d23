//! Whether a connection to Slack works.

use infragpt_events::integration::Connected;
use infragpt_vault::Secret;

use super::{authorization::opened, connector::Slack, manifest::missing, web_api::Failure as Refusal};
use crate::{Condition, Failure};

impl Slack {
    /// Asks Slack who the token is and what it may do. <https://docs.slack.dev/reference/methods/auth.test>
    pub(super) async fn probe(&self, connected: &Connected, secret: Option<&Secret>) -> Result<Condition, Failure> {
        let Some(secret) = secret else {
            return Ok(Condition::Broken(
                "no token is kept for it: connect the workspace again".to_owned(),
            ));
        };
        let token = opened(secret)?;
        let (identity, scopes) = match self.api.identity(token.caller()).await {
            Ok(known) => known,
            Err(Refusal::Refused(word)) if word == "account_inactive" => {
                return Ok(Condition::Gone("The app was uninstalled in Slack".to_owned()));
            }
            Err(failure) if failure.is_dead_token() => {
                return Ok(Condition::Broken(Failure::from(failure).to_string()));
            }
            Err(failure) => return Err(failure.into()),
        };
        if identity.account() != connected.account.id {
            return Ok(Condition::Broken(format!(
                "the token belongs to `{}` and not to `{}`: connect the workspace again",
                identity.account(),
                connected.account.id
            )));
        }
        let missing = scopes.as_deref().map(missing).unwrap_or_default();
        if !missing.is_empty() {
            return Ok(Condition::Broken(format!(
                "Slack no longer allows {}: connect the workspace again",
                missing.join(", ")
            )));
        }
        Ok(Condition::Working { scopes })
    }
}
