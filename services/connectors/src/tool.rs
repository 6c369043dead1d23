//! What a connector does for agents, with a grant that whoever serves it has verified.

use std::{fmt, sync::Arc};

use infragpt_events::{OrganizationId, integration::Connected};
use infragpt_nats::ServiceError;
use serde_json::Value;
use uuid::Uuid;

use crate::BoxFuture;

/// Does what a tool is for.
pub type Perform = Arc<dyn Fn(Task) -> BoxFuture<Result<Value, ServiceError>> + Send + Sync>;

/// Something that is served to agents as `tool.v1.<kind>.<name>`, each call with a grant.
#[derive(Clone)]
pub struct Tool {
    /// The last token of its subject.
    pub name: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// Whether it changes something: then it is called for an action that somebody approved, and not otherwise.
    pub changes: bool,
    /// Does it. For the same action it does it once, however often it is called.
    pub perform: Perform,
}

impl fmt::Debug for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tool")
            .field("name", &self.name)
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

/// What a tool is called with, once the grant is verified.
#[derive(Debug)]
pub struct Task {
    /// Whose connection it works with: the grant's.
    pub organization: OrganizationId,
    /// What was approved, for a tool that changes something.
    pub action: Option<Uuid>,
    /// The connection as the log has it, with what it may see.
    pub connected: Connected,
    /// What was asked, without the grant.
    pub arguments: Value,
}

impl Task {
    /// The arguments as their type.
    ///
    /// # Errors
    /// A 400 that says what is wrong with them.
    pub fn arguments<T: serde::de::DeserializeOwned>(&self) -> Result<T, ServiceError> {
        T::deserialize(&self.arguments)
            .map_err(|error| ServiceError::new(400, format!("What the tool was given can't be read: {error}.")))
    }
}
