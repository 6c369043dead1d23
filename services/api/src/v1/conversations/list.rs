//! `GET /conversations`: threads in which the product was asked something.

use axum::Json;
use infragpt_projections::conversations;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Conversation;
use crate::v1::{
    Error,
    door::Reader,
    input::{Cursor, Limit, List, Query, Time, Word},
};

/// Which conversations are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversations {
    /// Only in this channel, by its identifier.
    #[param(inline)]
    channel: Option<Word>,
    /// Only those in which something happened last from this time on.
    #[param(inline)]
    since: Option<Time>,
    /// Only those in which something happened last before this time.
    #[param(inline)]
    until: Option<Time>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<Cursor>, inline)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<Limit>, inline)]
    limit: Limit,
}

/// Conversations, the last active first
#[utoipa::path(get, path = "/conversations", operation_id = "list_conversations", tag = "conversations",
    params(ListConversations),
    responses((status = 200, description = "Conversations, the last active first", body = List<Conversation>)))]
pub(crate) async fn get(
    reader: Reader,
    Query(query): Query<ListConversations>,
) -> Result<Json<List<Conversation>>, Error> {
    let filter = conversations::Filter {
        channel: query.channel.map(|word| word.0),
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let after = query.cursor.key()?;
    let page = reader
        .read(async |connection, organization| {
            conversations::page(connection, organization, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::of(page).map(Json)
}
