//! What agents proposed to do, and what came of it.

mod action;
pub(crate) mod list;
pub(crate) mod show;

pub(crate) use action::Action;
