//! What GitHub said of an installation before it was connected: it is handled once it is.

use infragpt_events::integration::IntegrationEvent;
use infragpt_nats::{Accounts, Connection, HandlerError, Log, Received, Route, Start, decode_event};
use tracing::{info, warn};

use super::{handler::Handler, installation::number, interpretation::connector};

/// Facts that are read at a time; each may have 25 MiB.
const BATCH: usize = 32;

/// Handles the consumer `connections` of EVENTS: every `authorized` event of GitHub leads to what RAW_GITHUB has of that
/// installation up to then. Later facts are the business of [`Handler`].
///
/// It is the same code that handles each fact, under identifiers that derive from the fact, so a repetition adds nothing. A later
/// fact about the same repository may be handled before an earlier one of the backlog; the next synchronization puts that right.
#[derive(Clone, Debug)]
pub struct Backlog {
    accounts: Accounts,
    log: Log,
    handler: Handler,
}

impl Backlog {
    /// A handler that reads and appends as `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            accounts: Accounts::new(connection),
            log: Log::new(connection),
            handler: Handler::new(connection),
        }
    }

    async fn catch_up(&self, installation: u64, start: Start, connected: &Received) -> Result<usize, HandlerError> {
        let filter = format!("raw.github.{installation}.>");
        let (mut start, mut handled) = (start, 0);
        while let Some((facts, last)) = self
            .log
            .read_some("RAW_GITHUB", &filter, start, BATCH)
            .await
            .map_err(HandlerError::retry)?
        {
            for fact in facts {
                if fact.published > connected.published {
                    return Ok(handled);
                }
                let sequence = fact.sequence;
                match self.handler.catch_up(fact).await {
                    Ok(()) => handled += 1,
                    Err(error) if error.is_retry() => return Err(error),
                    // The consumer of RAW_GITHUB met it first, and moved it to the dead letters.
                    Err(error) => warn!(sequence, reason = %error, "A delivery of GitHub can't be handled"),
                }
            }
            start = Start::After(last);
        }
        Ok(handled)
    }
}

impl infragpt_nats::Handler for Backlog {
    fn route(&self, received: &Received) -> Route {
        let tenant = received.token(2).unwrap_or_default().to_owned();
        let key = received.token(3).unwrap_or_default().to_owned();
        Route { key, tenant }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let event = decode_event::<IntegrationEvent>(&received).map_err(HandlerError::discard)?;
        let IntegrationEvent::Authorized(authorized) = event.event else {
            return Ok(());
        };
        let (connector, account) = (connector(), &authorized.account.id);
        let Some(installation) = number(account).filter(|_| authorized.connector == connector) else {
            return Ok(());
        };
        let claim = self
            .accounts
            .find_now(&connector, account)
            .await
            .map_err(HandlerError::retry)?;
        let Some(claim) = claim
            .map(|held| held.claim)
            .filter(|claim| claim.organization == event.organization)
        else {
            info!(
                installation,
                "An installation was let go before its backlog was handled"
            );
            return Ok(());
        };
        let start = claim.after.map_or(Start::After(0), Start::Since);
        let handled = self.catch_up(installation, start, &received).await?;
        info!(
            installation,
            organization.id = %event.organization,
            handled,
            "Handled what GitHub said of an installation before it was connected"
        );
        Ok(())
    }
}
