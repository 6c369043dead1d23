//! A PostgreSQL server of our own: its user, its home directory, its cluster, and the running server.

mod cluster;
mod home;
mod server;

pub use server::{Postgres, PostgresOptions};
