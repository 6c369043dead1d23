//! What InfraGPT knows and how it decides: aggregates as pure functions over events, with no I/O and no clock.

pub mod action;
mod aggregate;
pub mod audit;
pub mod catalogue;
pub mod change;
pub mod channel;
pub mod conversation;
pub mod credential;
pub mod integration;
mod newest;
pub mod organization;
pub mod policy;
#[cfg(test)]
mod testing;
mod token;
pub mod user;

pub use aggregate::{Aggregate, DecodeError, DomainEvent};
pub use token::{ConnectorKind, InvalidToken, OrganizationId};
