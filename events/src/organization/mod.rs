//! An organization: who belongs to it, what it says about itself, and its end.

mod command;
mod event;
mod profile;
mod state;

pub use command::{Expected, OrganizationCommand, Refusal};
pub use event::{
    Confirmed, Created, Deleted, Erased, ErasedFacts, MemberAdded, MemberConfirmed, MemberRemoved, MemberRoleChanged,
    OrganizationEvent, ProfileSet, Renamed, Role, id,
};
pub use profile::{CompanySize, Observability, Profile, TeamSize, UseCase};
pub use state::{Description, Known, Member, Organization};
