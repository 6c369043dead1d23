use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::clock;

/// Runs kept; older ones fall out.
const KEPT: usize = 1_000;

/// A workflow run, as the App was told of it last.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The payload of the last webhook about it.
    pub(super) payload: Value,
    /// Where that went instead of the App's own webhook URL.
    pub(super) url: Option<String>,
}

impl Run {
    fn id(&self) -> Option<u64> {
        self.shown()["id"].as_u64()
    }

    fn attempt(&self) -> u64 {
        self.shown()["run_attempt"].as_u64().unwrap_or(1)
    }

    fn repository(&self) -> &str {
        self.payload["repository"]["full_name"].as_str().unwrap_or_default()
    }

    /// As the REST API shows it.
    pub(super) fn shown(&self) -> &Value {
        &self.payload["workflow_run"]
    }

    /// What it came to, for the control API.
    pub(crate) fn summary(&self) -> Value {
        let run = self.shown();
        json!({
            "id": run["id"],
            "repository": self.repository(),
            "run_attempt": self.attempt(),
            "status": run["status"],
            "conclusion": run["conclusion"],
        })
    }

    fn becomes(&mut self, action: &str, status: &str, conclusion: Option<&str>) {
        self.payload["action"] = action.into();
        let run = &mut self.payload["workflow_run"];
        run["status"] = status.into();
        run["conclusion"] = conclusion.into();
        run["updated_at"] = clock::rfc3339().into();
    }
}

/// The workflow runs that webhooks were sent about, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<VecDeque<Run>>);

impl Runs {
    /// Keeps what a webhook says of a run, unless a later attempt is known.
    pub(super) fn note(&self, payload: Value, url: Option<String>) {
        let run = Run { payload, url };
        let Some(id) = run.id() else { return };
        let mut kept = self.lock();
        match kept.iter_mut().find(|known| known.id() == Some(id)) {
            Some(known) if known.attempt() <= run.attempt() => *known = run,
            Some(_) => {}
            None => {
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(run);
            }
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Run> {
        self.lock().iter().cloned().collect()
    }

    /// The run of a repository.
    pub(super) fn find(&self, repository: &str, id: u64) -> Option<Run> {
        let mut all = self.all().into_iter();
        all.find(|run| run.id() == Some(id) && run.repository().eq_ignore_ascii_case(repository))
    }

    /// Begins the next attempt of a run.
    ///
    /// # Errors
    ///
    /// GitHub's words, when it is not over, or nothing failed in it.
    pub(super) fn begin_next(&self, id: u64, bot: &Value) -> Result<Run, &'static str> {
        let mut kept = self.lock();
        let run = kept.iter_mut().find(|run| run.id() == Some(id));
        let run = run.ok_or("Not Found")?;
        if run.shown()["status"] != "completed" {
            return Err("This workflow is already running");
        }
        if run.shown()["conclusion"] == "success" {
            return Err("This workflow run has no failed jobs");
        }
        let next = run.attempt() + 1;
        run.becomes("requested", "queued", None);
        run.payload["sender"] = bot.clone();
        let shown = &mut run.payload["workflow_run"];
        shown["run_attempt"] = next.into();
        shown["run_started_at"] = clock::rfc3339().into();
        shown["triggering_actor"] = bot.clone();
        Ok(run.clone())
    }

    /// Ends the attempt of a run, well.
    pub(super) fn succeed(&self, id: u64) -> Option<Run> {
        let mut kept = self.lock();
        let run = kept.iter_mut().find(|run| run.id() == Some(id))?;
        run.becomes("completed", "completed", Some("success"));
        Some(run.clone())
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(runs: &Runs, attempt: u64, status: &str) {
        let run = json!({ "id": 7, "run_attempt": attempt, "status": status });
        let payload = json!({ "workflow_run": run, "repository": { "full_name": "acme/payments" } });
        runs.note(payload, None);
    }

    #[test]
    fn the_next_attempt_begins_once_the_last_is_over() {
        let runs = Runs::default();
        told(&runs, 1, "in_progress");
        assert!(runs.begin_next(7, &Value::Null).is_err());
        told(&runs, 1, "completed");
        assert_eq!(runs.begin_next(7, &Value::Null).unwrap().attempt(), 2);
        assert!(runs.begin_next(7, &Value::Null).is_err());
        // A webhook that comes again tells of what was.
        told(&runs, 1, "completed");
        assert_eq!(runs.find("Acme/Payments", 7).unwrap().attempt(), 2);
        assert_eq!(runs.succeed(7).unwrap().shown()["conclusion"], "success");
        assert!(runs.find("acme/checkout", 7).is_none() && runs.succeed(8).is_none());
        runs.note(json!({ "workflow_run": {} }), None);
        assert_eq!(runs.all().len(), 1);
    }
}
