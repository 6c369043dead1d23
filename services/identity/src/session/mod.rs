//! Sessions: a signed token says who somebody is, and for which organization they act.

mod error;
mod jwks;
mod keys;
#[cfg(test)]
mod tests;
mod token;
mod verifier;

pub use error::Error;
pub use token::Session;
pub use verifier::Sessions;
