//! Asking whoever serves `agent.v1.ask`, in any language, and what their frames amount to.

use std::time::Duration;

use infragpt_nats::agent::{Ask, Proposal, SUBJECT, Step};
use infragpt_nats::{Connection, Frame, request};

/// How long an agent may say nothing at all; a working one sends `step` or `delta` frames.
const IDLE: Duration = Duration::from_mins(1);
/// What of an answer's pieces is kept; Slack takes no longer text.
const MOST_BYTES: usize = 120_000;
/// How many steps of one answer are shown.
const MOST_STEPS: usize = 50;
/// How many actions one answer may propose.
const MOST_PROPOSALS: usize = 5;

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// An answer, in Markdown.
    Answer(String),
    /// No answer, and why, in a sentence for people.
    Refusal(String),
    /// Nobody was reached: it may work later.
    Nobody,
}

/// Asks. The frames end with the answer.
pub(crate) async fn ask(connection: &Connection, ask: &Ask) -> Result<request::FrameStream, Reply> {
    let payload = match serde_json::to_vec(ask) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::error!(%error, "A question can't be written as JSON");
            return Err(Reply::Refusal("Your question could not be passed on.".to_owned()));
        }
    };
    let frames = connection.request_frames(SUBJECT, payload.into(), IDLE).await;
    frames.map_err(|error| failed(&error))
}

/// What an agent has said so far.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The pieces of its answer.
    pub text: String,
    /// What it did for it, in the order of beginning.
    pub steps: Vec<Step>,
    /// What it wants people to allow.
    pub proposals: Vec<Proposal>,
}

impl Reading {
    /// Takes the next frame; the reply, if it is the last.
    pub fn take(&mut self, frame: Option<Result<Frame, request::Error>>) -> Option<Reply> {
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Some(failed(&error)),
            None => return Some(nothing()),
        };
        let text = String::from_utf8_lossy(&frame.payload);
        match frame.kind.as_deref() {
            Some("delta") => {
                if self.text.len() + text.len() <= MOST_BYTES {
                    self.text.push_str(&text);
                }
                None
            }
            // A header-less reply is the whole answer, so that `nats reply agent.v1.ask 'pong'` is an agent.
            None | Some("answer") if !text.trim().is_empty() => Some(Reply::Answer(bounded(&text))),
            None | Some("answer") => Some(self.complete()),
            Some("error") if text.trim().is_empty() => Some(nothing()),
            Some("error") => Some(Reply::Refusal(sentence(&text))),
            Some("step") => {
                self.step(&frame.payload);
                None
            }
            Some("proposal") => {
                self.propose(&frame.payload);
                None
            }
            // A newer agent may send more kinds.
            Some(_) => None,
        }
    }

    /// A step that can't be read is for the record of the run alone.
    fn step(&mut self, payload: &[u8]) {
        let Ok(step) = serde_json::from_slice::<Step>(payload) else {
            return;
        };
        if let Some(known) = self.steps.iter_mut().find(|known| known.id == step.id) {
            *known = step;
        } else if self.steps.len() < MOST_STEPS {
            self.steps.push(step);
        }
    }

    fn propose(&mut self, payload: &[u8]) {
        match serde_json::from_slice(payload) {
            Ok(proposal) if self.proposals.len() < MOST_PROPOSALS => self.proposals.push(proposal),
            Ok(_) => {
                tracing::warn!("An agent proposes more than {MOST_PROPOSALS} actions at once: the rest is dropped");
            }
            Err(error) => tracing::warn!(%error, "An agent's proposal can't be read"),
        }
    }

    /// An agent that streamed its answer may leave the last frame empty.
    fn complete(&mut self) -> Reply {
        if self.text.trim().is_empty() {
            Reply::Refusal("I found no words for an answer.".to_owned())
        } else {
            Reply::Answer(std::mem::take(&mut self.text))
        }
    }
}

fn nothing() -> Reply {
    Reply::Refusal("I could not find an answer.".to_owned())
}

fn failed(error: &request::Error) -> Reply {
    match error {
        request::Error::NoResponders(_) | request::Error::Unavailable(_) => Reply::Nobody,
        request::Error::TimedOut(_) => too_late(),
        request::Error::Service { .. } | request::Error::Decode(_) => {
            tracing::error!(%error, "The agent refused a question");
            Reply::Refusal("I could not work on that.".to_owned())
        }
    }
}

pub(crate) fn too_late() -> Reply {
    Reply::Refusal("That took too long, so I gave up. Please ask again.".to_owned())
}

/// The first line of an error frame, of a length that a chat can bear.
fn sentence(text: &str) -> String {
    text.trim()
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(500)
        .collect()
}

