use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde_json::json;

use super::{
    announcement::{Announcement, tell},
    call::{Asked, Refusal, Reply, called},
    delivery::Sending,
    identity::{Door, Principal},
    runs::Run,
    subject::bot,
};
use crate::world::{Shared, World};

/// Owner, name and run.
type Which = Path<(String, String, String)>;

/// <https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run>
pub(super) async fn one(State(world): State<Shared>, Path(which): Which, asked: Asked) -> Response {
    called(&world, "github.workflow_run", Door::Installation, &asked, |principal| {
        allowed(&world, &["read", "write"])?;
        let (_, run) = find(&world, &principal, &which)?;
        Ok(Reply::ok(run.shown().clone()))
    })
    .await
}

/// <https://docs.github.com/en/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run>
pub(super) async fn rerun_failed_jobs(State(world): State<Shared>, Path(which): Which, asked: Asked) -> Response {
    let door = Door::Installation;
    called(&world, "github.rerun_failed_jobs", door, &asked, |principal| {
        let (id, _) = find(&world, &principal, &which)?;
        allowed(&world, &["write"])?;
        let begun = world.github.runs.begin_next(id, &bot(&world));
        let begun = begun.map_err(|words| Refusal::new(StatusCode::FORBIDDEN, words))?;
        go_on(&world, id, begun);
        Ok(Reply::json(StatusCode::CREATED, json!({})))
    })
    .await
}

/// The App is told that the attempt began; then it succeeds, and the App is told that.
fn go_on(world: &Shared, id: u64, begun: Run) {
    let (tracked, world) = (world.clone(), world.clone());
    tracked.tasks.spawn(async move {
        let going_on = async {
            tell(&world, vec![told(begun)], Sending::First).await;
            let over = world.github.runs.succeed(id);
            tell(&world, over.into_iter().map(told).collect(), Sending::First).await;
        };
        tokio::select! {
            () = going_on => {}
            () = world.shutdown.cancelled() => {}
        }
    });
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run>
fn told(run: Run) -> Announcement {
    Announcement::about_run(run.payload, run.url)
}

/// The App may do with Actions what its settings say.
fn allowed(world: &World, access: &[&str]) -> Result<(), Refusal> {
    let has = world.github.settings().actions;
    let refusal = || Refusal::new(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    access.contains(&has.as_str()).then_some(()).ok_or_else(refusal)
}

fn find(
    world: &World,
    principal: &Principal,
    (owner, name, id): &(String, String, String),
) -> Result<(u64, Run), Refusal> {
    let Principal::Installation { repositories, .. } = principal else {
        return Err(Refusal::not_found());
    };
    let full_name = format!("{owner}/{name}");
    let is_seen = repositories.iter().any(|it| it.eq_ignore_ascii_case(&full_name));
    let id = id.parse().ok().filter(|_| is_seen).ok_or_else(Refusal::not_found)?;
    let run = world.github.runs.find(&full_name, id).ok_or_else(Refusal::not_found)?;
    Ok((id, run))
}
