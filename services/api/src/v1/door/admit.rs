//! What stands before each route: nobody gets past it without a session, a membership, and the permission.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Extension,
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use infragpt_projections::wall::Inside;
use uuid::Uuid;

use super::{Api, Caller, body, idempotency, position};
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

/// What a request that was let in carries. Only [`Reader`](super::Reader) and [`Asker`](super::Asker) look into it, and
/// nothing else gives a route anything.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(super) api: Arc<Api>,
    pub(super) permission: Permission,
    pub(super) caller: Caller,
    /// The identity of the command that the request leads to.
    pub(super) command: String,
    inside: Arc<Mutex<Option<Inside>>>,
}

impl Door {
    pub fn new(api: &Arc<Api>, permission: Permission) -> Self {
        Self {
            api: Arc::clone(api),
            permission,
        }
    }

    async fn pass(&self, mut caller: Caller, request: Request, next: Next) -> Result<Response, Error> {
        let (mut parts, whole) = request.into_parts();
        position::wait(&self.api.wall, &parts.headers).await?;
        let inside = self.api.enter(&mut caller, self.permission).await?;
        let mut admitted = Admitted {
            api: Arc::clone(&self.api),
            permission: self.permission,
            caller,
            command: Uuid::now_v7().to_string(),
            inside: Arc::default(),
        };
        if matches!(parts.method, Method::GET | Method::HEAD) {
            admitted.inside = Arc::new(Mutex::new(Some(inside)));
            parts.extensions.insert(admitted);
            return Ok(next.run(Request::from_parts(parts, whole)).await);
        }
        // A command may take long, and needs no transaction here.
        inside.leave().await?;
        let whole = body::read(&parts.headers, whole).await?;
        let Some(key) = idempotency::key(&parts.headers, &admitted.caller)? else {
            parts.extensions.insert(admitted);
            return Ok(next.run(Request::from_parts(parts, whole.into())).await);
        };
        admitted.command = key.request();
        let fingerprint = idempotency::fingerprint(&parts, &whole);
        parts.extensions.insert(admitted);
        let request = Request::from_parts(parts, whole.into());
        idempotency::once(&self.api, &key, &fingerprint, request, next).await
    }
}

impl Admitted {
    /// What to read with; once.
    pub(super) fn inside(&self) -> Option<Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).take()
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
    let request = Request::from_parts(parts, body);
    let allowance = door.api.rate.take(&caller.organization);
    let response = match allowance.retry_after {
        Some(seconds) => Err(Error::TooMany(seconds)),
        None => door.pass(caller, request, next).await,
    };
    let mut response = Error::finish(response.unwrap_or_else(Error::into_response), &id);
    allowance.write(response.headers_mut());
    response
}
