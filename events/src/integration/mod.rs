//! An organization's connection to one external system: who authorized which account, and what it may see.

mod attempts;
mod command;
mod event;
mod resources;
mod state;

pub use attempts::Attempts;
pub use command::{IntegrationCommand, Refusal};
pub use event::{
    Account, AuthorizationFailed, AuthorizationReturned, AuthorizationStarted, Authorized, Degraded, Disconnected,
    IntegrationEvent, PermissionsChanged, Recovered, Resource, ResourceGranted, ResourceKind, ResourceWithdrawn,
    Resumed, Suspended, Synchronized,
};
pub use state::{Connected, Integration, Lifecycle, Standing, id};
