//! Calling tools over NATS with the grant that came with the question.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use infragpt_nats::{
    Connection, FrameSink,
    agent::{Step, StepState},
    request,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::Instant;

/// How long one tool may take at most.
const PATIENCE: Duration = Duration::from_secs(10);
/// A result up to this size travels in its `step` frame, so that a recorded run can be asked again without the tool.
const MOST_RECORDED_BYTES: usize = 64 * 1024;

/// Why a tool gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was not reached, did not answer in time, or refused.
    #[error("tool `{tool}` gave no result")]
    Call {
        /// Its subject.
        tool: &'static str,
        /// What happened.
        #[source]
        source: request::Error,
    },
    /// Its result has another shape than this agent knows.
    #[error("the result of tool `{tool}` can't be read")]
    Result {
        /// Its subject.
        tool: &'static str,
        /// What the JSON reader found.
        #[source]
        source: serde_json::Error,
    },
}

impl Error {
    /// What a person in the chat is told: what to expect, and no internals.
    pub fn sentence(&self) -> String {
        let sentence = match self {
            Self::Call {
                source: request::Error::NoResponders(_) | request::Error::Unavailable(_),
                ..
            } => "I can't reach what I recorded right now. Please ask again in a minute.",
            Self::Call {
                source: request::Error::TimedOut(_),
                ..
            } => "Reading what I recorded took too long. Please ask again in a minute.",
            Self::Call {
                source: request::Error::Service { code: 401 | 403, .. },
                ..
            } => {
                "I was not allowed to read what I recorded for this conversation. An operator can find the reason in the log."
            }
            Self::Call {
                source: request::Error::Service { .. } | request::Error::Decode(_),
                ..
            }
            | Self::Result { .. } => "Reading what I recorded failed. An operator can find the reason in the log.",
        };
        sentence.to_owned()
    }
}

/// The tools, for one question.
#[derive(Debug)]
pub(crate) struct Tools<'question> {
    pub connection: &'question Connection,
    /// Who is told of each step, if somebody is.
    pub frames: Option<&'question FrameSink>,
    pub clock: fn() -> DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    /// How many calls were made.
    pub called: AtomicUsize,
}

impl Tools<'_> {
    /// Calls `tool` and tells about it in `step` frames: to people with `title`, and for the record what was asked (without
    /// the grant) and what came back.
    pub async fn call<Q: Serialize + Sync, R: DeserializeOwned>(
        &self,
        tool: &'static str,
        title: &str,
        request: &Q,
    ) -> Result<R, Error> {
        let mut told = json!(request);
        if let Some(fields) = told.as_object_mut() {
            fields.remove("grant");
        }
        let mut step = Step {
            id: format!("{}", self.called.fetch_add(1, Ordering::Relaxed) + 1),
            title: title.to_owned(),
            state: StepState::Running,
        };
        let record = json!({"step": "tool_called", "tool": tool, "request": told});
        self.tell(&step, record).await;
        let left = (self.deadline - (self.clock)()).to_std().unwrap_or(Duration::ZERO);
        let started = Instant::now();
        let reply = self
            .connection
            .request::<Q, Value>(tool, request, left.min(PATIENCE))
            .await;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let reply = match reply {
            Ok(reply) => reply,
            Err(source) => {
                let record =
                    json!({"step": "tool_failed", "tool": tool, "error": source.to_string(), "ms": milliseconds});
                step.state = StepState::Failed;
                self.tell(&step, record).await;
                return Err(Error::Call { tool, source });
            }
        };
        step.state = StepState::Done;
        self.tell(&step, returned(tool, &reply, milliseconds)).await;
        serde_json::from_value(reply).map_err(|source| Error::Result { tool, source })
    }

    async fn tell(&self, step: &Step, record: Value) {
        if let Some(frames) = self.frames {
            frames.step(&frame(step, record)).await;
        }
    }
}

/// One frame for both: whoever shows steps to people, and whoever records the run.
fn frame(step: &Step, mut record: Value) -> Value {
    record["id"] = step.id.as_str().into();
    record["title"] = step.title.as_str().into();
    record["state"] = json!(step.state);
    record
}

/// How many of what came back, how long it took, and the result itself where it is small enough.
fn returned(tool: &str, reply: &Value, milliseconds: u64) -> Value {
    let counts: serde_json::Map<String, Value> = reply
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_array()?.len().into())))
        .collect();
    let mut step = json!({"step": "tool_returned", "tool": tool, "counts": counts, "ms": milliseconds});
    if reply.to_string().len() <= MOST_RECORDED_BYTES {
        step["result"] = reply.clone();
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_counts_what_came_back() {
        let reply = json!({"changes": [1, 2], "truncated": false});
        assert_eq!(
            returned("t", &reply, 3),
            json!({"step": "tool_returned", "tool": "t", "counts": {"changes": 2}, "ms": 3, "result": reply})
        );
    }

    #[test]
    fn a_step_says_what_is_done_and_how_far_it_is() {
        let step = Step {
            id: "2".to_owned(),
            title: "reads what changed in acme/payments".to_owned(),
            state: StepState::Done,
        };
        let frame = frame(&step, returned("t", &json!({"changes": []}), 3));
        assert_eq!(frame["step"], "tool_returned");
        assert_eq!(serde_json::from_value::<Step>(frame).unwrap(), step);
    }

    #[test]
    fn a_large_result_is_only_counted() {
        let reply = json!({"changes": ["x".repeat(MOST_RECORDED_BYTES)]});
        assert_eq!(
            returned("t", &reply, 3),
            json!({"step": "tool_returned", "tool": "t", "counts": {"changes": 1}, "ms": 3})
        );
    }

    #[test]
    fn people_are_told_a_sentence_without_internals() {
        let error = |source| {
            Error::Call {
                tool: "tool.v1.infragpt.changes",
                source,
            }
            .sentence()
        };
        for source in [
            request::Error::NoResponders("tool.v1".to_owned()),
            request::Error::TimedOut("tool.v1".to_owned()),
            request::Error::Service {
                code: 403,
                message: "grant: secret".to_owned(),
            },
            request::Error::Service {
                code: 500,
                message: "SELECT".to_owned(),
            },
            request::Error::Unavailable("10.0.0.1".to_owned()),
        ] {
            let sentence = error(source);
            assert!(
                sentence.ends_with('.') && !sentence.contains("tool.v1") && !sentence.contains("SELECT"),
                "{sentence}"
            );
        }
    }
}
