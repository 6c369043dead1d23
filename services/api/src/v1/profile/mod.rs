//! What an organization says about itself.

mod representation;
pub(crate) mod set;
pub(crate) mod show;

pub(crate) use representation::Profile;
