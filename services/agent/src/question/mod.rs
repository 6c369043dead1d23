//! From the words of a question to what it asks for. Pure: no clock, no I/O, and any text is acceptable.

mod intent;
mod moment;
mod period;
mod rerun;
mod scope;
#[cfg(test)]
mod tests;
mod understand;
mod vocabulary;
mod words;

pub use intent::{ChangeKind, ChangesQuestion, Grouping, Intent, RerunOrder};
pub use period::Period;
pub use understand::{understand, understand_after};
