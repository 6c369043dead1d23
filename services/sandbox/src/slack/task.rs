use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A step that a stream shows; <https://docs.slack.dev/reference/methods/chat.appendStream#chunks>.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    id: String,
    title: String,
    status: State,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    details: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    output: String,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Pending,
    InProgress,
    Complete,
    Error,
}

/// The step of a `task_update` chunk; nothing if it is none.
pub(super) fn read(chunk: &Value) -> Option<Task> {
    Task::deserialize(chunk).ok()
}

/// Adds a step, or brings the one with its id up to date: title and state are replaced, details and output go on.
pub(super) fn merge(tasks: &mut Vec<Task>, update: Task) {
    let Some(task) = tasks.iter_mut().find(|task| task.id == update.id) else {
        tasks.push(update);
        return;
    };
    task.title = update.title;
    task.status = update.status;
    task.details.push_str(&update.details);
    task.output.push_str(&update.output);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_update_replaces_the_state_and_continues_the_details() {
        let update = |status, details| json!({ "type": "task_update", "id": "1", "title": "Look", "status": status, "details": details });
        let mut tasks = Vec::new();
        for chunk in [update("in_progress", "a"), update("complete", "b")] {
            merge(&mut tasks, read(&chunk).unwrap());
        }
        assert_eq!(
            json!(tasks),
            json!([{ "id": "1", "title": "Look", "status": "complete", "details": "ab" }])
        );
        assert_eq!(read(&update("done", "")), None);
    }
}
