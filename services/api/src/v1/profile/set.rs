//! `PUT /organization/profile`: an administrator says what the organization says about itself.

use infragpt_events::organization;
use infragpt_projections::organizations;
use serde::{Deserialize, Serialize};

use super::Profile;
use crate::v1::{
    Error, Written,
    door::{Asker, Identity, Precondition},
    input::{Json, Nothing, Query},
};

/// The request of `organization.v1.set_profile`.
#[derive(Serialize)]
struct SetProfile<'a> {
    #[serde(flatten)]
    identity: Identity<'a>,
    profile: &'a organization::Profile,
    /// What has to be there now; absent where that does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Expected>,
}

/// What has to be there now: null, or this.
#[derive(Serialize)]
#[serde(untagged)]
enum Expected {
    Nothing(()),
    This(organization::Profile),
}

/// Its reply.
#[derive(Deserialize)]
struct ProfileSet {
    position: Option<u64>,
}

/// Says what the organization says about itself
///
/// With `If-Match` only where it still says what that tag is of; with `If-None-Match: *` only where it says nothing yet.
#[utoipa::path(put, path = "/organization/profile", operation_id = "set_profile", tag = "organization",
    request_body = Profile,
    responses(
        (status = 200, description = "It says so, or did already", body = Profile),
        (status = 412, description = "It says something else by now"),
    ))]
pub(crate) async fn put(
    asker: Asker,
    precondition: Precondition,
    _: Query<Nothing>,
    Json(profile): Json<Profile>,
) -> Result<Written<Profile>, Error> {
    let expected = match precondition {
        Precondition::Any => None,
        other => Some(expected(&asker, &other).await?),
    };
    let profile = organization::Profile::from(profile);
    let request = SetProfile {
        identity: asker.identity(),
        profile: &profile,
        expected,
    };
    let reply: ProfileSet = asker.ask("organization.v1.set_profile", &request).await?;
    let profile = Profile::from(profile);
    let tag = profile.tag()?;
    Ok(Written::ok(profile).at(reply.position).tagged(tag))
}

/// What is there now, if the precondition holds for it. Whoever decides compares once more.
async fn expected(asker: &Asker, precondition: &Precondition) -> Result<Expected, Error> {
    let found = asker.reader().read(organizations::find).await?;
    let present = found.and_then(|organization| organization.profile);
    let tag = present
        .clone()
        .map(|profile| Profile::from(profile).tag())
        .transpose()?;
    if precondition.holds(tag.as_deref()) {
        Ok(present.map_or(Expected::Nothing(()), Expected::This))
    } else {
        Err(Error::Changed(
            "The organization says something else by now: read it again.".to_owned(),
        ))
    }
}
