//! `tool.v1.github.rerun_failed_jobs`: the failed jobs of a workflow run, again and once.
//!
//! Source: <https://docs.github.com/en/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run>.

use std::time::Duration;

use infragpt_events::integration::{Connected, Resource, ResourceKind};
use infragpt_nats::ServiceError;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{
    connector::{App, Github},
    installation,
    rest::{Refusal, Rest},
    synchronization::unminted,
};
use crate::{BoxFuture, Failure, Task, http::Call};

/// It ends before its caller stops waiting, after two minutes, and asks again.
const LONGEST: Duration = Duration::from_secs(100);

/// What GitHub says to an App that may not.
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible>
const NOT_ACCESSIBLE: &str = "not accessible by integration";

/// The permission that it takes, as a scope.
const PERMISSION: &str = "actions:write";

#[derive(Deserialize)]
struct Request {
    repository: String,
    run_id: u64,
    /// The attempt that failed, which the approval is about.
    attempt: u64,
}

/// <https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run>
#[derive(Deserialize)]
struct Run {
    #[serde(rename = "run_attempt", default = "first")]
    attempt: u64,
    status: Option<String>,
    html_url: String,
}

fn first() -> u64 {
    1
}

/// One run of a repository that the connection may see.
struct Place<'task> {
    app: &'task App,
    installation: u64,
    repository: &'task str,
    run: u64,
}

impl Github {
    /// Runs the failed jobs of that attempt again, unless there is a later attempt already. What is unclear is no
    /// failure: whoever asks again finds the later attempt.
    pub(super) async fn rerun_failed_jobs(&self, task: &Task) -> Result<Value, ServiceError> {
        let asked: Request = task.arguments()?;
        let repository = seen(&task.connected, &asked.repository)?;
        let place = Place {
            app: self.app().map_err(|failure| said(&failure))?,
            installation: installation::of(&task.connected).map_err(|failure| said(&failure))?,
            repository: &repository.name,
            run: asked.run_id,
        };
        let outcome = tokio::time::timeout(LONGEST, self.rerun(&place, &asked, &task.connected))
            .await
            .map_err(|_| ServiceError::new(504, "GitHub took too long, and may or may not run the jobs again."))??;
        Ok(json!({ "outcome": outcome }))
    }

    async fn rerun(&self, place: &Place<'_>, asked: &Request, connected: &Connected) -> Result<String, ServiceError> {
        let (number, repository) = (place.run, place.repository);
        let run = self.workflow_run(place, connected).await?;
        if let Some(outcome) = run.gone_on(place, asked) {
            return Ok(outcome);
        }
        if run.attempt < asked.attempt {
            let sentence = format!(
                "Run {number} of {repository} has no attempt {}: {}",
                asked.attempt, run.html_url
            );
            return Err(ServiceError::new(409, sentence));
        }
        if run.status.as_deref() != Some("completed") {
            let sentence = format!("Run {number} of {repository} is not over yet: {}", run.html_url);
            return Err(ServiceError::new(409, sentence));
        }
        let path = format!("/repos/{repository}/actions/runs/{number}/rerun-failed-jobs");
        let call = self.call("rerun_failed_jobs", Method::POST, &path)?;
        let rest = self.rest.clone();
        let told = self.with_token(place, &call, |call| {
            let rest = rest.clone();
            Box::pin(async move { rest.tell(&call).await })
        });
        let refusal = match told.await {
            Ok(()) => {
                return Ok(format!(
                    "The failed jobs of run {number} in {repository} run again, as attempt {}: {}",
                    asked.attempt + 1,
                    run.html_url
                ));
            }
            Err(refusal @ Refused::Call(Refusal::Status(403 | 409 | 422, _))) => refusal,
            Err(other) => return Err(other.told(place, connected)),
        };
        // GitHub also refuses what an earlier try, whose answer never came, has begun.
        let run = self.workflow_run(place, connected).await?;
        run.gone_on(place, asked).ok_or_else(|| refusal.told(place, connected))
    }

