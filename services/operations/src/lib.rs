//! What operators see of the log, and do with it: selected, shown without secrets, traced and replayed.

pub mod bundle;
pub mod event;
pub mod expression;
pub mod reading;
mod redaction;
pub mod replay;
pub mod selection;

pub use bundle::Bundle;
pub use event::Event;
pub use expression::Expression;
pub use reading::{Mode, Reader};
pub use redaction::{redact, redact_json};
pub use replay::Replay;
pub use selection::Selection;
