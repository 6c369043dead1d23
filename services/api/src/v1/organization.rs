//! `GET /organization`: the organization that somebody acts for.

use axum::Json;
use chrono::{DateTime, Utc};
use infragpt_projections::organizations;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Error,
    door::Reader,
    input::{Nothing, Query},
    profile::Profile,
};

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Organization {
    /// Its identity, as Clerk has it.
    id: String,
    /// Its name; null while only its members are known.
    name: Option<String>,
    /// Its name in addresses.
    slug: Option<String>,
    /// As of when the name is, in Clerk's clock.
    updated_at: Option<DateTime<Utc>>,
    /// What it says about itself; null until an administrator says it.
    profile: Option<Profile>,
    /// When that was said.
    profile_set_at: Option<DateTime<Utc>>,
}

/// The organization, with what it says about itself
#[utoipa::path(get, path = "/organization", operation_id = "show_organization", tag = "organization",
    responses((status = 200, description = "The organization", body = Organization)))]
pub(crate) async fn get(reader: Reader, _: Query<Nothing>) -> Result<Json<Organization>, Error> {
    let id = reader.caller().organization.to_string();
    let found = reader.read(organizations::find).await?;
    Ok(Json(match found {
        Some(organization) => Organization {
            id,
            name: organization.name,
            slug: organization.slug,
            updated_at: organization.updated_at,
            profile: organization.profile.map(Profile::from),
            profile_set_at: organization.profile_set_at,
        },
        // Somebody belongs to it, so it is there: nobody has told its name yet.
        None => Organization {
            id,
            name: None,
            slug: None,
            updated_at: None,
            profile: None,
            profile_set_at: None,
        },
    }))
}
