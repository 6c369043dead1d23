//! What stands before each route: nobody gets past it without a session, and nobody changes anything without the permission.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use uuid::Uuid;

use super::{Admitted, Api, Caller, body, idempotency, position};
use crate::{
    RequestId,
    v1::{Error, Permission},
};

/// The door of one operation.
#[derive(Clone)]
pub(crate) struct Door {
    api: Arc<Api>,
    permission: Permission,
}

impl Door {
    pub fn new(api: &Arc<Api>, permission: Permission) -> Self {
        Self {
            api: Arc::clone(api),
            permission,
        }
    }

    async fn pass(&self, caller: Caller, mut parts: Parts, body: Body, next: Next) -> Result<Response, Error> {
        let position = position::wanted(&parts.headers)?;
        let mut admitted = Admitted {
            api: Arc::clone(&self.api),
            permission: self.permission,
            caller,
            command: None,
        };
        // Whoever only reads, and has nothing to wait for, finds out whether they may where they read.
        if position.is_some() || !parts.method.is_safe() {
            admitted.enter().await.map(drop)?;
        }
        if let Some(position) = position {
            position::wait(&self.api.wall, position).await?;
        }
        if parts.method.is_safe() {
            parts.extensions.insert(admitted);
            return Ok(next.run(Request::from_parts(parts, body)).await);
        }
        let body = body::read(&parts.headers, body).await?;
        let Some(key) = idempotency::key(&parts.headers, &admitted.caller)? else {
            admitted.command = Some(Uuid::now_v7().to_string());
            parts.extensions.insert(admitted);
            return Ok(next.run(Request::from_parts(parts, body.into())).await);
        };
        let fingerprint = idempotency::fingerprint(&parts, &body);
        let request = Request::from_parts(parts, body.into());
        idempotency::once(admitted, &key, &fingerprint, request, next).await
    }
}

/// Lets a request through to its route, or says why not.
pub(crate) async fn admit(
    State(door): State<Door>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let caller = match door.api.identify(&parts, &id).await {
        Ok(caller) => caller,
        Err(error) => return error.respond(&id),
    };
    let allowance = door.api.rate.take(&caller.organization, &parts.method);
    let response = match allowance.retry_after {
        Some(seconds) => Err(Error::TooMany(seconds)),
        None => door.pass(caller, parts, body, next).await,
    };
    let mut response = Error::finish(response.unwrap_or_else(Error::into_response), &id);
    allowance.write(response.headers_mut());
    response
}
