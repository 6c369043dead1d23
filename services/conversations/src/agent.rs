//! Asking whoever serves `agent.v1.ask`, in any language.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use infragpt_nats::agent::{Ask, SUBJECT};
use infragpt_nats::{Connection, Frame, request};
use tokio::time::timeout;

/// How long an agent may say nothing at all; a working one sends `step` or `delta` frames.
const IDLE: Duration = Duration::from_mins(1);
/// What of an answer's pieces is kept; Slack takes no longer text.
const MOST_BYTES: usize = 120_000;

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

/// Asks and reads frames until the last one, `left` at most.
pub(crate) async fn ask(connection: &Connection, ask: &Ask, left: Duration) -> Reply {
    let payload = match serde_json::to_vec(ask) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::error!(%error, "A question can't be written as JSON");
            return Reply::Refusal("Your question could not be passed on.".to_owned());
        }
    };
    let asked = async {
        match connection.request_frames(SUBJECT, payload.into(), IDLE).await {
            Ok(frames) => read(frames).await,
            Err(error) => failed(&error),
        }
    };
    timeout(left, asked).await.unwrap_or_else(|_| too_late())
}

/// The reply that a stream of frames amounts to.
async fn read(mut frames: impl Stream<Item = Result<Frame, request::Error>> + Unpin) -> Reply {
    let mut pieces = String::new();
    while let Some(frame) = frames.next().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return failed(&error),
        };
        let text = String::from_utf8_lossy(&frame.payload);
        match frame.kind.as_deref() {
            Some("delta") if pieces.len() + text.len() <= MOST_BYTES => pieces.push_str(&text),
            // A header-less reply is the whole answer, so that `nats reply agent.v1.ask 'pong'` is an agent.
            None | Some("answer") if !text.trim().is_empty() => return Reply::Answer(bounded(&text)),
            None | Some("answer") => return complete(pieces),
            Some("error") if text.trim().is_empty() => break,
            Some("error") => return Reply::Refusal(sentence(&text)),
            // `step` and `proposal` are for the record of the run, and a newer agent may send more kinds.
            Some(_) => {}
        }
    }
    Reply::Refusal("I could not find an answer.".to_owned())
}

/// An agent that streamed its answer may leave the last frame empty.
fn complete(pieces: String) -> Reply {
    if pieces.trim().is_empty() {
        Reply::Refusal("I found no words for an answer.".to_owned())
    } else {
        Reply::Answer(pieces)
    }
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

fn too_late() -> Reply {
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
    use futures::stream;
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: Option<&str>, text: &str) -> Frame {
        Frame {
            kind: kind.map(str::to_owned),
            payload: Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    async fn reply(frames: Vec<Frame>) -> Reply {
        read(stream::iter(frames).map(Ok)).await
    }

    async fn broken(error: request::Error) -> Reply {
        read(stream::iter([Err(error)])).await
    }

    #[tokio::test]
    async fn the_answer_frame_is_the_answer() {
        let frames = vec![
            frame(Some("step"), "{}"),
            frame(Some("delta"), "po"),
            frame(Some("answer"), "pong"),
        ];
        assert_eq!(reply(frames).await, Reply::Answer("pong".to_owned()));
    }

    #[tokio::test]
    async fn a_single_plain_reply_is_the_whole_answer() {
        assert_eq!(reply(vec![frame(None, "pong")]).await, Reply::Answer("pong".to_owned()));
    }

    #[tokio::test]
    async fn pieces_are_the_answer_where_the_last_frame_is_empty() {
        let frames = vec![
            frame(Some("delta"), "po"),
            frame(Some("delta"), "ng"),
            frame(Some("answer"), ""),
        ];
        assert_eq!(reply(frames).await, Reply::Answer("pong".to_owned()));
    }

    #[tokio::test]
    async fn an_unknown_frame_does_no_harm() {
        assert_eq!(
            reply(vec![
                frame(Some("proposal"), "{}"),
                frame(Some("later"), "x"),
                frame(Some("answer"), "a")
            ])
            .await,
            Reply::Answer("a".to_owned())
        );
    }

    #[tokio::test]
    async fn an_empty_answer_is_none() {
        assert!(matches!(reply(vec![frame(None, " \n")]).await, Reply::Refusal(_)));
        assert!(matches!(
            reply(vec![frame(Some("answer"), "")]).await,
            Reply::Refusal(_)
        ));
        assert!(matches!(reply(vec![frame(Some("error"), "")]).await, Reply::Refusal(_)));
        assert!(matches!(reply(vec![]).await, Reply::Refusal(_)));
    }

    #[tokio::test]
    async fn an_error_frame_is_passed_on_as_one_line() {
        assert_eq!(
            reply(vec![frame(Some("error"), "No tool answers.\nat main.rs:7")]).await,
            Reply::Refusal("No tool answers.".to_owned())
        );
    }

    #[tokio::test]
    async fn nobody_there_may_be_there_later() {
        assert_eq!(
            broken(request::Error::NoResponders("agent".to_owned())).await,
            Reply::Nobody
        );
        assert_eq!(
            broken(request::Error::Unavailable("closed".to_owned())).await,
            Reply::Nobody
        );
        assert!(matches!(
            broken(request::Error::TimedOut("agent".to_owned())).await,
            Reply::Refusal(_)
        ));
        let refused = request::Error::Service {
            code: 500,
            message: "secret".to_owned(),
        };
        let Reply::Refusal(sentence) = broken(refused).await else {
            panic!()
        };
        assert!(!sentence.contains("secret"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_reply(kind in proptest::option::of("[a-z]{0,8}"), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let frame = Frame { kind, payload: bytes.into() };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let reply = runtime.block_on(read(stream::iter([Ok(frame)])));
            prop_assert!(reply != Reply::Nobody);
        }
    }
}
