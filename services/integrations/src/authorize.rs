//! `integration.v1.authorize`: somebody came back from an external system.

use std::collections::BTreeMap;

use infragpt_connectors::{Completion, Returned};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    audit::AuditedAction,
    integration::{Account, IntegrationCommand},
    organization::{Organization, Role},
};
use infragpt_nats::{Cause, Origin, ServiceError};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::{
    context::{Context, sentence, sequence},
    establish::failed,
    request::Target,
    state::{Error, State},
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    /// The kind of system that they came back from.
    pub connector: String,
    /// What they brought: the query of the address that they were sent to.
    pub parameters: BTreeMap<String, String>,
    /// Who they are, as `user:<id>`, where a session says so. It has to be who started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Where the request came from.
    #[serde(default)]
    pub origin: Origin,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AuthorizeReply {
    /// It is connected.
    Connected {
        /// For whom.
        organization: OrganizationId,
        /// With which kind of system.
        connector: ConnectorKind,
        /// With which account.
        account: Account,
        /// The sequence in the stream EVENTS of the last event of it.
        position: Option<u64>,
    },
    /// Their browser has to go on.
    Redirect {
        /// Where.
        url: String,
        /// The sequence in the stream EVENTS of what says that they came back.
        position: Option<u64>,
    },
    /// Somebody else has to do something there first.
    Waiting {
        /// What, for people.
        message: String,
        /// The sequence in the stream EVENTS of what says that nothing came of it yet.
        position: Option<u64>,
    },
}

impl Context {
    /// Finishes an attempt, or sends the person on.
    pub(crate) async fn authorize(&self, request: AuthorizeRequest) -> Result<AuthorizeReply, ServiceError> {
        let (kind, connector) = self.connector(&request.connector)?;
        let mut parameters = request.parameters;
        let Some(signed) = parameters.remove("state").filter(|state| !state.is_empty()) else {
            return Err(ServiceError::new(
                400,
                "Nobody here asked for this, so nothing was connected. What was allowed there stays: start connecting \
                 here to make use of it.",
            ));
        };
        let now = self.now();
        let state = self.signer.read(&signed);
        let state = state.map_err(|error| self.disbelieved(&kind, error, &request.origin))?;
        // It was signed here, so it says truly whose attempt it is; nothing is noted any more of who is gone.
        let organization = self.check_present(&state.organization).await?;
        state.check(&kind, now).map_err(|error| {
            self.note_refused(&state, "expired or for another connector", &request.origin);
            self.disbelieved(&kind, error, &request.origin)
        })?;
        let target = Target::new(state.organization.clone(), kind);
        check_administrator(&organization, &state.requested_by).inspect_err(|refused| {
            self.note_refused(&state, &refused.message, &request.origin);
        })?;
        // Never an identifier from outside: of two requests with one state, the second must not pass for a repetition of
        // the first.
        let cause = Cause {
            id: Uuid::now_v7().to_string(),
            correlation: state.attempt.to_string(),
            actor: state.requested_by.clone(),
            time: now,
            traceparent: None,
            origin: request.origin.clone(),
        };
        let by = state
            .requested_by
            .starts_with("user:")
            .then(|| request.actor.unwrap_or_default());
        let back = IntegrationCommand::Return {
            attempt: state.attempt,
            leg: state.leg,
            by,
            now,
        };
        let came_back = self.execute(&target, &cause, back).await.inspect_err(|refused| {
            if refused.code < 500 {
                self.note_refused(&state, &refused.message, &request.origin);
            }
        })?;
        let position = sequence(came_back.position);
        let returned = Returned::Redirect {
            parameters,
            leg: state.leg,
            redirect_base: self.settings.public_url.clone(),
            pinned: state.account.clone(),
        };
        let _turn = self.turns.of(target.integration).await;
        let outcome = match connector.complete(&returned).await {
            Ok(Completion::Authorized(authorization)) => self
                .establish(&target, &cause, *authorization, Some(state.attempt))
                .await
                .map(|established| AuthorizeReply::Connected {
                    organization: target.organization.clone(),
                    connector: target.connector.clone(),
                    account: established.account,
                    position: established.position.or(position),
                }),
            Ok(Completion::Redirect { url, account }) => Ok(AuthorizeReply::Redirect {
                url: self.next_leg(&state, url, account),
                position,
            }),
            Ok(Completion::Waiting(message)) => Err(ServiceError::new(202, sentence(&message))),
            Err(failure) => Err(failed(&failure)),
        };
        match outcome {
            Ok(reply) => Ok(reply),
            Err(error) => {
                let fail = IntegrationCommand::FailAuthorization {
                    attempt: state.attempt,
                    reason: error.message.clone(),
                };
                let cause = Cause {
                    id: Uuid::now_v7().to_string(),
                    ..cause
                };
                let given_up = self.execute(&target, &cause, fail).await?;
                tracing::info!(
                    organization.id = %target.organization, integration.id = %target.integration, code = error.code,
                    "Connecting {} for organization `{}` came to nothing: {}", target.connector, target.organization,
                    error.message
                );
                match error {
                    ServiceError { code: 202, message } => Ok(AuthorizeReply::Waiting {
                        message,
                        position: sequence(given_up.position).or(position),
                    }),
                    error => Err(error),
                }
            }
        }
    }

    /// `url` with a state for the journey after `state`'s.
    fn next_leg(&self, state: &State, mut url: Url, account: Option<String>) -> String {
        let next = State {
            leg: state.leg + 1,
            account: account.or_else(|| state.account.clone()),
            ..state.clone()
        };
        self.signer.add(&next, &mut url);
        url.into()
    }

    fn disbelieved(&self, kind: &ConnectorKind, error: Error, origin: &Origin) -> ServiceError {
        if error == Error::Forged {
            self.vault.audit().note(infragpt_nats::Note {
                organization: OrganizationId::nobody(),
                action: AuditedAction::AuthorizationRefused,
                connector: Some(kind.clone()),
                integration: None,
                purpose: None,
                refused: Some(error.to_string()),
                actor: "unknown".to_owned(),
                correlation: None,
                origin: origin.clone(),
            });
        }
        let code = match error {
            Error::Forged | Error::Foreign => 400,
            Error::Expired => 410,
        };
        ServiceError::new(code, sentence(&error.to_string()))
    }

    fn note_refused(&self, state: &State, why: &str, origin: &Origin) {
        let target = Target::new(state.organization.clone(), state.connector.clone());
        self.vault.audit().note(infragpt_nats::Note {
            organization: target.organization,
            action: AuditedAction::AuthorizationRefused,
            connector: Some(target.connector),
            integration: Some(target.integration),
            purpose: None,
            refused: Some(why.to_owned()),
            actor: "unknown".to_owned(),
            correlation: None,
            origin: origin.clone(),
        });
    }
}

/// Refuses a person who may not connect systems any more: what they began with the permission does not outlive it.
fn check_administrator(organization: &Organization, requested_by: &str) -> Result<(), ServiceError> {
    match requested_by.strip_prefix("user:") {
        Some(user) if organization.role_of(user) != Some(Role::Admin) => Err(ServiceError::new(
            403,
            "Whoever began this is no administrator of the organization any more, so nothing was connected.",
        )),
        _ => Ok(()),
    }
}
