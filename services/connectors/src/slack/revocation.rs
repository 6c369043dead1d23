//! How a connection to Slack is ended there.

use infragpt_vault::Secret;

use super::{authorization::opened, connector::Slack, web_api::Failure as Refusal};
use crate::Failure;

impl Slack {
    /// Takes the app out of the workspace where the application's own client is configured, else ends the token.
    ///
    /// Sources: <https://docs.slack.dev/reference/methods/apps.uninstall>, <https://docs.slack.dev/reference/methods/auth.revoke>.
    pub(super) async fn uninstall(&self, secret: Option<&Secret>) -> Result<(), Failure> {
        let Some(secret) = secret else {
            return Ok(());
        };
        let token = opened(secret)?;
        let mut ended = match self.configuration.client() {
            Some(client) => self.api.end(token.caller(), "apps.uninstall", Some(client)).await,
            None => self.api.end(token.caller(), "auth.revoke", None).await,
        };
        // The token may be one of another application than the one that is configured.
        if let Err(Refusal::Refused(word)) = &ended
            && matches!(
                word.as_str(),
                "client_id_token_mismatch" | "invalid_client_id" | "bad_client_secret"
            )
        {
            ended = self.api.end(token.caller(), "auth.revoke", None).await;
        }
        match ended {
            Ok(()) => Ok(()),
            Err(failure) if failure.is_dead_token() => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }
}
