//! `integration.v1.connect`: an operator connects an account without a consent page, by a token or by its number.

use infragpt_connectors::{Completion, Returned};
use infragpt_nats::ServiceError;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    context::{Context, sentence},
    establish::{Established, failed},
    request::{Asker, Target, organization},
};

/// The request. It may hold a secret, so it can only be read, and never shown.
#[derive(Debug, Clone, Deserialize)]
pub struct ConnectRequest {
    /// The organization that gets the connection.
    pub organization: String,
    /// The kind of system.
    pub connector: String,
    /// The account there, where an operator names it.
    #[serde(default)]
    pub account: Option<String>,
    /// The credential, where an operator has one.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

impl Context {
    /// Connects what the operator gave.
    pub(crate) async fn connect(&self, request: ConnectRequest) -> Result<Established, ServiceError> {
        let organization = organization(&request.organization)?;
        let (kind, connector) = self.connector(&request.connector)?;
        let cause = request.asker.cause(self.now())?;
        self.check_present(&organization).await?;
        let returned = match (request.token, request.account) {
            (Some(token), None) => Returned::Token(token),
            (None, Some(account)) => Returned::Account(account),
            (Some(_), Some(_)) => {
                return Err(ServiceError::new(
                    400,
                    "Give a token or an account, not both: the token says which account it is.",
                ));
            }
            (None, None) => {
                return Err(ServiceError::new(
                    400,
                    format!("Connecting {kind} as an operator needs a token or an account."),
                ));
            }
        };
        let is_named = matches!(returned, Returned::Account(_));
        let target = Target::new(organization, kind);
        let _turn = self.turns.of(target.integration).await;
        match connector.complete(&returned).await {
            Ok(Completion::Authorized(mut authorization)) => {
                // A connector that can't ask has only the number: what is known of that account is better.
                if let Some(known) = self.load(&target).await?.ever_connected()
                    && is_named
                    && known.account.id == authorization.account.id
                    && authorization.scopes.is_empty()
                {
                    authorization.account.clone_from(&known.account);
                    authorization.scopes.clone_from(&known.scopes);
                }
                let established = self.establish(&target, &cause, *authorization, None).await?;
                let position = self.position(&target, &cause, established.position).await?;
                Ok(Established {
                    position,
                    ..established
                })
            }
            Ok(Completion::Waiting(message)) => Err(ServiceError::new(409, sentence(&message))),
            Ok(Completion::Redirect { .. }) => Err(ServiceError::new(
                400,
                format!("{} can't be connected without its consent page.", target.connector),
            )),
            Err(failure) => Err(failed(&failure)),
        }
    }
}
