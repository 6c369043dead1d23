//! What a case needs: its facts and events, what its aggregates had been through, and whose the accounts were.

use std::collections::BTreeSet;

use infragpt_nats::{Accounts, Connection, Log, Received, Token, account, log};

/// Why a case can't be collected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// Whose accounts are whose is not known.
    #[error(transparent)]
    Accounts(#[from] account::Error),
}

/// Everything that replaying `case` looks at, `case` included. Nothing of an organization that the case is not about.
///
/// # Errors
/// When the log can't be read.
pub async fn collect(connection: &Connection, case: Vec<Received>) -> Result<Vec<Received>, Error> {
    let log = Log::new(connection);
    let mut aggregates = BTreeSet::new();
    let mut organizations = BTreeSet::new();
    let accounts = Accounts::new(connection).all().await?;
    for message in &case {
        let tokens: Vec<&str> = message.subject.split('.').collect();
        match tokens[..] {
            ["events", aggregate, organization, id, _] => {
                aggregates.insert(format!("events.{aggregate}.{organization}.{id}.>"));
                organizations.insert(organization.to_owned());
            }
            // What nobody did anything about is about whoever has the account.
            ["raw", connector, account, ..] => organizations.extend(
                accounts
                    .iter()
                    .filter(|claimed| claimed.connector.as_str() == connector)
                    .filter(|claimed| Token::encode(&claimed.account).to_string() == account)
                    .map(|claimed| claimed.claim.organization.to_string()),
            ),
            _ => {}
        }
    }
    organizations.remove("-");
    let mut all = case;
    for organization in organizations {
        aggregates.insert(format!("events.integration.{organization}.*.*"));
    }
    for subjects in aggregates {
        all.extend(log.read("EVENTS", &subjects, 0).await?);
    }
    Ok(all)
}
