//! The read models on a real PostgreSQL, started for each test.

mod audit;
mod connecting;
mod ending;
mod fixture;
mod health;
mod isolation;
mod log;
mod projecting;
mod properties;
mod reading;
mod strange;
mod upgrading;
