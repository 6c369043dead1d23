//! The pages on which people sign in and look after their account and their organization.

mod members;
mod organization;
mod routes;
mod sign_in;
mod sign_out;
mod user;
mod visit;

pub(super) use routes::routes;
