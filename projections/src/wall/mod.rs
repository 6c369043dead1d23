//! The second wall between organizations: who reads here sees the rows of one organization and nothing else, whatever the
//! query forgets to say.

mod door;
mod inside;
mod progress;
mod turns;

pub(crate) use door::ROLE;
pub use door::Wall;
pub use inside::Inside;
