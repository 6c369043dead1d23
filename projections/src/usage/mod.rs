//! How much an organization uses the product, counted when it is asked for.

mod read;

pub use read::{Day, by_day};
