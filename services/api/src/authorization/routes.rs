//! `/oauth/<connector>/callback` and `/oauth/<connector>/setup`: hands what somebody brought back, and who they are, to the
//! role that holds the credentials, and says what came of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::get,
};
use infragpt_identity::Sessions;
use infragpt_nats::{Connection, Origin, request};
use serde::{Deserialize, Serialize};

use super::page::{Page, harden};
use crate::{Proxies, RequestId, v1};

/// How long an external system may take to say what it thinks of a code; a few requests to it, one after another.
const PATIENCE: Duration = Duration::from_secs(45);
/// The longest query that is read, in bytes: a state, a code and a few words.
const LONGEST_QUERY: usize = 8 * 1024;
/// The most parameters that are read.
const MOST_PARAMETERS: usize = 32;

/// The request of `integration.v1.authorize`.
#[derive(Debug, Serialize)]
struct Authorize {
    connector: String,
    parameters: BTreeMap<String, String>,
    /// Who they are, where a session says so.
    actor: Option<String>,
    origin: Origin,
}

/// Its reply.
#[derive(Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Authorized {
    Connected {
        organization: String,
        connector: String,
        account: Account,
    },
    Redirect {
        url: String,
    },
    Waiting {
        message: String,
    },
}

#[derive(Debug, Deserialize)]
struct Account {
    name: String,
}

/// What the pages ask with.
#[derive(Clone)]
struct Pages(Arc<Parties>);

struct Parties {
    connection: Connection,
    sessions: Option<Sessions>,
    proxies: Proxies,
}

/// The pages that people come back to, asked on `connection`'s behalf. Whoever started as a person has to come back as
/// that person, which `sessions` tells by the cookie of their browser.
pub fn routes(connection: Connection, sessions: Option<Sessions>, proxies: Proxies) -> Router {
    let parties = Parties {
        connection,
        sessions,
        proxies,
    };
    Router::new()
        .route("/oauth/{connector}/callback", get(come_back))
        .route("/oauth/{connector}/setup", get(set_up))
        .with_state(Pages(Arc::new(parties)))
}

impl Parties {
    /// Who is behind a browser. What they bring back may have taken longer than their session's token lives.
    async fn actor(&self, parts: &Parts) -> Option<String> {
        let token = v1::of_cookie(&parts.headers)?;
        match self.sessions.as_ref()?.verify_return(token).await {
            Ok(session) => Some(format!("user:{}", session.user)),
            Err(error) => {
                tracing::info!(%error, "Somebody came back with a session that isn't taken");
                None
            }
        }
    }
}

/// As [`come_back`], except for somebody who changed something there without being sent: all of that arrives by itself.
async fn set_up(
    state: State<Pages>,
    path: Path<String>,
    RawQuery(query): RawQuery,
    id: Extension<RequestId>,
    request: Request,
) -> Response {
    let sent = parameters(query.as_deref().unwrap_or_default()).is_ok_and(|sent| sent.contains_key("state"));
    if sent || request.method() != Method::GET {
        return come_back(state, path, RawQuery(query), id, request).await;
    }
    Page {
        status: StatusCode::OK,
        mark: "👍",
        title: "Nothing to do here",
        sentence: "What you changed there arrives by itself. If you have just installed the App, start connecting it in \
                   InfraGPT: it stays claimable, and what happens meanwhile is kept.",
        reference: None,
    }
    .respond()
}

async fn come_back(
    State(Pages(parties)): State<Pages>,
    Path(connector): Path<String>,
    RawQuery(query): RawQuery,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    // HEAD, which link previews send and axum takes for GET, must not use the state up.
    if parts.method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let parameters = match parameters(query.as_deref().unwrap_or_default()) {
        Ok(parameters) => parameters,
        Err(problem) => return refusal(400, problem, &id),
    };
    let address = parties.proxies.client(&parts.extensions, &parts.headers);
    let request = Authorize {
        connector,
        parameters,
        actor: parties.actor(&parts).await,
        origin: Origin {
            address: address.map(|address| address.to_string()),
            request: Some(id.as_str().to_owned()),
        },
    };
    let subject = "integration.v1.authorize";
    let asked: Result<Authorized, request::Error> = parties.connection.request(subject, &request, PATIENCE).await;
    match asked {
        Ok(Authorized::Connected {
            organization,
            connector,
            account,
        }) => Page {
            status: StatusCode::OK,
            mark: "✅",
            title: "Connected",
            sentence: &format!(
                "The {connector} account {} is connected for organization {organization}. You can close this page.",
                account.name
            ),
            reference: None,
        }
        .respond(),
        Ok(Authorized::Waiting { message }) => Page {
            status: StatusCode::OK,
            mark: "⏳",
            title: "Not connected yet",
            sentence: &message,
            reference: Some(id.as_str()),
        }
        .respond(),
        Ok(Authorized::Redirect { url }) => redirect(&url, &id),
        Err(request::Error::Service { code, message }) => refusal(code, &message, &id),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "Somebody came back, and nobody could be asked what to do"
            );
            refusal(503, "This can't be finished right now: start again in a minute.", &id)
        }
    }
}

/// What somebody brought back. No parameter comes twice: <https://www.rfc-editor.org/rfc/rfc6749#section-3.1>
fn parameters(query: &str) -> Result<BTreeMap<String, String>, &'static str> {
    if query.len() > LONGEST_QUERY {
        return Err("The address is longer than any that leads here: start again.");
    }
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| "The address can't be read: start again.")?;
    let count = pairs.len();
    let parameters: BTreeMap<String, String> = pairs.into_iter().collect();
    if count > MOST_PARAMETERS || parameters.len() != count {
        return Err("The address says something twice: start again.");
    }
    Ok(parameters)
}

fn redirect(url: &str, id: &RequestId) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return refusal(502, "The next page has no address that can be opened.", id);
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    harden(&mut response);
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn refusal(code: u16, message: &str, id: &RequestId) -> Response {
    Page {
        status: StatusCode::from_u16(code)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .unwrap_or(StatusCode::BAD_GATEWAY),
        mark: "⚠️",
        title: "Not connected",
        sentence: message,
        reference: Some(id.as_str()),
    }
    .respond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_read_once_and_bounded() {
        let read = parameters("code=a%20b&state=x.y").unwrap();
        assert_eq!((read["code"].as_str(), read["state"].as_str()), ("a b", "x.y"));
        assert!(parameters("").unwrap().is_empty());
        assert!(parameters("state=1&state=2").is_err());
        assert!(parameters(&"x".repeat(LONGEST_QUERY + 1)).is_err());
        let many: Vec<String> = (0..=MOST_PARAMETERS).map(|number| format!("p{number}=1")).collect();
        assert!(parameters(&many.join("&")).is_err());
    }

    #[tokio::test]
    async fn a_page_shows_text_as_text_and_is_kept_nowhere() {
        let id = crate::layers::tests_request_id("r-1");
        let response = refusal(410, "<script>alert(1)</script>", &id);
        assert_eq!(response.status(), StatusCode::GONE);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
        let body = http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap()
            .to_bytes();
        let text = String::from_utf8_lossy(&body);
        assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"), "{text}");
        assert!(text.contains("r-1"));
        assert_eq!(refusal(202, "x", &id).status(), StatusCode::BAD_GATEWAY);
    }
}
