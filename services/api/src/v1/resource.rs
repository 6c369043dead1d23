//! What connections may see, which repositories and channels have in common.

use axum::Json;
use infragpt_events::integration::ResourceKind;
use infragpt_projections::resources;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Error,
    door::Reader,
    input::{Cursor, Limit, List, Word},
};

/// Which resources are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListResources {
    /// Only those whose name has this in it, in any case.
    #[param(inline)]
    name_contains: Option<Word>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<Cursor>, inline)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<Limit>, inline)]
    limit: Limit,
}

/// Something that a connection may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resource {
    /// Its identifier in the external system.
    id: String,
    /// Its name.
    name: String,
    /// Where people find it.
    url: Option<String>,
    /// Whether only some people of the account see it there.
    private: bool,
    /// The kind of system.
    connector: String,
    /// The connection.
    integration_id: Uuid,
}

impl From<resources::Resource> for Resource {
    fn from(resource: resources::Resource) -> Self {
        Self {
            id: resource.id,
            name: resource.name,
            url: resource.url,
            private: resource.private,
            connector: resource.connector,
            integration_id: resource.integration_id,
        }
    }
}

/// A page of one kind.
pub(super) async fn page(
    reader: Reader,
    kind: ResourceKind,
    query: ListResources,
) -> Result<Json<List<Resource>>, Error> {
    let filter = resources::Filter {
        name_contains: query.name_contains.map(|word| word.0),
    };
    let after = query.cursor.key()?;
    let page = reader
        .read(async |connection, organization| {
            resources::page(connection, organization, kind, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::of(page).map(Json)
}
