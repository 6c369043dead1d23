//! Clerk: who people are and which organizations they belong to, with session tokens, the pages on which people sign in and
//! look after their organization, and webhooks signed as Svix signs them.

mod announcement;
mod change;
mod delivery;
mod directory;
mod event;
mod forgery;
mod jwks;
mod key;
mod membership;
mod organization;
mod page;
mod role;
mod routes;
mod session;
mod state;
mod token;
mod user;

pub use announcement::Announced;
pub(crate) use announcement::{To, Told, announce_everything, tell};
pub(crate) use change::{Change, apply};
pub(crate) use delivery::{Webhook, send};
pub(crate) use event::{Event, body};
pub(crate) use forgery::{Forgery, forge};
pub(crate) use organization::OrganizationFields;
pub(crate) use routes::routes;
pub use state::SessionError;
pub(crate) use state::{Clerk, issuer, session_token};
pub(crate) use user::UserFields;
