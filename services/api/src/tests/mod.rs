//! The API on real servers: NATS with the users and streams of the product, PostgreSQL with its tables, and a Clerk that
//! signs sessions.

mod answer;
mod caching;
mod forging;
mod installation;
mod log;
mod pages;
mod reading;
mod refusing;
mod returning;
mod walking;
mod writing;
