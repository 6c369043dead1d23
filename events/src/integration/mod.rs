//! An organization's connection to one external system: who authorized which account, and what it may see.

mod command;
mod event;
mod state;

pub use command::{IntegrationCommand, Refusal};
pub use event::{
    Account, Authorized, Disconnected, IntegrationEvent, Resource, ResourceGranted, ResourceKind, ResourceWithdrawn,
    Resumed, Suspended,
};
pub use state::{Connected, Integration, id};
