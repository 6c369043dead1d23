use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Redirect},
};

use super::plain;
use crate::{html::escaped, world::Shared};

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Nothing runs, loads or leads anywhere but what this page brings, so that a mistake in showing a message stays harmless.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page without content: the script asks for that, and keeps it up to date.
pub(super) async fn page(State(world): State<Shared>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let team = escaped(&world.configuration.slack.team_name);
    let slug = escaped(&world.configuration.github.slug);
    let plain = plain::render(&world);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>{team} (sandbox)</title><link rel=\"icon\" href=\"data:,\">\
<link rel=\"stylesheet\" href=\"/slack/client/page.css\"><script type=\"module\" src=\"/slack/client/page.js\"></script></head>\
<body><div id=\"client\" hidden>\
<nav id=\"sidebar\" aria-label=\"{team}\"><header><h1>{team}</h1><small>simulated workspace</small></header>\
<div id=\"channels\"></div><footer><label>You are <select id=\"person\"></select></label><p id=\"connection\"></p>\
<p><a href=\"/control\">Control API</a> <a href=\"/control/state\">State</a> \
<a href=\"/github.com/apps/{slug}/installations/new\">GitHub App</a> <a href=\"/clerk/sign-in\">Sign in</a></p></footer></nav>\
<main id=\"channel\" aria-label=\"Channel\"><header><h2 id=\"channel-name\"></h2><p id=\"channel-about\"></p></header>\
<div id=\"messages\" class=\"messages\" role=\"log\" tabindex=\"0\"></div><div id=\"home\" hidden></div>\
<div id=\"channel-composer\"></div></main>\
<aside id=\"thread\" aria-label=\"Thread\" hidden><header><h2>Thread</h2><p id=\"thread-about\"></p>\
<button type=\"button\" id=\"thread-close\" aria-label=\"Close thread\">\u{d7}</button></header>\
<div id=\"replies\" class=\"messages\" role=\"log\" tabindex=\"0\"></div><div id=\"thread-composer\"></div></aside></div>\
<dialog id=\"modal\"></dialog><noscript>{plain}</noscript></body></html>"
    );
    (headers, Html(html))
}

/// Where `chat.getPermalink` leads: the page with that message's thread.
pub(super) async fn archive(
    State(world): State<Shared>,
    Path((channel, message)): Path<(String, String)>,
) -> impl IntoResponse {
    let digits = message.trim_start_matches('p');
    let ts = digits
        .split_at_checked(digits.len().saturating_sub(6))
        .map_or_else(String::new, |(seconds, micros)| format!("{seconds}.{micros}"));
    let found = world.messages.get(&channel, &ts);
    let thread = found.map(|message| message.thread_ts.unwrap_or(message.ts));
    let place = [("channel", Some(channel)), ("thread", thread)];
    let place: Vec<(&str, String)> = place
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    // Pairs of texts always have a form.
    let place = serde_urlencoded::to_string(place).unwrap_or_default();
    Redirect::to(&format!("/#{place}"))
}

pub(super) async fn script() -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", STYLE)
}

fn asset(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}
