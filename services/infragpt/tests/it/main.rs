//! The whole system on real servers: nats-server, PostgreSQL, the sandbox, and `infragpt serve` as a process.
//!
//! Every test has an installation of its own, waits on conditions, and leaves nothing unfinished.

mod access;
mod accounts;
mod actions;
mod answers;
mod api;
mod benchmarks;
mod browser;
mod catalogue;
mod chat;
mod command_line;
mod connections;
mod connector;
mod crashes;
mod credentials;
mod dead_letters;
mod doctor;
mod documentation;
mod erasure;
mod event_store;
mod facts;
mod fuzz;
mod generations;
mod guide;
mod harness;
mod inbound;
mod installations;
mod organizations;
mod permissions;
mod read_models;
mod replaying;
mod secrets;
mod seeing;
mod streams;
mod subscription;
mod tracing;
