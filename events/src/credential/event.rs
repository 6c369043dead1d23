//! What happens to a credential.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectorKind, aggregate::domain_events};

domain_events! {
    /// What happens to a credential.
    pub enum CredentialEvent of "credential" {
        /// A new generation was stored, under a data key of its own.
        Stored = "stored" v 1,
        /// The external system gave a new one in exchange for the old one.
        Refreshed = "refreshed" v 1,
        /// The external system refused to give a new one.
        RefreshFailed = "refresh_failed" v 1,
        /// The data key was wrapped again, under another key.
        Rewrapped = "rewrapped" v 1,
        /// The external system was asked to end it.
        Revoked = "revoked" v 1,
        /// The data key is gone: what was sealed under it can't be read by anybody any more.
        Shredded = "shredded" v 1,
    }
}

/// Ciphertext, and what it takes besides the key to open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sealed {
    /// How it was sealed: `A256GCM`.
    pub algorithm: String,
    /// The nonce, in base64url without padding.
    pub nonce: String,
    /// Ciphertext and authentication tag, in base64url without padding.
    pub ciphertext: String,
}

/// A new generation was stored, under a data key of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stored {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// The generation, from 1.
    pub generation: u32,
    /// The credential.
    pub sealed: Sealed,
    /// When the external system no longer takes it, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The external system gave a new one in exchange for the old one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// The generation.
    pub generation: u32,
    /// The version within the generation; what was stored is version 1.
    pub version: u32,
    /// The new credential.
    pub sealed: Sealed,
    /// When the external system no longer takes it, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The external system refused to give a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshFailed {
    /// The generation.
    pub generation: u32,
    /// Why, for people.
    pub reason: String,
}

/// The data key was wrapped again, under another key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rewrapped {
    /// The generation.
    pub generation: u32,
    /// The identifier of the key that it is wrapped under now.
    pub key: String,
}

/// The external system was asked to end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// The generation.
    pub generation: u32,
    /// Whether the external system said that it is ended.
    pub confirmed: bool,
    /// What it said instead, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The data key is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shredded {
    /// The generation.
    pub generation: u32,
}
