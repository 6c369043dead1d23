//! Who had which account when, as the events of integrations say: the bucket `CONNECTOR_ACCOUNTS` knows only who has it now.

use std::collections::HashMap;

use infragpt_events::{ConnectorKind, integration::IntegrationEvent};
use uuid::Uuid;

use super::Moment;
use crate::{Claim, Connection, Received, decode_event, direct};

/// Connections and their ends, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Claims {
    of: HashMap<(ConnectorKind, String), Vec<Turn>>,
}

/// Somebody got an account, or let it go.
#[derive(Debug)]
struct Turn {
    event: Received,
    claim: Option<Claim>,
}

impl Claims {
    pub async fn read(connection: &Connection) -> Result<Self, direct::Error> {
        let mut events = Vec::new();
        for name in ["authorized", "disconnected"] {
            let filter = format!("events.integration.*.*.{name}");
            events.extend(
                direct::read_all(&connection.client, "EVENTS", &filter, 1)
                    .await?
                    .messages,
            );
        }
        events.sort_by_key(|event| event.sequence);
        Ok(Self::of(events))
    }

    /// What `events` say, which have to be in their order. Others than of integrations say nothing.
    pub fn of(events: Vec<Received>) -> Self {
        let mut claims = Self::default();
        let mut held: HashMap<Uuid, (ConnectorKind, String)> = HashMap::new();
        for event in events {
            let Ok(decoded) = decode_event::<IntegrationEvent>(&event) else {
                continue;
            };
            let integration = decoded.aggregate_id;
            match decoded.event {
                IntegrationEvent::Authorized(authorized) => {
                    let account = (authorized.connector, authorized.account.id);
                    let turns = claims.of.entry(account.clone()).or_default();
                    let claim = Claim {
                        after: taken_over(turns, integration),
                        ..Claim::new(decoded.organization, integration)
                    };
                    let claim = Some(claim);
                    turns.push(Turn { event, claim });
                    held.insert(integration, account);
                }
                IntegrationEvent::Disconnected(_) => {
                    if let Some(account) = held.remove(&integration) {
                        let turns = claims.of.entry(account).or_default();
                        turns.push(Turn { event, claim: None });
                    }
                }
                _ => {}
            }
        }
        claims
    }

    /// Whose account it was, if anyone's.
    pub fn at(&self, connector: &ConnectorKind, account: &str, moment: Moment) -> Option<Claim> {
        let turns = self.of.get(&(connector.clone(), account.to_owned()))?;
        let last = turns.iter().rev().find(|turn| moment.has(&turn.event))?;
        last.claim.clone()
    }
}

/// When another integration let go an account that `integration` gets now.
fn taken_over(turns: &[Turn], integration: Uuid) -> Option<chrono::DateTime<chrono::Utc>> {
    let of_another = |turn: &&Turn| {
        turn.claim
            .as_ref()
            .is_some_and(|claim| claim.integration != integration)
    };
    let last_of_another = turns.iter().rposition(|turn| of_another(&turn))?;
    let released = turns[last_of_another..].iter().find(|turn| turn.claim.is_none())?;
    Some(released.event.published)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::Envelope;

    fn event(sequence: u64, organization: &str, integration: u128, name: &str) -> Received {
        let payload = json!({
            "connector": "slack", "account": { "id": "T1", "name": "Acme" }, "reason": "gone",
        });
        Received {
            envelope: Envelope {
                kind: format!("dev.infragpt.integration.{name}.v1"),
                ..Envelope::default()
            },
            payload: Bytes::from(payload.to_string()),
            stream: "EVENTS".into(),
            subject: format!(
                "events.integration.{organization}.{}.{name}",
                Uuid::from_u128(integration)
            ),
            sequence,
            published: DateTime::from_timestamp(i64::try_from(sequence).unwrap() * 100, 0).unwrap(),
            delivered: 0,
        }
    }

    #[test]
    fn an_account_belongs_to_whoever_was_connected_then() {
        let claims = Claims::of(vec![
            event(1, "acme", 1, "authorized"),
            event(2, "acme", 1, "disconnected"),
            event(3, "globex", 2, "authorized"),
            event(4, "globex", 2, "disconnected"),
            event(5, "globex", 2, "authorized"),
        ]);
        let slack = ConnectorKind::parse("slack").unwrap();
        let at = |before| claims.at(&slack, "T1", Moment::Before(before));
        let whose = |before| at(before).map(|claim| claim.organization.to_string());
        assert_eq!(whose(1), None);
        assert_eq!(whose(2).as_deref(), Some("acme"));
        assert_eq!(whose(3), None);
        assert_eq!(whose(4).as_deref(), Some("globex"));
        assert_eq!(at(4).unwrap().after, DateTime::from_timestamp(200, 0));
        assert_eq!(
            at(6).unwrap().after,
            DateTime::from_timestamp(200, 0),
            "its own end changes nothing"
        );
        assert_eq!(claims.at(&slack, "T2", Moment::Before(9)), None);
        let until = |seconds| Moment::Until(DateTime::from_timestamp(seconds, 0).unwrap(), 0);
        assert!(claims.at(&slack, "T1", until(99)).is_none());
        assert!(claims.at(&slack, "T1", until(100)).is_some());
        let through = Moment::Until(DateTime::UNIX_EPOCH, 3);
        assert!(
            claims.at(&slack, "T1", through).is_some(),
            "what was handled before counts, whenever it was stored"
        );
    }
}
