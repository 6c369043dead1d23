//! The read models on a real PostgreSQL, started for each test.

mod audit;
mod connecting;
mod fixture;
mod health;
mod isolation;
mod projecting;
mod properties;
mod reading;
mod strange;
mod upgrading;
