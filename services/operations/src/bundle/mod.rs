//! One file with everything that a case needs, without secrets: to look at, to replay on a laptop, and to keep as a test.

mod collect;
mod file;

pub use collect::collect;
pub use file::{Bundle, Error, Header};
