//! The list of every event that this build writes.

use schemars::Schema;

use crate::{
    action::ActionEvent, audit::AuditEvent, change::ChangeEvent, channel::ChannelEvent,
    conversation::ConversationEvent, credential::CredentialEvent, integration::IntegrationEvent,
    organization::OrganizationEvent, policy::PolicyEvent, user::UserEvent,
};

/// One event in today's version.
#[derive(Debug, Clone)]
pub struct Description {
    /// The aggregate that decides it.
    pub aggregate: &'static str,
    /// Its name: the last token of its subject.
    pub name: &'static str,
    /// The version of its payload's shape.
    pub version: u32,
    /// What this aggregate's events are about, in a sentence.
    pub about: &'static str,
    /// What it says happened, in a sentence.
    pub meaning: &'static str,
    /// The JSON Schema of its payload.
    pub schema: Schema,
    /// The frozen payload of this version: JSON that loads for ever.
    pub example: &'static str,
}

impl Description {
    /// The name of its schema file and of its CloudEvents type without the `dev.infragpt.` prefix.
    pub fn identifier(&self) -> String {
        format!("{}.{}.v{}", self.aggregate, self.name, self.version)
    }

    /// Its CloudEvents type.
    pub fn kind(&self) -> String {
        format!("dev.infragpt.{}", self.identifier())
    }

    /// What its earlier versions were called, which the log may still hold: they load into today's shape.
    pub fn earlier(&self) -> impl Iterator<Item = String> + '_ {
        (1..self.version).map(|version| format!("{}.{}.v{version}", self.aggregate, self.name))
    }
}

/// Every event, by aggregate.
pub fn all() -> Vec<Description> {
    let mut all = OrganizationEvent::descriptions();
    all.extend(UserEvent::descriptions());
    all.extend(IntegrationEvent::descriptions());
    all.extend(CredentialEvent::descriptions());
    all.extend(ChangeEvent::descriptions());
    all.extend(ConversationEvent::descriptions());
    all.extend(ChannelEvent::descriptions());
    all.extend(ActionEvent::descriptions());
    all.extend(PolicyEvent::descriptions());
    all.extend(AuditEvent::descriptions());
    all
}
