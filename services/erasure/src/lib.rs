//! The role `erasure`: what was kept of an organization or a person that was deleted is erased, without anybody being asked.
//!
//! Of an organization, in this order: its connections, which the role `integrations` ends; what its accounts said
//! (`RAW_SLACK`, `RAW_GITHUB`), up to the moment they went to another organization; what was said of it (`RAW_CLERK`); the dead
//! letters of all that; and its events, but `deleted` and `erased`. Of a person: what was said of them (`RAW_CLERK`), the dead
//! letters of that, and their own events, but `deleted` and `erased`. What an organization's events say of its members is their
//! identifier and no name, so nothing has to be erased there for a person.
//!
//! Every step finds what an earlier try of it did, so a process that is killed anywhere is followed by one that does the rest.
//! Only the counts of what the killed one erased are lost: `erased` tells of what the process erased that appends it, and
//! counts too few after a kill. It is appended once all the same, and says all prefixes; the places of single facts that a
//! killed process erased are not in it.

mod account;
mod connections;
mod context;
mod erasure;
mod error;
mod organization;
mod payload;
mod person;
mod progress;
mod quiet;
mod tenure;

pub use erasure::{Erasure, Error};
