//! Asks the role behind a durable consumer to handle one stored message again.

use std::time::Duration;

use infragpt_events::OrganizationId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Connection, request};

/// How long an answer may take: what is being handled of the same key comes first.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The record of `audit.v1.operated` that says who wants it, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReference {
    /// The organization that the record was written for; `-` where nobody knows whose the message is.
    pub organization: OrganizationId,
    /// The record's id.
    pub id: Uuid,
}

/// What is sent to `redeliver.v1.<stream>.<consumer>`. It has no payload: the role reads the message itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub sequence: u64,
    pub audit: AuditReference,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Redelivered {
    /// The handler said that it is done.
    Handled,
    /// The handler could not do it, or was not asked.
    Failed {
        /// Why, for people.
        reason: String,
        /// Whether it may work later.
        may_work_later: bool,
    },
}

/// Redelivers, as far as `connection`'s user may.
#[derive(Debug, Clone)]
pub struct Redelivery {
    connection: Connection,
}

impl Redelivery {
    /// With the permissions of `connection`'s user.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
        }
    }

    /// Has `consumer` of `stream` try the message at `sequence` once more, and waits for what comes of it, a minute at most.
    /// What was handled before may be handled again: handlers are idempotent.
    ///
    /// # Errors
    /// [`request::Error::NoResponders`] when no process handles that consumer now, [`request::Error::TimedOut`] when it
    /// may still happen.
    pub async fn redeliver(
        &self,
        stream: &str,
        consumer: &str,
        sequence: u64,
        audit: &AuditReference,
    ) -> Result<Redelivered, request::Error> {
        let request = Request {
            sequence,
            audit: audit.clone(),
        };
        self.connection
            .request(&subject(stream, consumer), &request, TIMEOUT)
            .await
    }
}

/// Where the role behind `consumer` of `stream` is asked.
pub(crate) fn subject(stream: &str, consumer: &str) -> String {
    format!("redeliver.v1.{stream}.{consumer}")
}
