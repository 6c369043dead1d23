use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{fault::Fault, world::World};

/// What a planned fault answers with, in the form of the service.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused<'a> {
    /// An error of this name.
    Error(&'a str),
    /// A rate limit, with this status instead of the usual one.
    Limit(Option<StatusCode>),
}

/// Runs an operation with the fault that was planned for it, and notes the call; `refused` writes what a fault answers with.
pub(crate) async fn faulted(
    world: &World,
    operation: &str,
    refused: impl FnOnce(Refused<'_>) -> Response,
    run: impl FnOnce() -> (Response, Option<String>),
) -> Response {
    let fault = world.faults.take(operation);
    if let Some((response, word)) = fault.as_ref().and_then(Fault::instead) {
        world.journal.call(operation, Some(&word));
        return response;
    }
    match &fault {
        Some(Fault::Error(error)) => {
            world.journal.call(operation, Some(error));
            return refused(Refused::Error(error));
        }
        Some(Fault::RateLimit { seconds, status }) => {
            world.journal.call(operation, Some("rate limit"));
            let response = refused(Refused::Limit(*status));
            return ([(header::RETRY_AFTER, seconds.to_string())], response).into_response();
        }
        Some(fault) => fault.before().await,
        None => {}
    }
    let (response, error) = run();
    world.journal.call(operation, error.as_deref());
    match fault {
        Some(fault) => fault.after(response).await,
        None => response,
    }
}
