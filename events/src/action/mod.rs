//! Something that an agent proposes to do and people decide on. It runs once at the most.

mod event;

pub use event::{ActionEvent, Approved, Denied, Executed, Expired, Failed, Proposed};
