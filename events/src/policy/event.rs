//! What happens to what an organization allows.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aggregate::domain_events;

domain_events! {
    /// What happens to what an organization allows in its chat.
    pub enum PolicyEvent of "policy" {
        /// The rules are these from now on.
        Changed = "changed" v 1,
    }
}

/// The rules are these from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// All of them.
    pub rules: Rules,
}

/// What an organization allows in its chat. What nobody has decided is the strictest, except that everybody may approve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Whether channels that are shared with other companies, and people of those, are answered.
    #[serde(default)]
    pub shared_channels: bool,
    /// Who may let a proposed action happen.
    #[serde(default)]
    pub approvers: Approvers,
    /// For how many days what was said is told to agents and shown; none means for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
}

/// Who may let a proposed action happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approvers {
    /// Everybody of the account who sees the proposal.
    #[default]
    Anyone,
    /// These people, as the chat calls them.
    Listed(BTreeSet<String>),
}
