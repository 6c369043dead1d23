use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    call::{Asked, Refusal, Reply, called},
    delivery::{Delivery, Sending, send},
    identity::Door,
};
use crate::world::{Shared, World};

/// What a cursor starts with.
const CURSOR: &str = "v1_";

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    per_page: Option<usize>,
    /// Where the page starts, as a `Link` said.
    cursor: Option<String>,
    /// `success` or `failure`.
    status: Option<String>,
}

/// <https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook>
pub(super) async fn list(State(world): State<Shared>, Query(wanted): Query<Wanted>, asked: Asked) -> Response {
    called(&world, "github.deliveries", Door::App, &asked, |_| {
        let size = wanted.per_page.unwrap_or(30).clamp(1, 100);
        let invalid = || Refusal::invalid("Validation Failed");
        let from = match &wanted.cursor {
            None => None,
            Some(cursor) => {
                let id = cursor.strip_prefix(CURSOR).and_then(|id| id.parse().ok());
                Some(id.ok_or_else(invalid)?)
            }
        };
        let failed = match wanted.status.as_deref() {
            None => None,
            Some("success") => Some(false),
            Some("failure") => Some(true),
            Some(_) => return Err(invalid()),
        };
        let fits = |it: &Delivery| failed.is_none_or(|failed| failed == (it.status_code() >= 400));
        let (page, next) = world.github.deliveries.page(from, size, fits);
        let filter = wanted
            .status
            .as_ref()
            .map_or(String::new(), |it| format!("&status={it}"));
        let url = format!("{}/github/app/hook/deliveries?per_page={size}{filter}", world.url);
        let link = next.map(|id| format!("<{url}&cursor={CURSOR}{id}>; rel=\"next\""));
        Ok(Reply::ok(page.into()).with_link(link))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/webhooks#get-a-delivery-for-an-app-webhook>
pub(super) async fn one(State(world): State<Shared>, Path(id): Path<String>, asked: Asked) -> Response {
    called(&world, "github.delivery", Door::App, &asked, |_| {
        Ok(Reply::ok(find(&world, &id)?.whole()))
    })
    .await
}

/// <https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook>
pub(super) async fn redeliver(State(world): State<Shared>, Path(id): Path<String>, asked: Asked) -> Response {
    called(&world, "github.redeliver", Door::App, &asked, |_| {
        let webhook = find(&world, &id)?.webhook;
        let again = world.clone();
        world.tasks.spawn(async move {
            tokio::select! {
                _ = send(&again, webhook, Sending::Again) => {}
                () = again.shutdown.cancelled() => {}
            }
        });
        Ok(Reply::json(StatusCode::ACCEPTED, json!({})))
    })
    .await
}

fn find(world: &World, id: &str) -> Result<Delivery, Refusal> {
    let found = id.parse().ok().and_then(|id| world.github.deliveries.find(id));
    found.ok_or_else(Refusal::not_found)
}
