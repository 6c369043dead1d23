//! Every operation of the API, and what stands around them.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::OriginalUri,
    http::{HeaderName, StatusCode, header},
    middleware,
    response::{Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use infragpt_identity::Sessions;
use infragpt_nats::Connection;
use infragpt_projections::wall::Wall;
use utoipa::openapi::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt as _},
    routes,
};

use super::{
    Error, Permission, Settings, actions, audit, changes, channels, conversations,
    document::{Files, complete, frame, page},
    door::{Api, Door, admit, around},
    integrations, me, members, organization, permission, profile, repositories, rules, usage,
};
use crate::{Problem, RequestId};

/// Every operation. What an operation needs stands in [`TABLE`](super::TABLE).
fn operations() -> Vec<UtoipaMethodRouter> {
    vec![
        routes!(me::get),
        routes!(organization::get),
        routes!(profile::show::get),
        routes!(profile::set::put),
        routes!(rules::get),
        routes!(rules::put),
        routes!(members::get),
        routes!(integrations::list::get),
        routes!(integrations::show::get),
        routes!(integrations::disconnect::delete),
        routes!(integrations::begin::post),
        routes!(integrations::health::get),
        routes!(integrations::synchronize::post),
        routes!(integrations::validate::post),
        routes!(repositories::get),
        routes!(channels::get),
        routes!(changes::list::get),
        routes!(changes::show::get),
        routes!(conversations::list::get),
        routes!(conversations::show::get),
        routes!(conversations::messages::get),
        routes!(actions::list::get),
        routes!(actions::show::get),
        routes!(audit::list::get),
        routes!(audit::export::get),
        routes!(usage::get),
    ]
}

/// What the API is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where it reads.
    pub wall: Wall,
    /// Who verifies sessions.
    pub sessions: Sessions,
    /// Whom it asks with, as the role `api`.
    pub connection: Connection,
    /// What the operator decided.
    pub settings: Settings,
    /// The time.
    pub clock: fn() -> DateTime<Utc>,
}

/// `/api/v1` with its document and its page.
pub fn routes(parts: Parts) -> Router {
    let settings = parts.settings.clone();
    let api = Arc::new(Api::new(parts));
    let mut operations = collect(|permission, operation| {
        let door = Door::new(&api, permission);
        operation.map(|route| route.route_layer(middleware::from_fn_with_state(door, admit)))
    });
    let files = Files::new("/api/v1/openapi.json");
    let document = json(&complete(operations.to_openapi()));
    let routes = Router::from(operations)
        .route("/openapi.json", get(async || document))
        .route("/docs", get(async || Redirect::permanent("/api/v1/docs/")))
        .route("/docs/", get(page).with_state(files.clone()))
        .route("/docs/{*file}", get(page).with_state(files))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    Router::new().nest("/api/v1", around(routes, &settings))
}

/// The OpenAPI document that [`routes()`] serves.
pub fn document() -> OpenApi {
    complete(collect(|_, operation| operation).into_openapi())
}

/// The operations with `guard` before each. One that no rule is about is left out: nobody may do it.
fn collect(guard: impl Fn(Permission, UtoipaMethodRouter) -> UtoipaMethodRouter) -> OpenApiRouter {
    let all = OpenApiRouter::with_openapi(frame());
    operations()
        .into_iter()
        .fold(all, |all, operation| match needed(&operation) {
            Some(permission) => all.routes(guard(permission, operation)),
            None => all,
        })
}

fn needed((_, paths, _): &UtoipaMethodRouter) -> Option<Permission> {
    let item = paths.paths.values().next()?;
    let methods = [&item.get, &item.put, &item.post, &item.delete];
    let operation = methods.into_iter().flatten().next()?;
    permission::of_operation(operation.operation_id.as_deref()?)
}

/// The document as it is sent each time.
fn json(document: &OpenApi) -> ([(HeaderName, &'static str); 1], Bytes) {
    let json = serde_json::to_vec(document).unwrap_or_else(|error| {
        tracing::error!(%error, "The OpenAPI document can't be written");
        Vec::new()
    });
    ([(header::CONTENT_TYPE, "application/json")], json.into())
}

async fn not_found(Extension(id): Extension<RequestId>, uri: OriginalUri) -> Response {
    Error::NotFound(format!("There is nothing at `{}`.", uri.path()).into()).respond(&id)
}

async fn method_not_allowed(Extension(id): Extension<RequestId>, uri: OriginalUri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, &id).detail(format!("`{}` does not take this method.", uri.path()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::v1::TABLE;

    #[test]
    fn every_operation_has_a_rule_and_every_rule_its_operations() {
        let routed: Vec<_> = operations()
            .iter()
            .map(|operation| needed(operation).map(Permission::as_str))
            .collect();
        assert!(
            routed.iter().all(Option::is_some),
            "an operation that no rule names is not served: {routed:?}"
        );
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|item| item.as_object().unwrap().values());
        let documented: BTreeSet<_> = operations
            .map(|it| it["operationId"].as_str().unwrap().to_owned())
            .collect();
        let ruled: BTreeSet<_> = TABLE
            .iter()
            .flat_map(|rule| rule.operations)
            .map(|it| (*it).to_owned())
            .collect();
        assert_eq!(documented, ruled);
        assert_eq!(documented.len(), routed.len());
    }
}
