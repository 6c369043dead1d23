use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    assertion,
    subject::{account, installation, permissions, repository},
};
use crate::{
    clock,
    fault::Fault,
    world::{Shared, World},
};

/// Installation tokens live one hour.
const TOKEN_SECONDS: i64 = 3600;

/// Installation tokens that were issued, with their expiry and repositories.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, (i64, Vec<String>)>>);

/// A refusal in GitHub's form.
#[derive(Debug)]
struct Refusal(StatusCode, String);

type Answer = Result<Response, Refusal>;

/// The part of GitHub's REST API below `/github`; <https://docs.github.com/en/rest/apps>.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/app", get(app))
        .route("/app/installations/{id}", get(app_installation))
        .route("/app/installations/{id}/access_tokens", post(access_tokens))
        .route("/installation/repositories", get(repositories))
        .route("/repos/{owner}/{name}", get(one_repository))
        .fallback(|| async { not_found().into_response() })
}

async fn app(State(world): State<Shared>, headers: HeaderMap) -> Response {
    called(&world, "github.app", || {
        check_app(&world, &headers)?;
        let github = &world.configuration.github;
        Ok(respond(
            StatusCode::OK,
            &json!({
                "id": github.app_id,
                "client_id": format!("Iv23sandbox{}", github.app_id),
                "slug": "infragpt",
                "node_id": "A_sandbox",
                "owner": account(&world, &github.account, "Organization"),
                "name": "InfraGPT",
                "description": "",
                "external_url": world.url,
                "html_url": "https://github.com/apps/infragpt",
                "created_at": "2024-01-15T09:00:00Z",
                "updated_at": "2024-01-15T09:00:00Z",
                "permissions": permissions(),
                "events": installation(&world)["events"],
                "installations_count": 1,
            }),
        ))
    })
    .await
}

async fn app_installation(State(world): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    called(&world, "github.installation", || {
        check_app(&world, &headers)?;
        check_installation(&world, &id)?;
        Ok(respond(StatusCode::OK, &installation(&world)))
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
struct Narrowed {
    repositories: Option<Vec<String>>,
}

async fn access_tokens(
    State(world): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    called(&world, "github.access_tokens", || {
        check_app(&world, &headers)?;
        check_installation(&world, &id)?;
        let narrowed: Narrowed = if body.is_empty() {
            Narrowed::default()
        } else {
            serde_json::from_slice(&body)
                .map_err(|_| Refusal(StatusCode::BAD_REQUEST, "Problems parsing JSON".into()))?
        };
        let mut repositories = world.configuration.github.repositories.clone();
        if let Some(chosen) = narrowed.repositories {
            repositories.retain(|it| chosen.iter().any(|name| it.rsplit('/').next() == Some(name)));
        }
        let token = format!("ghs_sandbox{}", hex::encode(clock::random()));
        let expiry = clock::seconds() + TOKEN_SECONDS;
        let answer = json!({
            "token": token,
            "expires_at": clock::rfc3339_in(TOKEN_SECONDS),
            "permissions": permissions(),
            "repository_selection": "selected",
        });
        world
            .tokens
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token, (expiry, repositories));
        Ok(respond(StatusCode::CREATED, &answer))
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Page {
    per_page: Option<usize>,
    page: Option<usize>,
}

async fn repositories(State(world): State<Shared>, Query(query): Query<Page>, headers: HeaderMap) -> Response {
    called(&world, "github.repositories", || {
        let all = check_token(&world, &headers)?;
        let size = query.per_page.unwrap_or(30).clamp(1, 100);
        let page = query.page.unwrap_or(1).max(1);
        let start = size.saturating_mul(page - 1);
        let listed: Vec<Value> = all
            .iter()
            .skip(start)
            .take(size)
            .map(|name| repository(&world, name))
            .collect();
        let body = json!({ "total_count": all.len(), "repository_selection": "selected", "repositories": listed });
        let mut response = respond(StatusCode::OK, &body);
        let last = all.len().div_ceil(size).max(1);
        let link = |page: usize, relation: &str| {
            format!(
                "<{}/github/installation/repositories?per_page={size}&page={page}>; rel=\"{relation}\"",
                world.url
            )
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        if let Ok(value) = links.join(", ").parse()
            && !links.is_empty()
        {
            response.headers_mut().insert(header::LINK, value);
        }
        Ok(response)
    })
    .await
}

async fn one_repository(
    State(world): State<Shared>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    called(&world, "github.repository", || {
        let visible = check_token(&world, &headers)?;
        let full_name = format!("{owner}/{name}");
        let found = visible
            .iter()
            .find(|it| it.eq_ignore_ascii_case(&full_name))
            .ok_or_else(not_found)?;
        Ok(respond(StatusCode::OK, &repository(&world, found)))
    })
    .await
}

/// Runs an operation with the fault that was planned for it, and notes the call.
async fn called(world: &World, operation: &str, run: impl FnOnce() -> Answer) -> Response {
    let fault = world.faults.take(operation);
    let answer = match &fault {
        Some(Fault::Error(error)) => Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.clone())),
        Some(Fault::RateLimit { seconds, .. }) => {
            world.journal.call(operation, Some("rate limit"));
            let refusal = Refusal(
                StatusCode::FORBIDDEN,
                "You have exceeded a secondary rate limit.".into(),
            );
            return ([(header::RETRY_AFTER, seconds.to_string())], refusal).into_response();
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(*time).await;
            run()
        }
        _ => run(),
    };
    world
        .journal
        .call(operation, answer.as_ref().err().map(|refusal| refusal.1.as_str()));
    if fault == Some(Fault::HangAfter) {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
    answer.unwrap_or_else(IntoResponse::into_response)
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let own = HeaderName::from_static;
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned()),
        (own("x-github-media-type"), "github.v3; format=json".to_owned()),
        (own("x-github-request-id"), hex::encode_upper(&clock::random()[..8])),
        (own("x-ratelimit-limit"), "5000".to_owned()),
        (own("x-ratelimit-remaining"), "4999".to_owned()),
        (own("x-ratelimit-reset"), (clock::seconds() + 3600).to_string()),
    ];
    (status, headers, body.to_string()).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        respond(
            self.0,
            &json!({
                "message": self.1,
                "documentation_url": "https://docs.github.com/rest",
                "status": self.0.as_str(),
            }),
        )
    }
}

fn not_found() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "Not Found".into())
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value
        .and_then(|value| value.split_once(' '))
        .map(|(_, token)| token.trim());
    token.ok_or_else(|| Refusal(StatusCode::UNAUTHORIZED, "Requires authentication".into()))
}

fn check_app(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    assertion::check(&world.configuration.github, bearer(headers)?).map_err(|(status, message)| {
        Refusal(
            StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED),
            message.into(),
        )
    })
}

fn check_installation(world: &World, id: &str) -> Result<(), Refusal> {
    if id == world.configuration.github.installation_id.to_string() {
        Ok(())
    } else {
        Err(not_found())
    }
}

/// The repositories that the installation token may see.
fn check_token(world: &World, headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    let token = bearer(headers)?;
    let tokens = world.tokens.0.lock().unwrap_or_else(PoisonError::into_inner);
    let live = tokens.get(token).filter(|(expiry, _)| *expiry > clock::seconds());
    live.map(|(_, all)| all.clone())
        .ok_or_else(|| Refusal(StatusCode::UNAUTHORIZED, "Bad credentials".into()))
}
