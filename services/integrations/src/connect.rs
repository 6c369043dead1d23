//! `integration.v1.connect`: an organization gets a connection to an account of an external system.

use infragpt_events::integration::{self, Account, Integration, IntegrationCommand, Refusal};
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_nats::{
    Accounts, AggregateSubject, Cause, Claim, ClaimOutcome, EventStore, ExecuteError, Position, ServiceError, account,
    event_store,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::Wanted;

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// The organization that gets the connection.
    pub organization: String,
    /// The kind of system.
    pub connector: String,
    /// The account in that system: needed where the connector can't say itself which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who asks: the operator's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What identifies this request, so that repeating it after a lost reply is the same request. Made up where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The integration.
    pub integration: Uuid,
    /// The account that it connects.
    pub account: Account,
    /// Its state: `active`.
    pub state: String,
    /// How many events this request appended; 0 where it was connected like this already.
    pub appended: usize,
    /// The sequence of the last of them in the stream EVENTS.
    pub position: Option<u64>,
}

/// The longest request id and actor that are taken.
const MOST_CHARACTERS: usize = 200;

impl ConnectRequest {
    /// The organization and the connector, which has to be one of `known`.
    pub(crate) fn target<'known>(
        &self,
        known: impl Iterator<Item = &'known ConnectorKind> + Clone,
    ) -> Result<(OrganizationId, ConnectorKind), ServiceError> {
        let organization =
            OrganizationId::parse(&self.organization).map_err(|error| ServiceError::new(400, format!("{error}.")))?;
        let Some(connector) = known.clone().find(|kind| kind.as_str() == self.connector) else {
            let names = known.map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
            let known = if names.is_empty() {
                "no connector is configured".to_owned()
            } else {
                format!("configured are {names}")
            };
            let wanted = self.connector.chars().take(64).collect::<String>();
            return Err(ServiceError::new(
                400,
                format!("There is no connector `{wanted}`: {known}."),
            ));
        };
        Ok((organization, connector.clone()))
    }

    /// What the new events follow from.
    pub(crate) fn cause(&self, now: chrono::DateTime<chrono::Utc>, fresh: Uuid) -> Result<Cause, ServiceError> {
        let id = self.request_id.clone().unwrap_or_else(|| fresh.to_string());
        let name = self.actor.as_deref().unwrap_or("unknown");
        let name = name.strip_prefix("operator:").unwrap_or(name);
        for (field, value) in [("request_id", id.as_str()), ("actor", name)] {
            let length = value.chars().count();
            if length == 0 || length > MOST_CHARACTERS || value.chars().any(char::is_control) {
                return Err(ServiceError::new(
                    400,
                    format!("`{field}` has to be 1 to {MOST_CHARACTERS} printable characters."),
                ));
            }
        }
        Ok(Cause {
            correlation: id.clone(),
            id,
            actor: format!("operator:{name}"),
            time: now,
            traceparent: None,
        })
    }
}

/// An organization's integration, to be connected.
#[derive(Debug)]
pub(crate) struct Target {
    pub organization: OrganizationId,
    pub integration: Uuid,
    pub subject: AggregateSubject,
}

impl Target {
    pub(crate) fn new(organization: OrganizationId, connector: &ConnectorKind) -> Self {
        let integration = integration::id(&organization, connector);
        let subject = AggregateSubject::new::<Integration>(&organization, integration);
        Self {
            organization,
            integration,
            subject,
        }
    }
}

/// Refuses where another account is connected, before that account is claimed and nobody else could have it.
pub(crate) fn check_free(present: &Integration, wanted: &Wanted) -> Result<(), ServiceError> {
    match present {
        Integration::Active(connected) | Integration::Suspended(connected, _)
            if connected.account.id != wanted.authorized.account.id =>
        {
            Err(refused(&Refusal::OtherAccount {
                connected: connected.account.id.clone(),
                wanted: wanted.authorized.account.id.clone(),
            }))
        }
        _ => Ok(()),
    }
}

/// Claims the account, authorizes the integration and grants what is known of its resources. Each step finds its own
/// earlier effect, so the whole can be repeated.
pub(crate) async fn connect(
    store: &EventStore,
    accounts: &Accounts,
    target: &Target,
    wanted: Wanted,
    cause: &Cause,
) -> Result<Connected, ServiceError> {
    let Wanted { authorized, resources } = wanted;
    let account = authorized.account.clone();
    let claim = Claim {
        organization: target.organization.clone(),
        integration: target.integration,
    };
    match accounts
        .claim(&authorized.connector, &account.id, &claim)
        .await
        .map_err(|error| unavailable(&error))?
    {
        ClaimOutcome::Claimed | ClaimOutcome::AlreadyOurs => {}
        ClaimOutcome::Taken => {
            let message = format!(
                "The {} account `{}` belongs to another organization of this installation.",
                authorized.connector, account.id
            );
            return Err(ServiceError::new(409, message));
        }
    }
    let mut commands = vec![IntegrationCommand::Authorize(authorized)];
    if !resources.is_empty() {
        commands.push(IntegrationCommand::GrantResources { resources });
    }
    let (mut appended, mut position) = (0, None::<Position>);
    for command in commands {
        let executed = store
            .execute::<Integration>(&target.subject, cause, command)
            .await
            .map_err(|error| match error {
                ExecuteError::Refused(refusal) => refused(&refusal),
                ExecuteError::Store(error) => not_stored(&error),
            })?;
        appended += executed.events.len();
        position = executed.position.or(position);
    }
    let state = "active".to_owned();
    Ok(Connected {
        integration: target.integration,
        account,
        state,
        appended,
        position: position.map(|position| position.sequence),
    })
}

