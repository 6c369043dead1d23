//! Serving requests as a NATS service, which `nats micro ls`, `info` and `stats` show.
//!
//! <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md>

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use async_nats::{
    HeaderMap,
    service::{self, ServiceExt as _, endpoint::Endpoint},
};
use bytes::Bytes;
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{Connection, request::FRAME_HEADER};

/// How many requests one endpoint works on at a time; more wait.
const CONCURRENCY: usize = 256;

/// How long running requests may take to end after a shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// A request to an endpoint.
#[derive(Debug, Clone)]
pub struct Call {
    /// What was sent.
    pub payload: Bytes,
    /// Where it was sent.
    pub subject: String,
}

impl Call {
    /// The request as JSON.
    ///
    /// # Errors
    /// A 400 that says what is wrong with it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ServiceError> {
        serde_json::from_slice(&self.payload).map_err(|error| {
            ServiceError::new(400, format!("the request to `{}` can't be read: {error}", self.subject))
        })
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ServiceError {
    /// In the manner of HTTP status codes.
    pub code: u16,
    /// A sentence for people, with no secret in it.
    pub message: String,
}

impl ServiceError {
    /// A refusal with `code`, in the manner of HTTP status codes, and a sentence.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[derive(Clone)]
enum Respond {
    Reply(Arc<dyn Fn(Call) -> BoxFuture<Result<Value, ServiceError>> + Send + Sync>),
    Frames(Arc<dyn Fn(Call, FrameSink) -> BoxFuture<()> + Send + Sync>),
}

/// Why a service can't be started.
#[derive(Debug, thiserror::Error)]
#[error("service `{name}` can't be started: {problem}")]
pub struct Error {
    name: String,
    problem: String,
}

/// A NATS service, being put together.
pub struct Service {
    connection: Connection,
    name: &'static str,
    version: &'static str,
    description: &'static str,
    endpoints: Vec<(String, Respond)>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let subjects: Vec<_> = self.endpoints.iter().map(|(subject, _)| subject).collect();
        formatter
            .debug_struct("Service")
            .field("name", &self.name)
            .field("endpoints", &subjects)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// A service with this name, semantic version and description, as `nats micro info` shows them.
    pub fn new(connection: &Connection, name: &'static str, version: &'static str, description: &'static str) -> Self {
        Self {
            connection: connection.clone(),
            name,
            version,
            description,
            endpoints: Vec::new(),
        }
    }

    /// Answers requests to `subject` with one JSON reply each. Copies of the service share the load.
    pub fn endpoint<F, R>(mut self, subject: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, ServiceError>> + Send + 'static,
    {
        self.endpoints.push((
            subject.into(),
            Respond::Reply(Arc::new(move |call| Box::pin(handler(call)))),
        ));
        self
    }

    /// Answers requests to `subject` with frames.
    pub fn frames<F, R>(mut self, subject: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Call, FrameSink) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let respond = move |call, sink| -> BoxFuture<()> { Box::pin(handler(call, sink)) };
        self.endpoints
            .push((subject.into(), Respond::Frames(Arc::new(respond))));
        self
    }

    /// Serves until `shutdown`, then lets running requests end.
    ///
    /// # Errors
    /// [`Error`] when the service can't be started.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let failed = |problem: &dyn std::fmt::Display| Error {
            name: self.name.to_owned(),
            problem: problem.to_string(),
        };
        let service = self
            .connection
            .client
            .service_builder()
            .description(self.description)
            .metadata(HashMap::from([("owner".to_owned(), "infragpt".to_owned())]))
            .start(self.name, self.version)
            .await
            .map_err(|error| failed(&error))?;
        let mut serving = JoinSet::new();
        for (subject, respond) in &self.endpoints {
            let name = subject.replace(['.', '*', '>'], "_");
            let endpoint = service
                .endpoint_builder()
                .name(name)
                .add(subject)
                .await
                .map_err(|error| failed(&error))?;
            serving.spawn(serve(
                self.connection.clone(),
                endpoint,
                respond.clone(),
                shutdown.clone(),
            ));
        }
        while serving.join_next().await.is_some() {}
        if let Err(error) = service.stop().await {
            tracing::debug!(service = self.name, %error, "The service was stopped already");
        }
        Ok(())
    }
}

