//! How a change is recorded once.

use std::convert::Infallible;

use uuid::{Uuid, uuid};

use super::event::{ChangeEvent, Recorded};
use crate::{Aggregate, ConnectorKind, OrganizationId};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a02");

/// A change's identity. `identity` is what the external system never gives to two changes
/// (repository and revision, number, or run and attempt).
pub fn id(organization: &OrganizationId, connector: &ConnectorKind, identity: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{organization}.{connector}.{identity}").as_bytes())
}

/// What a change can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeCommand {
    /// Record it.
    Record(Recorded),
}

/// A change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Change {
    /// Nobody told of it yet.
    #[default]
    Unknown,
    /// It is in the log.
    Recorded,
}

impl Aggregate for Change {
    type Event = ChangeEvent;
    type Command = ChangeCommand;
    type Error = Infallible;

    fn decide(&self, command: ChangeCommand) -> Result<Vec<ChangeEvent>, Infallible> {
        let ChangeCommand::Record(recorded) = command;
        Ok(match self {
            Self::Unknown => vec![recorded.into()],
            Self::Recorded => vec![],
        })
    }

    fn evolve(self, event: &ChangeEvent) -> Self {
        match event {
            ChangeEvent::Recorded(_) => Self::Recorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::event::{Actor, ChangeKind};
    use super::*;
    use crate::testing::given;

    fn recorded() -> Recorded {
        Recorded {
            connector: ConnectorKind::parse("forge").unwrap(),
            kind: ChangeKind::Push,
            repository: "acme/payments".into(),
            title: "Retry refunds".into(),
            url: "https://forge.example/acme/payments/commit/1".into(),
            actor: Actor {
                id: "1".into(),
                name: "maya".into(),
                url: None,
            },
            reference: Some("main".into()),
            revision: Some("abc".into()),
            details: vec![],
            occurred_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_change_is_recorded() {
        given::<Change>([])
            .when(ChangeCommand::Record(recorded()))
            .then([recorded().into()]);
    }

    #[test]
    fn a_change_told_again_stays_quiet() {
        given::<Change>([recorded().into()])
            .when(ChangeCommand::Record(recorded()))
            .then_nothing();
    }

    #[test]
    fn kinds_are_stored_as_they_are_named() {
        for kind in ChangeKind::ALL {
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
    }
}
