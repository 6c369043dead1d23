//! `GET /audit/export`: the audit as one file, an entry a line.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::stream;
use infragpt_events::OrganizationId;
use infragpt_projections::{
    PgConnection,
    audit::{self, Key, Outcome},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::AuditEntry;
use crate::v1::{
    Error,
    door::Reader,
    input::{Query, Time, Word},
    words,
};

/// How many entries are read at a time.
const PAGE: u16 = 1000;

/// One JSON document a line: <https://github.com/ndjson/ndjson-spec>
const NDJSON: &str = "application/x-ndjson";

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportAudit {
    /// Only this action, such as `integration.authorized`.
    #[param(inline)]
    action: Option<Word>,
    /// Only what this actor did, as `<kind>:<id>`.
    #[param(inline)]
    actor: Option<Word>,
    /// Only what came to this.
    #[param(value_type = Option<words::Outcome>, inline)]
    outcome: Option<Outcome>,
    /// Only from this time on.
    #[param(inline)]
    since: Option<Time>,
    /// Only before this time.
    #[param(inline)]
    until: Option<Time>,
}

/// The audit as one file
///
/// One entry a line, as the list shows them, the newest first, however many there are.
#[utoipa::path(get, path = "/audit/export", operation_id = "export_audit", tag = "audit", params(ExportAudit),
    responses((status = 200, description = "Entries, one a line", body = String, content_type = "application/x-ndjson")))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ExportAudit>) -> Result<Response, Error> {
    let filter = audit::Filter {
        action: query.action.map(|word| word.0),
        actor: query.actor.map(|word| word.0),
        outcome: query.outcome,
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let mut export = Export {
        reader,
        filter,
        after: None,
        ended: false,
    };
    // What fails before the first line is still a problem and no broken file.
    let first = export.next().await?;
    let pages = stream::try_unfold((first, export), async |(page, mut export)| {
        let Some(page) = page else { return Ok(None) };
        let next = export.next().await.inspect_err(|error| {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "An export of the audit broke off"
            );
        });
        next.map(|next| Some((page, (next, export))))
    });
    let mut response = Body::from_stream(pages).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, NDJSON),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// A download on its way. It holds no transaction while the other end takes its time, and each page is for somebody who may
/// still read it.
struct Export {
    reader: Reader,
    filter: audit::Filter,
    after: Option<Key>,
    ended: bool,
}

impl Export {
    /// The lines of the next page; none after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let (filter, after) = (&self.filter, self.after.as_ref());
        let read = async |connection: &mut PgConnection, organization: &OrganizationId| {
            audit::page(connection, organization, filter, after, PAGE).await
        };
        let page = self.reader.read(read).await?;
        self.ended = page.next.is_none();
        self.after = page.next;
        let mut lines = Vec::new();
        for entry in page.rows {
            serde_json::to_writer(&mut lines, &AuditEntry::from(entry)).map_err(Error::internal)?;
            lines.push(b'\n');
        }
        Ok(Some(lines.into()))
    }
}
