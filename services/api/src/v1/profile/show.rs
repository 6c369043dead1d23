//! `GET /organization/profile`: what the organization says about itself.

use axum::Json;
use infragpt_projections::organizations;

use super::Profile;
use crate::v1::{
    Error,
    door::Reader,
    input::{Nothing, Query},
};

/// What the organization says about itself
///
/// Its `ETag` is for `If-Match` of the operation that changes it.
#[utoipa::path(get, path = "/organization/profile", operation_id = "show_profile", tag = "organization",
    responses(
        (status = 200, description = "What it says", body = Profile),
        (status = 404, description = "It says nothing yet"),
    ))]
pub(crate) async fn get(reader: Reader, _: Query<Nothing>) -> Result<Json<Profile>, Error> {
    let found = reader.read(organizations::find).await?;
    let profile = found.and_then(|organization| organization.profile);
    profile.map(|profile| Json(profile.into())).ok_or(Error::NotFound(
        "The organization says nothing about itself yet.".into(),
    ))
}
