//! Whether the process can do its work: named checks of what it depends on.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

use futures::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio::time::timeout;

/// How long one check may take before it counts as failed; whoever asks `/readyz` waits no longer.
const PATIENCE: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The checks of everything that runs in this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(String, Check)>,
}

/// What the checks found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every check succeeded.
    pub ready: bool,
    /// Each check: `ok`, or what is wrong in a few words.
    pub checks: BTreeMap<String, String>,
}

impl Readiness {
    /// Nothing to check yet: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check under `name`, such as `nats.slack` or `postgresql`. Its error is shown to whoever asks, so it
    /// holds no address and no secret.
    pub fn add<C, F>(&mut self, name: impl Into<String>, check: C)
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name.into(), Arc::new(move || Box::pin(check()))));
    }

    /// Runs every check, all at once.
    pub async fn report(&self) -> Report {
        let checks = join_all(self.checks.iter().map(|(name, check)| async move {
            let found = match timeout(PATIENCE, check()).await {
                Ok(Ok(())) => None,
                Ok(Err(problem)) => Some(problem),
                Err(_) => Some(format!("no answer within {} seconds", PATIENCE.as_secs())),
            };
            (name.clone(), found)
        }))
        .await;
        let ready = checks.iter().all(|(_, problem)| problem.is_none());
        let checks = checks
            .into_iter()
            .map(|(name, problem)| (name, problem.unwrap_or_else(|| "ok".to_owned())))
            .collect();
        Report { ready, checks }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.checks.iter().map(|(name, _)| name))
            .finish()
    }
}
