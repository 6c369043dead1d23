use axum::{
    Router,
    response::IntoResponse,
    routing::{delete, get, post, put},
};

use super::{app, call::Refusal, hook, person, repositories, workflow_runs};
use crate::world::Shared;

/// The part of GitHub's REST API below `/github`; <https://docs.github.com/en/rest/apps>.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/app", get(app::app))
        .route("/app/hook/deliveries", get(hook::list))
        .route("/app/hook/deliveries/{id}", get(hook::one))
        .route("/app/hook/deliveries/{id}/attempts", post(hook::redeliver))
        .route("/app/installations", get(app::installations))
        .route("/app/installations/{id}", get(app::one).delete(app::uninstall))
        .route("/app/installations/{id}/access_tokens", post(app::access_tokens))
        .route(
            "/app/installations/{id}/suspended",
            put(app::suspend).delete(app::unsuspend),
        )
        .route("/applications/{client_id}/token", delete(person::revoke))
        .route("/installation/repositories", get(repositories::list))
        .route("/installation/token", delete(repositories::revoke))
        .route("/repos/{owner}/{name}", get(repositories::one))
        .route("/repos/{owner}/{name}/actions/runs/{id}", get(workflow_runs::one))
        .route(
            "/repos/{owner}/{name}/actions/runs/{id}/rerun-failed-jobs",
            post(workflow_runs::rerun_failed_jobs),
        )
        .route("/user", get(person::user))
        .route("/user/installations", get(person::installations))
        .fallback(|| async { Refusal::not_found().into_response() })
}
