//! The read models on a real PostgreSQL, started for each test.

mod connecting;
mod fixture;
mod isolation;
mod projecting;
mod reading;
mod strange;
