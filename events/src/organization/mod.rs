//! An organization: who belongs to it, what it says about itself, and its end.

mod event;
mod profile;

pub use event::{
    Created, Deleted, Erased, ErasedFacts, MemberAdded, MemberRemoved, MemberRoleChanged, OrganizationEvent, ProfileSet,
    Renamed, Role, id,
};
pub use profile::{CompanySize, Observability, Profile, TeamSize, UseCase};
