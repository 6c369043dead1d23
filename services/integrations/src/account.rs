//! Which account is to be connected: learned from its connector, or given by the operator.

use std::time::Duration;

use infragpt_events::integration::{Account, Authorized, Integration, Resource, ResourceKind};
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_nats::{Connection, ServiceError, request};
use serde::{Deserialize, Serialize};

/// How long a provider may take to describe an account.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub authorized: Authorized,
    pub resources: Vec<Resource>,
}

/// The request of `connector.v1.<connector>.describe`.
#[derive(Debug, Serialize)]
struct Describe<'request> {
    organization: &'request OrganizationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'request str>,
}

/// The reply: the account that the configured credentials belong to, after the provider accepted them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Description {
    pub account: Account,
    #[serde(default)]
    pub bot_user: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub channels: Vec<Channel>,
}

/// A channel that the account's bot may see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Channel {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub private: bool,
}

impl From<Channel> for Resource {
    fn from(channel: Channel) -> Self {
        let Channel { id, name, url, private } = channel;
        Self {
            kind: ResourceKind::Channel,
            id,
            name,
            url,
            private,
        }
    }
}

/// Asks the connector which account its credentials belong to; the provider validates them on the way.
pub(crate) async fn described(
    connection: &Connection,
    organization: &OrganizationId,
    connector: &ConnectorKind,
    account: Option<&str>,
) -> Result<Wanted, ServiceError> {
    let subject = format!("connector.v1.{connector}.describe");
    let description: Description = connection
        .request(&subject, &Describe { organization, account }, PATIENCE)
        .await
        .map_err(|error| undescribed(connector, error))?;
    wanted(connector, description, account)
}

fn wanted(connector: &ConnectorKind, description: Description, account: Option<&str>) -> Result<Wanted, ServiceError> {
    let Description {
        account: found,
        bot_user,
        scopes,
        channels,
    } = description;
    if let Some(account) = account.filter(|account| *account != found.id) {
        return Err(ServiceError::new(
            400,
            format!(
                "The configured {connector} credentials belong to account `{}`, not to `{account}`.",
                found.id
            ),
        ));
    }
    let authorized = Authorized {
        connector: connector.clone(),
        account: found,
        bot_user,
        scopes,
    };
    Ok(Wanted {
        authorized,
        resources: channels.into_iter().map(Resource::from).collect(),
    })
}

fn undescribed(connector: &ConnectorKind, error: request::Error) -> ServiceError {
    match error {
        request::Error::NoResponders(_) => ServiceError::new(
            503,
            format!("The {connector} connector is not running or not configured, so the account can't be validated."),
        ),
        request::Error::TimedOut(_) => ServiceError::new(
            504,
            format!("The {connector} connector did not describe the account in time."),
        ),
        request::Error::Service { code, message } => ServiceError::new(code, message),
        error @ (request::Error::Decode(_) | request::Error::Unavailable(_)) => {
            tracing::error!(%error, %connector, "An account can't be described");
            ServiceError::new(
                502,
                format!("The {connector} connector could not describe the account; its log says why."),
            )
        }
    }
}

/// The account that an operator names by its number, such as a GitHub installation's.
///
/// Its name comes later, in the provider's own facts, so what `present` knows of the same account is kept: connecting
/// it again changes nothing.
pub(crate) fn given(
    connector: &ConnectorKind,
    account: Option<&str>,
    present: &Integration,
) -> Result<Wanted, ServiceError> {
    let Some(account) = account.map(str::trim).filter(|account| !account.is_empty()) else {
        return Err(ServiceError::new(
            400,
            format!("Connecting {connector} needs `account`: the number of the installation."),
        ));
    };
    let is_number =
        account.len() <= 19 && account.bytes().all(|byte| byte.is_ascii_digit()) && !account.starts_with('0');
    if !is_number {
        return Err(ServiceError::new(
            400,
            format!("`{account}` is not the number of a {connector} installation: it has digits only."),
        ));
    }
    let authorized = match present {
        Integration::Active(known) | Integration::Suspended(known, _) | Integration::Disconnected(known)
            if known.account.id == account =>
        {
            Authorized {
                connector: connector.clone(),
                account: known.account.clone(),
                bot_user: known.bot_user.clone(),
                scopes: known.scopes.clone(),
            }
        }
        _ => Authorized {
            connector: connector.clone(),
            account: Account {
                id: account.to_owned(),
                name: format!("installation {account}"),
            },
            bot_user: None,
            scopes: Vec::new(),
        },
    };
    Ok(Wanted {
        authorized,
        resources: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use infragpt_events::Aggregate as _;
    use infragpt_events::integration::IntegrationEvent;

    use super::*;

    fn kind(name: &str) -> ConnectorKind {
        ConnectorKind::parse(name).unwrap()
    }

    #[test]
    fn a_number_is_an_installation() {
        let wanted = given(&kind("github"), Some(" 42 "), &Integration::default()).unwrap();
        assert_eq!(
            wanted.authorized.account,
            Account {
                id: "42".to_owned(),
                name: "installation 42".to_owned()
            }
        );
    }

    #[test]
    fn what_is_no_number_is_refused_with_a_sentence() {
        for account in [
            None,
            Some(""),
            Some("acme"),
            Some("4 2"),
            Some("-1"),
            Some("042"),
            Some("99999999999999999999"),
        ] {
            let refusal = given(&kind("github"), account, &Integration::default()).unwrap_err();
            assert_eq!(refusal.code, 400, "{account:?}");
            assert!(refusal.message.ends_with('.'), "{}", refusal.message);
        }
    }

    #[test]
    fn a_known_name_is_kept() {
        let known = Authorized {
            connector: kind("github"),
            account: Account {
                id: "42".to_owned(),
                name: "acme".to_owned(),
            },
            bot_user: None,
            scopes: vec!["contents:read".to_owned()],
        };
        let present = Integration::default().evolve(&IntegrationEvent::Authorized(known.clone()));
        assert_eq!(given(&kind("github"), Some("42"), &present).unwrap().authorized, known);
        assert_eq!(
            given(&kind("github"), Some("43"), &present)
                .unwrap()
                .authorized
                .account
                .name,
            "installation 43"
        );
    }

    fn description() -> Description {
        serde_json::from_value(serde_json::json!({
            "account": {"id": "T1", "name": "Acme"}, "bot_user": "UBOT", "later": true,
            "channels": [{"id": "C1", "name": "deploys"}],
        }))
        .unwrap()
    }

    #[test]
    fn a_description_says_what_is_connected() {
        let wanted = wanted(&kind("slack"), description(), Some("T1")).unwrap();
        assert_eq!(wanted.authorized.bot_user.as_deref(), Some("UBOT"));
        assert_eq!(wanted.resources[0].kind, ResourceKind::Channel);
    }

    #[test]
    fn credentials_of_another_account_are_refused() {
        let refusal = wanted(&kind("slack"), description(), Some("T2")).unwrap_err();
        assert_eq!(refusal.code, 400);
        assert!(refusal.message.contains("belong to account `T1`, not to `T2`"));
    }

    #[test]
    fn a_refusal_of_the_provider_is_passed_on() {
        let refused = request::Error::Service {
            code: 401,
            message: "Slack refuses the bot token: invalid_auth.".to_owned(),
        };
        assert_eq!(
            undescribed(&kind("slack"), refused),
            ServiceError::new(401, "Slack refuses the bot token: invalid_auth.")
        );
        assert_eq!(
            undescribed(&kind("slack"), request::Error::NoResponders("x".to_owned())).code,
            503
        );
    }
}
