//! The read models on a real PostgreSQL, started for each test.

mod actions;
mod audit;
mod bounds;
mod connecting;
mod ending;
mod erasing;
mod fixture;
mod generations;
mod health;
mod inspecting;
mod isolation;
mod log;
mod owning;
mod people;
mod privileges;
mod projecting;
mod properties;
mod readers;
mod reading;
mod strange;
mod tenants;
mod upgrading;
mod usage;
mod wall;
