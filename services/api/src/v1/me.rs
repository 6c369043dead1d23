//! `GET /me`: who somebody is, where, and what they may do there.

use axum::Json;
use infragpt_events::organization::Role;
use infragpt_projections::{members, organizations};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Error, TABLE,
    door::Reader,
    input::{Nothing, Query},
    words,
};

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The person, as Clerk calls them.
    user_id: String,
    /// Their name, where it is known.
    name: Option<String>,
    /// Their address, where it is known.
    email: Option<String>,
    /// The organization that they act for.
    organization_id: String,
    /// Its name, where it is known.
    organization_name: Option<String>,
    /// What they are there.
    #[schema(value_type = words::Role)]
    role: Role,
    /// What they may do there.
    permissions: Vec<&'static str>,
}

/// Who is signed in, and what they may do
#[utoipa::path(get, path = "/me", operation_id = "show_me", tag = "organization",
    responses((status = 200, description = "Who is signed in", body = Me)))]
pub(crate) async fn get(reader: Reader, _: Query<Nothing>) -> Result<Json<Me>, Error> {
    let caller = reader.caller();
    let (member, organization) = reader
        .read(async |connection, organization| {
            let member = members::find(connection, organization, &caller.user).await?;
            Ok((member, organizations::find(connection, organization).await?))
        })
        .await?;
    let member = member.ok_or(Error::NotMember)?;
    let granted = TABLE.iter().filter(|rule| rule.permission.is_granted_to(member.role));
    Ok(Json(Me {
        user_id: member.user_id,
        name: member.name,
        email: member.email,
        organization_id: caller.organization.to_string(),
        organization_name: organization.and_then(|organization| organization.name),
        role: member.role,
        permissions: granted.map(|rule| rule.permission.as_str()).collect(),
    }))
}
