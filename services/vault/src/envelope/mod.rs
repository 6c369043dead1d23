//! Envelope encryption: a credential is sealed under a data key, and that is wrapped under a key of the installation.
//! What is sealed or wrapped for one place opens in no other.

mod cipher;
mod credential;
mod data_key;

#[cfg(test)]
mod tests;

pub(crate) use credential::{Ciphertext, Place};
pub(crate) use data_key::{DataKey, wrapped_under};
