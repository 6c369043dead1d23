use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

/// What goes wrong with a call of the Web API or of GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call takes effect, its response never comes.
    HangAfter,
    /// The call has no effect and answers with this error.
    Error(String),
    /// The call has no effect and answers 429 (GitHub: 403, unless told) with `Retry-After` in seconds.
    RateLimit {
        /// Value of `Retry-After`.
        seconds: u64,
        /// Instead of the usual status.
        status: Option<StatusCode>,
    },
    /// The call waits before it takes effect.
    Delay(Duration),
    /// The call has no effect and answers this status with an empty JSON object.
    Status(StatusCode),
    /// The call has no effect and answers 200 with a page.
    Html,
    /// The call takes effect, its response is cut in the middle.
    Half,
    /// The call has no effect and answers 200 with nothing.
    Empty,
    /// The call has no effect and answers 302 to this address.
    Redirect(String),
}

impl Fault {
    /// Waits, if the fault is to wait before the call takes effect.
    pub(crate) async fn before(&self) {
        if let Self::Delay(time) = self {
            tokio::time::sleep(*time).await;
        }
    }

    /// What the caller gets instead of any answer of the API, with the word for the journal.
    pub(crate) fn instead(&self) -> Option<(Response, String)> {
        match self {
            Self::HangAfter | Self::Error(_) | Self::RateLimit { .. } | Self::Delay(_) | Self::Half => None,
            Self::Status(status) => {
                let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
                Some((
                    (*status, json, "{}").into_response(),
                    format!("status {}", status.as_u16()),
                ))
            }
            Self::Html => {
                let page = "<!doctype html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>";
                Some((Html(page).into_response(), "html".into()))
            }
            Self::Empty => Some((StatusCode::OK.into_response(), "empty".into())),
            Self::Redirect(to) => {
                let location = [(header::LOCATION, to.as_str())];
                Some(((StatusCode::FOUND, location).into_response(), "redirect".into()))
            }
        }
    }

    /// What becomes of the answer of a call that took effect.
    pub(crate) async fn after(&self, response: Response) -> Response {
        match self {
            Self::HangAfter => {
                // Longer than any client waits; stopping the sandbox ends it.
                tokio::time::sleep(Duration::from_hours(1)).await;
                response
            }
            Self::Half => {
                let (mut parts, body) = response.into_parts();
                parts.headers.remove(header::CONTENT_LENGTH);
                // The bodies are made here and are in memory already.
                let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
                Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
            }
            _ => response,
        }
    }
}

/// Body of the control verb `fault`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Planned {
    /// Slack's method name, `github.<operation>`, or `*` for every call.
    method: String,
    kind: Kind,
    /// How many calls are hit; 1 unless told.
    #[serde(default = "once")]
    times: u32,
    /// For `delay`.
    ms: Option<u64>,
    /// For `error`.
    error: Option<String>,
    /// For `rate_limit`, in seconds.
    retry_after: Option<u64>,
    /// For `status`; for `rate_limit`, instead of the usual one.
    status: Option<u16>,
    /// For `redirect`.
    to: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    HangAfter,
    Error,
    RateLimit,
    Delay,
    Status,
    Html,
    Half,
    Empty,
    Redirect,
}

fn once() -> u32 {
    1
}

impl Planned {
    /// Whether the fault can happen as it is described.
    ///
    /// # Errors
    ///
    /// A sentence on what is missing or odd.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.status.is_some_and(|status| !(200..600).contains(&status)) {
            return Err("`status` has to be between 200 and 599.");
        }
        match (self.kind, &self.to) {
            (Kind::Redirect, Some(to)) if header::HeaderValue::from_str(to).is_ok() => Ok(()),
            (Kind::Redirect, _) => Err("`redirect` needs an address in `to`."),
            _ => Ok(()),
        }
    }

    fn fault(&self) -> Fault {
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
        match self.kind {
            Kind::HangAfter => Fault::HangAfter,
            Kind::Error => Fault::Error(self.error.clone().unwrap_or_else(|| "internal_error".into())),
            Kind::RateLimit => Fault::RateLimit {
                seconds: self.retry_after.unwrap_or(1),
                status,
            },
            Kind::Delay => Fault::Delay(Duration::from_millis(self.ms.unwrap_or(1000))),
            Kind::Status => Fault::Status(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)),
            Kind::Html => Fault::Html,
            Kind::Half => Fault::Half,
            Kind::Empty => Fault::Empty,
            Kind::Redirect => Fault::Redirect(self.to.clone().unwrap_or_default()),
        }
    }
}

/// The faults that still have to happen, in the order in which they were planned.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Planned>>);

impl Faults {
    pub(crate) fn plan(&self, planned: Planned) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes the fault that hits this call, if one does.
    pub(crate) fn take(&self, method: &str) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = faults
            .iter()
            .position(|fault| fault.times > 0 && (fault.method == method || fault.method == "*"))?;
        let planned = &mut faults[index];
        planned.times -= 1;
        let fault = planned.fault();
        if planned.times == 0 {
            faults.remove(index);
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_method_as_often_as_planned() {
        let faults = Faults::default();
        let planned = r#"{"method":"chat.update","kind":"rate_limit","times":2,"retry_after":7}"#;
        faults.plan(serde_json::from_str(planned).unwrap());
        let limit = Fault::RateLimit {
            seconds: 7,
            status: None,
        };
        assert_eq!(faults.take("chat.postMessage"), None);
        assert_eq!(faults.take("chat.update"), Some(limit.clone()));
        assert_eq!(faults.take("chat.update"), Some(limit));
        assert_eq!(faults.take("chat.update"), None);
    }

    #[test]
    fn a_redirect_needs_a_place_and_a_status_a_number() {
        let check = |json: &str| serde_json::from_str::<Planned>(json).unwrap().check();
        assert!(check(r#"{"method":"*","kind":"redirect"}"#).is_err());
        assert_eq!(
            check(r#"{"method":"*","kind":"redirect","to":"http://localhost/"}"#),
            Ok(())
        );
        assert!(check(r#"{"method":"*","kind":"status","status":42}"#).is_err());
    }
}