fn refused(refusal: &Refusal) -> ServiceError {
    ServiceError::new(409, format!("{refusal}."))
}

fn unavailable(error: &account::Error) -> ServiceError {
    tracing::error!(%error, "An account can't be claimed");
    ServiceError::new(503, "The accounts can't be read or written right now: try again.")
}

/// The log can't be read or written.
pub(crate) fn not_stored(error: &event_store::Error) -> ServiceError {
    tracing::error!(%error, "An integration can't be stored");
    ServiceError::new(503, "The log can't be read or written right now: try again.")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use infragpt_events::Aggregate as _;
    use infragpt_events::integration::{Authorized, IntegrationEvent};

    use super::*;

    fn request() -> ConnectRequest {
        ConnectRequest {
            organization: "acme".to_owned(),
            connector: "slack".to_owned(),
            account: None,
            actor: Some("maya".to_owned()),
            request_id: Some("r-1".to_owned()),
        }
    }

    fn known() -> Vec<ConnectorKind> {
        ["github", "slack"]
            .map(|kind| ConnectorKind::parse(kind).unwrap())
            .to_vec()
    }

    #[test]
    fn a_request_names_an_organization_and_a_connector() {
        let (organization, connector) = request().target(known().iter()).unwrap();
        assert_eq!((organization.as_str(), connector.as_str()), ("acme", "slack"));
    }

    #[test]
    fn an_unsafe_organization_is_refused_with_a_sentence() {
        let refusal = ConnectRequest {
            organization: "a.*".to_owned(),
            ..request()
        }
        .target(known().iter())
        .unwrap_err();
        assert_eq!(refusal.code, 400);
        assert!(
            refusal.message.contains("`a.*` is not a valid organization"),
            "{}",
            refusal.message
        );
    }

    #[test]
    fn an_unknown_connector_is_refused_with_those_there_are() {
        let teams = ConnectRequest {
            connector: "teams".to_owned(),
            ..request()
        };
        assert_eq!(
            teams.target(known().iter()).unwrap_err(),
            ServiceError::new(400, "There is no connector `teams`: configured are `github`, `slack`.")
        );
        assert_eq!(
            teams.target([].iter()).unwrap_err(),
            ServiceError::new(400, "There is no connector `teams`: no connector is configured.")
        );
    }

    #[test]
    fn the_cause_is_the_request_and_the_operator() {
        let cause = request().cause(DateTime::UNIX_EPOCH, Uuid::nil()).unwrap();
        assert_eq!(
            (cause.id.as_str(), cause.correlation.as_str(), cause.actor.as_str()),
            ("r-1", "r-1", "operator:maya")
        );
        let bare = ConnectRequest {
            actor: Some("operator:liam".to_owned()),
            request_id: None,
            ..request()
        };
        let cause = bare.cause(DateTime::UNIX_EPOCH, Uuid::nil()).unwrap();
        assert_eq!(
            (cause.id, cause.actor.as_str()),
            (Uuid::nil().to_string(), "operator:liam")
        );
        for hostile in ["", "a\nb", &"x".repeat(201)] {
            let request = ConnectRequest {
                request_id: Some(hostile.to_owned()),
                ..request()
            };
            assert_eq!(request.cause(DateTime::UNIX_EPOCH, Uuid::nil()).unwrap_err().code, 400);
        }
    }

    #[test]
    fn another_connected_account_is_in_the_way() {
        let authorized = |account: &str| Authorized {
            connector: ConnectorKind::parse("slack").unwrap(),
            account: Account {
                id: account.to_owned(),
                name: "Acme".to_owned(),
            },
            bot_user: None,
            scopes: Vec::new(),
        };
        let present = Integration::default().evolve(&IntegrationEvent::Authorized(authorized("T1")));
        let wanted = |account: &str| Wanted {
            authorized: authorized(account),
            resources: Vec::new(),
        };
        assert_eq!(check_free(&present, &wanted("T1")), Ok(()));
        assert_eq!(check_free(&Integration::default(), &wanted("T2")), Ok(()));
        let refusal = check_free(&present, &wanted("T2")).unwrap_err();
        assert_eq!(refusal.code, 409);
        assert!(
            refusal.message.contains("disconnect it before connecting `T2`"),
            "{}",
            refusal.message
        );
    }
}
