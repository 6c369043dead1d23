//! Asking a service, for one reply or for frames.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_nats::{RequestErrorKind, StatusCode, Subscriber};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use serde::{Serialize, de::DeserializeOwned};

use crate::Connection;

/// The header that says what a frame is; a reply without it is the whole answer.
pub const FRAME_HEADER: &str = "Infragpt-Frame";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens on the subject.
    #[error("nobody serves `{0}`")]
    NoResponders(String),
    /// No answer came in time; what was asked for may have happened.
    #[error("`{0}` did not answer in time")]
    TimedOut(String),
    /// The service refused.
    #[error("{message} ({code})")]
    Service {
        /// In the manner of HTTP status codes.
        code: u16,
        /// For people.
        message: String,
    },
    /// The answer isn't what was expected.
    #[error("the answer can't be read")]
    Decode(#[source] serde_json::Error),
    /// NATS can't be asked.
    #[error("NATS can't be asked: {0}")]
    Unavailable(String),
}

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// `delta`, `step`, `proposal`, `answer` or `error`; `None` when a single reply is the whole answer.
    pub kind: Option<String>,
    /// The piece.
    pub payload: Bytes,
}

impl Frame {
    fn is_last(&self) -> bool {
        matches!(self.kind.as_deref(), None | Some("answer" | "error"))
    }
}

impl Connection {
    /// Asks `subject` and waits for one JSON reply.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn request<Q: Serialize + Sync, R: DeserializeOwned>(
        &self,
        subject: &str,
        request: &Q,
        timeout: Duration,
    ) -> Result<R, Error> {
        let payload = serde_json::to_vec(request).map_err(Error::Decode)?;
        let request = async_nats::Request::new()
            .payload(payload.into())
            .timeout(Some(timeout));
        let reply = self
            .client
            .send_request(subject.to_owned(), request)
            .await
            .map_err(|error| match error.kind() {
                RequestErrorKind::NoResponders => Error::NoResponders(subject.to_owned()),
                RequestErrorKind::TimedOut => Error::TimedOut(subject.to_owned()),
                _ => Error::Unavailable(error.to_string()),
            })?;
        if let Some(error) = service_error(&reply) {
            return Err(error);
        }
        serde_json::from_slice(&reply.payload).map_err(Error::Decode)
    }

    /// Asks `subject` and reads frames until the last one; `idle` is how long the next one may take.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the request can't be sent.
    pub async fn request_frames(&self, subject: &str, payload: Bytes, idle: Duration) -> Result<FrameStream, Error> {
        let unavailable = |error: &dyn std::fmt::Display| Error::Unavailable(error.to_string());
        let inbox = self.client.new_inbox();
        let replies = self
            .client
            .subscribe(inbox.clone())
            .await
            .map_err(|error| unavailable(&error))?;
        self.client
            .publish_with_reply(subject.to_owned(), inbox, payload)
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(FrameStream {
            replies,
            subject: subject.to_owned(),
            idle,
            patience: Box::pin(tokio::time::sleep(idle)),
            ended: false,
        })
    }
}

fn service_error(reply: &async_nats::Message) -> Option<Error> {
    let headers = reply.headers.as_ref()?;
    let message = headers.get("Nats-Service-Error")?.to_string();
    let code = headers
        .get("Nats-Service-Error-Code")
        .and_then(|code| code.as_str().parse().ok())
        .unwrap_or(500);
    Some(Error::Service { code, message })
}

/// The frames of one answer, ending after the last.
#[derive(Debug)]
pub struct FrameStream {
    replies: Subscriber,
    subject: String,
    idle: Duration,
    patience: Pin<Box<tokio::time::Sleep>>,
    ended: bool,
}

impl Stream for FrameStream {
    type Item = Result<Frame, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.replies.poll_next_unpin(context) {
            Poll::Ready(Some(reply)) => {
                let item = if reply.status == Some(StatusCode::NO_RESPONDERS) {
                    Err(Error::NoResponders(self.subject.clone()))
                } else if let Some(error) = service_error(&reply) {
                    Err(error)
                } else {
                    let kind = reply.headers.as_ref().and_then(|headers| headers.get(FRAME_HEADER));
                    Ok(Frame {
                        kind: kind.map(ToString::to_string),
                        payload: reply.payload,
                    })
                };
                self.ended = item.as_ref().map_or(true, Frame::is_last);
                let next = tokio::time::Instant::now() + self.idle;
                self.patience.as_mut().reset(next);
                Poll::Ready(Some(item))
            }
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(Some(Err(Error::Unavailable("the connection closed".to_owned()))))
            }
            Poll::Pending => match self.patience.as_mut().poll(context) {
                Poll::Ready(()) => {
                    self.ended = true;
                    Poll::Ready(Some(Err(Error::TimedOut(self.subject.clone()))))
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }
}
