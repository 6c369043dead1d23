//! The calls of one request, with a token that may turn out to be dead on the way.

use std::{fmt, time::Duration};

use infragpt_nats::ServiceError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tracing::info;

use super::LONGEST_OPERATION;
use crate::{
    BoxFuture,
    slack::{
        credential::Token,
        web_api::{Caller, Failure, WebApi},
    },
};

/// How long something that has to be said waits for a limit of Slack.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is left of an operation's time for a call after it has waited.
const LAST_CALL: Duration = Duration::from_secs(10);

/// Gets another token of the same connection.
pub(super) type Renew = Box<dyn FnOnce() -> BoxFuture<Result<Token, ServiceError>> + Send>;

/// The calls of one request. A token that Slack refuses is renewed once: it refuses before it does anything.
pub(super) struct Session {
    pub(super) api: WebApi,
    pub(super) token: Token,
    renew: Option<Renew>,
    patience: Duration,
    ends: Instant,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("account", &self.token.account)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub fn new(api: WebApi, token: Token, renew: Renew) -> Self {
        Self {
            api,
            token,
            renew: Some(renew),
            patience: PATIENCE,
            ends: Instant::now() + LONGEST_OPERATION,
        }
    }

    /// From now on nothing waits for a limit of Slack: what is to be said is worth nothing later.
    pub fn hurry(&mut self) {
        self.patience = Duration::ZERO;
    }

    fn caller(&self) -> Caller<'_> {
        let left = self.ends.saturating_duration_since(Instant::now());
        Caller {
            patience: self.patience.min(left.saturating_sub(LAST_CALL)),
            ..self.token.caller()
        }
    }

    /// A token speaks only in the workspace that it belongs to, whatever a request says.
    pub fn check_account(&self, account: &str) -> Result<(), ServiceError> {
        if self.token.speaks_in(account) {
            return Ok(());
        }
        Err(ServiceError::new(
            404,
            format!("no bot token belongs to Slack workspace `{account}`"),
        ))
    }

    /// As [`WebApi::json`].
    pub async fn json<T: DeserializeOwned>(&mut self, method: &'static str, body: &Value) -> Result<T, Failure> {
        match self.api.json(self.caller(), method, body).await {
            Err(failure) if failure.is_about_token() => {
                self.renew(failure).await?;
                self.api.json(self.caller(), method, body).await
            }
            outcome => outcome,
        }
    }

    /// As [`WebApi::form`].
    pub async fn form<T: DeserializeOwned>(
        &mut self,
        method: &'static str,
        fields: &[(&'static str, &str)],
    ) -> Result<T, Failure> {
        match self.api.form(self.caller(), method, fields.iter().copied()).await {
            Err(failure) if failure.is_about_token() => {
                self.renew(failure).await?;
                self.api.form(self.caller(), method, fields.iter().copied()).await
            }
            outcome => outcome,
        }
    }

    /// As [`WebApi::upload`], which needs no token.
    pub async fn upload(&mut self, url: &str, content: &str) -> Result<(), Failure> {
        self.api.upload(self.caller(), url, content).await
    }

    /// # Errors
    /// `failure`, when there is no other token.
    async fn renew(&mut self, failure: Failure) -> Result<(), Failure> {
        let Some(renew) = self.renew.take() else {
            return Err(failure);
        };
        match renew().await {
            Ok(token) => {
                info!(account = token.account, reason = %failure, "Slack refused a token: going on with another one");
                self.token = token;
                Ok(())
            }
            Err(error) => {
                info!(account = self.token.account, reason = %failure, "Slack refused a token, and there is no other: {error}");
                Err(failure)
            }
        }
    }
}