fn bounded(text: &str) -> String {
    let mut end = text.len().min(MOST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use infragpt_nats::agent::StepState;
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: Option<&str>, text: &str) -> Frame {
        Frame {
            kind: kind.map(str::to_owned),
            payload: Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    fn reply(frames: Vec<Frame>) -> Reply {
        let mut reading = Reading::default();
        let mut frames = frames.into_iter();
        loop {
            if let Some(reply) = reading.take(frames.next().map(Ok)) {
                return reply;
            }
        }
    }

    fn broken(error: request::Error) -> Option<Reply> {
        Reading::default().take(Some(Err(error)))
    }

    #[test]
    fn the_answer_frame_is_the_answer() {
        let frames = vec![
            frame(Some("step"), "{}"),
            frame(Some("delta"), "po"),
            frame(Some("answer"), "pong"),
        ];
        assert_eq!(reply(frames), Reply::Answer("pong".to_owned()));
    }

    #[test]
    fn a_single_plain_reply_is_the_whole_answer() {
        assert_eq!(reply(vec![frame(None, "pong")]), Reply::Answer("pong".to_owned()));
    }

    #[test]
    fn pieces_are_the_answer_where_the_last_frame_is_empty() {
        let frames = vec![
            frame(Some("delta"), "po"),
            frame(Some("delta"), "ng"),
            frame(Some("answer"), ""),
        ];
        assert_eq!(reply(frames), Reply::Answer("pong".to_owned()));
    }

    #[test]
    fn an_unknown_frame_does_no_harm() {
        assert_eq!(
            reply(vec![
                frame(Some("proposal"), "{}"),
                frame(Some("later"), "x"),
                frame(Some("answer"), "a")
            ]),
            Reply::Answer("a".to_owned())
        );
    }

    #[test]
    fn an_empty_answer_is_none() {
        assert!(matches!(reply(vec![frame(None, " \n")]), Reply::Refusal(_)));
        assert!(matches!(reply(vec![frame(Some("answer"), "")]), Reply::Refusal(_)));
        assert!(matches!(reply(vec![frame(Some("error"), "")]), Reply::Refusal(_)));
        assert!(matches!(reply(vec![]), Reply::Refusal(_)));
    }

    #[test]
    fn an_error_frame_is_passed_on_as_one_line() {
        assert_eq!(
            reply(vec![frame(Some("error"), "No tool answers.\nat main.rs:7")]),
            Reply::Refusal("No tool answers.".to_owned())
        );
    }

    #[test]
    fn nobody_there_may_be_there_later() {
        assert_eq!(
            broken(request::Error::NoResponders("agent".to_owned())),
            Some(Reply::Nobody)
        );
        assert_eq!(
            broken(request::Error::Unavailable("closed".to_owned())),
            Some(Reply::Nobody)
        );
        assert!(matches!(
            broken(request::Error::TimedOut("agent".to_owned())),
            Some(Reply::Refusal(_))
        ));
        let refused = request::Error::Service {
            code: 500,
            message: "secret".to_owned(),
        };
        let Some(Reply::Refusal(sentence)) = broken(refused) else {
            panic!()
        };
        assert!(!sentence.contains("secret"));
    }

    #[test]
    fn steps_go_on_and_what_can_not_be_read_is_passed_over() {
        let mut reading = Reading::default();
        for text in [
            r#"{"id":"1","title":"reads changes"}"#,
            "not JSON",
            r#"{"id":"2","title":"reads runs"}"#,
            r#"{"id":"1","title":"read 3 changes","state":"done"}"#,
        ] {
            assert_eq!(reading.take(Some(Ok(frame(Some("step"), text)))), None);
        }
        let steps: Vec<(&str, StepState)> = reading
            .steps
            .iter()
            .map(|step| (step.title.as_str(), step.state))
            .collect();
        assert_eq!(
            steps,
            [("read 3 changes", StepState::Done), ("reads runs", StepState::Running)]
        );
    }

    #[test]
    fn an_agent_proposes_a_few_actions_at_the_most() {
        let proposal = r#"{"title":"t","tool":"tool.v1.a.b","arguments":{},"reason":"r"}"#;
        let mut reading = Reading::default();
        for _ in 0..10 {
            assert_eq!(reading.take(Some(Ok(frame(Some("proposal"), proposal)))), None);
        }
        assert_eq!(reading.take(Some(Ok(frame(Some("proposal"), "{}")))), None);
        assert_eq!(reading.proposals.len(), MOST_PROPOSALS);
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_reply(kind in proptest::option::of("[a-z]{0,8}"), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let frame = Frame { kind, payload: bytes.into() };
            let reply = reply(vec![frame]);
            prop_assert!(reply != Reply::Nobody);
        }
    }
}