    async fn workflow_run(&self, place: &Place<'_>, connected: &Connected) -> Result<Run, ServiceError> {
        let path = format!("/repos/{}/actions/runs/{}", place.repository, place.run);
        let call = self.call("workflow_run", Method::GET, &path)?;
        let rest = self.rest.clone();
        let read = self.with_token(place, &call, |call| {
            let rest = rest.clone();
            Box::pin(async move { rest.send(&call).await })
        });
        read.await.map_err(|refused| refused.told(place, connected))
    }

    fn call(&self, operation: &'static str, method: Method, path: &str) -> Result<Call, ServiceError> {
        let url = self.rest.api(path).map_err(|refusal| said(&refusal.into()))?;
        Ok(Rest::call(operation, method, url))
    }

    /// Makes a call with the installation's token; a token that GitHub no longer takes is made anew, once.
    async fn with_token<T>(
        &self,
        place: &Place<'_>,
        call: &Call,
        make: impl Fn(Call) -> BoxFuture<Result<T, Refusal>>,
    ) -> Result<T, Refused> {
        let mut again = true;
        loop {
            let token = place.app.tokens.get(place.installation).await;
            let token = token.map_err(Refused::Token)?;
            let call = call.clone().bearer(&token.token).of(place.installation.to_string());
            match make(call).await {
                Err(refusal) if refusal.is(401) && again => {
                    place.app.tokens.refused(place.installation, &token);
                    again = false;
                }
                outcome => return outcome.map_err(Refused::Call),
            }
        }
    }
}

impl Run {
    /// What came of it, where there is a later attempt than the one that failed.
    fn gone_on(&self, place: &Place<'_>, asked: &Request) -> Option<String> {
        (self.attempt > asked.attempt).then(|| {
            format!(
                "Run {} of {} was run again already, it is at attempt {}: {}",
                place.run, place.repository, self.attempt, self.html_url
            )
        })
    }
}

/// What GitHub refused.
enum Refused {
    /// A token for the installation.
    Token(Refusal),
    /// The call.
    Call(Refusal),
}

impl Refused {
    /// The refusal for whoever asked, and people: 4xx is the end of it, after anything else it is tried again.
    fn told(self, place: &Place<'_>, connected: &Connected) -> ServiceError {
        let (number, repository) = (place.run, place.repository);
        match self {
            Self::Token(refusal) => said(&unminted(refusal)),
            Self::Call(Refusal::Status(404, _)) => ServiceError::new(
                404,
                format!("GitHub knows no run {number} in {repository}, or no longer shows it to the GitHub App."),
            ),
            Self::Call(Refusal::Status(403, words)) if words.contains(NOT_ACCESSIBLE) || !may(connected) => {
                ServiceError::new(
                    403,
                    format!(
                        "GitHub does not let the GitHub App run jobs again ({words}). It needs the repository permission \
                         “Actions: Read and write” (`actions: write`), which an owner of {} has to accept.",
                        connected.account.name
                    ),
                )
            }
            Self::Call(Refusal::Status(code @ (403 | 409 | 422), words)) => ServiceError::new(
                code,
                format!("GitHub does not run the failed jobs of run {number} in {repository} again: {words}."),
            ),
            Self::Call(other) => said(&other.into()),
        }
    }
}

/// Whether the permission was given, as far as is known.
fn may(connected: &Connected) -> bool {
    connected.scopes.iter().any(|scope| scope == PERMISSION)
}

/// The repository among those that the connection may see.
fn seen<'task>(connected: &'task Connected, name: &str) -> Result<&'task Resource, ServiceError> {
    let repositories = connected.resources.values();
    let mut repositories = repositories.filter(|resource| resource.kind == ResourceKind::Repository);
    let found = repositories.find(|resource| resource.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let name: String = name.chars().take(140).collect();
        ServiceError::new(404, format!("GitHub's connection does not see a repository `{name}`."))
    })
}

/// A failure for whoever asked: only what may work later is 5xx.
fn said(failure: &Failure) -> ServiceError {
    let code = match failure {
        Failure::NotConfigured(_) => 424,
        Failure::Denied(_) | Failure::Refused(_) => 403,
        Failure::Unauthorized(_) => 401,
        Failure::RateLimited(_) | Failure::Unavailable(_) => 503,
    };
    ServiceError::new(code, format!("That can't be done in GitHub: {failure}."))
}
