//! A channel of a chat: what of it is answered without being asked.

mod command;
mod event;
mod state;

pub use command::{ChannelCommand, Refusal};
pub use event::{AlertsUnwatched, AlertsWatched, ChannelEvent, Spot, Unwatched, Watched};
pub use state::{Channel, id};
