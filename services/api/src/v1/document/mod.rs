//! The OpenAPI document: what the routes say of themselves, and what the door adds to all of them. It is served, browsed,
//! and kept in `services/api/openapi.json`.

mod complete;
mod frame;
mod page;
mod problems;

pub(super) use complete::complete;
pub(super) use frame::frame;
pub(super) use page::{Files, page};

#[cfg(test)]
mod tests;
