//! `GET /members`: who belongs to the organization.

use axum::Json;
use chrono::{DateTime, Utc};
use infragpt_events::organization::Role;
use infragpt_projections::members;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Error,
    door::Reader,
    input::{Cursor, Limit, List, Query},
    words,
};

/// Which members are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMembers {
    /// Only those with this role.
    #[param(value_type = Option<words::Role>, inline)]
    role: Option<Role>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<Cursor>, inline)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<Limit>, inline)]
    limit: Limit,
}

/// Somebody who belongs to the organization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    /// The person, as Clerk calls them.
    user_id: String,
    /// Their name, where it is known.
    name: Option<String>,
    /// Their address, where it is known.
    email: Option<String>,
    /// What they are there.
    #[schema(value_type = words::Role)]
    role: Role,
    /// Since when that is known here.
    since: DateTime<Utc>,
}

impl From<members::Member> for Member {
    fn from(member: members::Member) -> Self {
        Self {
            user_id: member.user_id,
            name: member.name,
            email: member.email,
            role: member.role,
            since: member.since,
        }
    }
}

/// Who belongs to the organization
#[utoipa::path(get, path = "/members", operation_id = "list_members", tag = "organization", params(ListMembers),
    responses((status = 200, description = "Members, by their identifier", body = List<Member>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListMembers>) -> Result<Json<List<Member>>, Error> {
    let filter = members::Filter { role: query.role };
    let after = query.cursor.key()?;
    let page = reader
        .read(async |connection, organization| {
            members::page(connection, organization, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::of(page).map(Json)
}
