//! What GitHub does for agents.

mod rerun;

use std::sync::Arc;

use super::connector::Github;
use crate::{Task, Tool};

/// Everything that agents can have done.
pub(super) fn tools(github: &Arc<Github>) -> Vec<Tool> {
    let github = Arc::clone(github);
    let perform = move |task: Task| {
        let github = Arc::clone(&github);
        Box::pin(async move { github.rerun_failed_jobs(&task).await }) as _
    };
    vec![Tool {
        name: "rerun_failed_jobs",
        description: "Runs the failed jobs of a workflow run again, once",
        changes: true,
        perform: Arc::new(perform),
    }]
}
