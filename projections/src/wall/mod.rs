//! The second wall between organizations: who reads here sees the rows of one organization and nothing else, whatever the
//! query forgets to say.

mod connections;
mod door;
mod error;
mod inside;
mod reader;

pub use door::Wall;
pub use error::Error;
pub use inside::Inside;
