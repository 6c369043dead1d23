//! Everything InfraGPT says to NATS: streams as files, CloudEvents in headers, the event store, the subscription
//! runtime and request/reply services. No other crate imports the client library.

pub mod account;
pub mod agent;
pub mod audit;
pub mod bare;
pub mod broadcast;
pub mod connection;
pub mod credential_key;
mod dead_letter;
pub mod definition;
pub mod direct;
pub mod envelope;
pub mod event_store;
pub mod fact;
pub mod feed;
pub mod grant;
pub mod idempotency;
pub mod log;
mod publish;
mod received;
pub mod request;
mod scheduler;
pub mod service;
mod subject;
pub mod subscription;

pub use account::{Accounts, Claim, ClaimOutcome, ClaimedAccount};
pub use audit::{AuditLog, Note};
pub use bare::Bare;
pub use broadcast::Broadcasts;
pub use connection::{Connection, ConnectionConfiguration};
pub use credential_key::{CredentialKeyEntry, CredentialKeyId, CredentialKeys};
pub use definition::Definitions;
pub use direct::Start;
pub use envelope::Envelope;
pub use event_store::{Cause, EventStore, ExecuteError, Executed, Loaded, Origin, Position, Version};
pub use fact::{FactPublisher, Published};
pub use feed::Feed;
pub use grant::{Grant, GrantKey};
pub use idempotency::{Begun, IdempotencyKey, IdempotencyKeys, Recorded, Ticket};
pub use log::Log;
pub use received::{DecodeFailure, DecodedEvent, Received, decode_event};
pub use request::{Frame, FrameStream};
pub use service::{Call, FrameSink, Service, ServiceError};
pub use subject::{AggregateSubject, RawSubject, Token};
pub use subscription::{Handler, HandlerError, Route, Subscription};
