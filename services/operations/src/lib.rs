//! What operators see of the log, and do with it: selected, shown without secrets, traced and replayed.

pub mod bundle;
pub mod event;
pub mod expression;
pub mod finder;
pub mod meaning;
pub mod reading;
mod redaction;
pub mod reference;
pub mod replay;
pub mod selection;
pub mod timeline;
pub mod trace;

pub use bundle::Bundle;
pub use event::Event;
pub use expression::Expression;
pub use finder::{Case, Finder, Found, Target};
pub use reading::{Mode, Reader};
pub use redaction::{redact, redact_json};
pub use reference::Reference;
pub use replay::Replay;
pub use selection::Selection;
pub use timeline::Timeline;
pub use trace::Trace;
