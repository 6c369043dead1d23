//! The second wall between organizations: who reads here sees the rows of one organization and nothing else, whatever the
//! query forgets to say.

mod error;
mod inside;
mod pool;

pub use error::Error;
pub use inside::Inside;
pub use pool::Wall;
