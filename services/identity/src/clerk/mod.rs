//! Clerk: webhooks in, organizations and people out of them.

pub mod verification;
