//! The whole system on real servers: nats-server, PostgreSQL, the sandbox, and `infragpt serve` as a process.
//!
//! Every test has an installation of its own, waits on conditions, and leaves nothing unfinished.

mod accounts;
mod answers;
mod benchmarks;
mod command_line;
mod connections;
mod connector;
mod crashes;
mod credentials;
mod documentation;
mod event_store;
mod facts;
mod harness;
mod inbound;
mod installations;
mod permissions;
mod read_models;
mod secrets;
mod streams;
mod subscription;
