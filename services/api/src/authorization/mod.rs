//! Where people come back to from an external system, to finish connecting it.

mod page;
mod routes;

pub use routes::routes;