async fn serve(connection: Connection, mut endpoint: Endpoint, respond: Respond, shutdown: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    loop {
        let request = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = running.join_next(), if !running.is_empty() => continue,
            request = endpoint.next() => request,
        };
        let Some(request) = request else { break };
        // Whoever asks names the subject of the reply, and must not make us write where they may not.
        if !request
            .message
            .reply
            .as_ref()
            .is_some_and(|reply| reply.starts_with("_INBOX."))
        {
            tracing::warn!(subject = %request.message.subject, "Refused a request whose reply would not go to an inbox");
            continue;
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let (connection, respond) = (connection.clone(), respond.clone());
        running.spawn(async move {
            answer(connection, request, respond).await;
            drop(place);
        });
    }
    let ended = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("Gave up requests that were still being worked on");
    }
}

async fn answer(connection: Connection, request: service::Request, respond: Respond) {
    let call = Call {
        payload: request.message.payload.clone(),
        subject: request.message.subject.to_string(),
    };
    match respond {
        Respond::Reply(handler) => {
            let subject = call.subject.clone();
            let reply = handler(call)
                .await
                .map(|value| Bytes::from(value.to_string()))
                .map_err(|error| {
                    tracing::debug!(subject, code = error.code, message = error.message, "Refused a request");
                    service::error::Error {
                        status: one_line(&error.message),
                        code: usize::from(error.code),
                    }
                });
            if let Err(error) = request.respond(reply).await {
                tracing::warn!(%error, "A reply could not be sent");
            }
        }
        Respond::Frames(handler) => {
            handler(
                call,
                FrameSink {
                    connection,
                    request: Arc::new(request),
                },
            )
            .await;
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// Where the frames of one answer go. `answer` or `error` is the last.
#[derive(Debug, Clone)]
pub struct FrameSink {
    connection: Connection,
    request: Arc<service::Request>,
}

impl FrameSink {
    /// A piece of the answer's text.
    pub async fn delta(&self, text: &str) {
        self.frame("delta", Bytes::copy_from_slice(text.as_bytes())).await;
    }

    /// Something that the agent did on the way.
    pub async fn step(&self, step: &Value) {
        self.frame("step", step.to_string().into()).await;
    }

    /// Something that people are to allow.
    pub async fn proposal(&self, proposal: &crate::agent::Proposal) {
        self.frame("proposal", serde_json::json!(proposal).to_string().into())
            .await;
    }

    /// The whole answer, in Markdown. Nothing may follow.
    pub async fn answer(&self, text: &str) {
        self.end("answer", text).await;
    }

    /// Why there is no answer, in one plain sentence. Nothing may follow.
    pub async fn error(&self, sentence: &str) {
        self.end("error", sentence).await;
    }

    async fn frame(&self, kind: &str, payload: Bytes) {
        let Some(reply) = self.request.message.reply.clone() else {
            return;
        };
        let mut headers = HeaderMap::new();
        headers.insert(FRAME_HEADER, kind);
        if let Err(error) = self
            .connection
            .client
            .publish_with_headers(reply, headers, payload)
            .await
        {
            tracing::warn!(%error, "A frame could not be sent");
        }
    }

    /// The last frame goes through the service, so that its statistics count the request.
    async fn end(&self, kind: &str, text: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(FRAME_HEADER, kind);
        let payload = Bytes::copy_from_slice(text.as_bytes());
        if let Err(error) = self.request.respond_with_headers(Ok(payload), headers).await {
            tracing::warn!(%error, "The last frame could not be sent");
        }
    }
}
