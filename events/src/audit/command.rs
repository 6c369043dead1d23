//! How an audit record is written once.

use std::convert::Infallible;

use uuid::{Uuid, uuid};

use super::event::{AuditEvent, Recorded};
use crate::{Aggregate, OrganizationId};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a05");

/// A record's identity. `identity` is what is never given to two records.
pub fn id(organization: &OrganizationId, identity: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{organization}.{identity}").as_bytes())
}

/// What a record can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditCommand {
    /// Write it.
    Record(Recorded),
}

/// An audit record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Audit {
    /// It is not written yet.
    #[default]
    Unwritten,
    /// It is in the log.
    Written,
}

impl Aggregate for Audit {
    type Event = AuditEvent;
    type Command = AuditCommand;
    type Error = Infallible;

    fn decide(&self, command: AuditCommand) -> Result<Vec<AuditEvent>, Infallible> {
        let AuditCommand::Record(recorded) = command;
        Ok(match self {
            Self::Unwritten => vec![recorded.into()],
            Self::Written => vec![],
        })
    }

    fn evolve(self, event: &AuditEvent) -> Self {
        match event {
            AuditEvent::Recorded(_) => Self::Written,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::event::AuditedAction;
    use super::*;
    use crate::testing::given;

    #[test]
    fn a_record_is_written_once() {
        let recorded = Recorded {
            action: AuditedAction::CredentialRead,
            connector: None,
            integration: None,
            purpose: Some("post".into()),
            refused: None,
            reason: None,
            count: 2,
            first_at: DateTime::UNIX_EPOCH,
            last_at: DateTime::UNIX_EPOCH,
        };
        let record = AuditCommand::Record(recorded.clone());
        given::<Audit>([]).when(record.clone()).then([recorded.clone().into()]);
        given::<Audit>([recorded.into()]).when(record).then_nothing();
    }
}
