//! What a request brings, read strictly: what is not known or can't be meant is refused with a sentence.

mod body;
mod cursor;
mod limit;
mod path;
mod query;
mod time;
mod word;
pub(crate) mod words;

pub(crate) use body::{Json, NoBody, OptionalJson};
pub(crate) use cursor::{Cursor, List};
pub(crate) use limit::Limit;
pub(crate) use path::{Connector, Id};
pub(crate) use query::{Nothing, Query};
pub(crate) use time::Time;
pub(crate) use word::Word;
pub(crate) use words::Words;
