//! The page that says what came of it: one sentence, no script, nothing from elsewhere.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use maud::{DOCTYPE, html};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1rem;color:#1d1c1d}\
    h1{font-size:1.4rem}.mark{font-size:2rem}p{margin:.5rem 0}small{color:#616061}";

/// What the page says.
#[derive(Debug)]
pub(super) struct Page<'text> {
    pub status: StatusCode,
    pub mark: &'static str,
    pub title: &'text str,
    pub sentence: &'text str,
    /// What to name to whoever looks for the reason.
    pub reference: Option<&'text str>,
}

impl Page<'_> {
    /// The page as a response that no cache keeps and that tells nobody where it came from: its address held a code.
    pub fn respond(&self) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) " – InfraGPT" }
                    style { (STYLE) }
                }
                body {
                    p.mark aria-hidden="true" { (self.mark) }
                    h1 { (self.title) }
                    p { (self.sentence) }
                    @if let Some(reference) = self.reference {
                        p { small { "Request " (reference) } }
                    }
                }
            }
        };
        let mut response = (self.status, page.into_string()).into_response();
        harden(&mut response);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        response
    }
}

/// Keeps an address with a code in it, and what it led to, out of caches, frames and other people's logs.
pub(super) fn harden(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
