use std::fmt::Write;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use reqwest::Url;

use super::fields::Fields;
use crate::{
    clock,
    html::{self, escaped, hidden},
    redirect,
    world::{Shared, World},
};

/// Where GitHub explains what went wrong.
const TROUBLE: &str = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/";

/// Asks whether the App may act for a person.
///
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app>
pub(super) async fn page(State(world): State<Shared>, fields: Fields) -> Response {
    if let Err(response) = target(&world, &fields) {
        return *response;
    }
    let people = world.github.installations.people();
    let chosen = fields
        .given("login")
        .filter(|login| people.iter().any(|it| it == login));
    let chosen = chosen.or(people.first().map(String::as_str)).unwrap_or_default();
    let mut choices = String::new();
    for login in &people {
        // A text takes whatever is written to it.
        let _ = write!(
            choices,
            "<label><input type=\"radio\" name=\"login\" value=\"{0}\"{1}> {0}</label>",
            escaped(login),
            if login == chosen { " checked" } else { "" },
        );
    }
    let names = [
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
    ];
    let slug = &world.configuration.github.slug;
    let body = format!(
        "<p><strong>{slug}</strong> wants to know who you are and which installations you can reach.</p>\
<form method=\"post\" action=\"/github.com/login/oauth/authorize\">{hidden}<fieldset><legend>Sign in as</legend>{choices}\
</fieldset><button class=\"yes\" name=\"decision\" value=\"authorize\">Authorize</button>\
<button name=\"decision\" value=\"cancel\">Cancel</button></form>",
        slug = escaped(slug),
        hidden = hidden(&names.map(|name| (name, fields.text(name)))),
    );
    html::document(&format!("Authorize {slug}"), &body).into_response()
}

/// Sends the person back to the App, with a code or a refusal.
pub(super) async fn decide(State(world): State<Shared>, fields: Fields) -> Response {
    let (url, sent) = match target(&world, &fields) {
        Ok(target) => target,
        Err(response) => return *response,
    };
    if fields.text("decision") != "authorize" {
        let reason = "The user has denied your application access.";
        return failed(url, "access_denied", reason, &fields);
    }
    let people = world.github.installations.people();
    let Some(person) = people.iter().find(|it| *it == fields.text("login")) else {
        return html::refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nobody signed in",
            "There is no such person.",
        );
    };
    let challenge = fields.given("code_challenge").map(str::to_owned);
    let code = world.github.tokens.code(person, &sent, challenge, clock::seconds());
    let mut parameters = vec![("code", code.as_str())];
    if let Some(state) = fields.given("state") {
        parameters.push(("state", state));
    }
    redirect::to(url, &parameters)
}

/// Where the answer goes, parsed and as the App wrote it; or what happens instead of asking.
fn target(world: &World, fields: &Fields) -> Result<(Url, String), Box<Response>> {
    if fields.text("client_id") != world.configuration.github.client_id {
        let reason = "There is no App with this client_id.";
        return Err(Box::new(html::refusal(StatusCode::NOT_FOUND, "Not found", reason)));
    }
    let settings = world.github.settings();
    let wanted = fields
        .given("redirect_uri")
        .or(settings.callback_urls.first().map(String::as_str));
    let url = wanted.and_then(|wanted| Url::parse(wanted).ok());
    match (
        url.filter(|url| settings.allows(url)),
        wanted,
        settings.first_callback(),
    ) {
        (Some(url), Some(wanted), _) => Ok((url, wanted.to_owned())),
        (_, _, Some(first)) => {
            let reason = "The redirect_uri MUST match the registered callback URL for this application.";
            Err(Box::new(failed(first, "redirect_uri_mismatch", reason, fields)))
        }
        (_, _, None) => {
            let reason = "The redirect_uri is not associated with this application.";
            Err(Box::new(html::refusal(StatusCode::BAD_REQUEST, "Be careful!", reason)))
        }
    }
}

fn failed(url: Url, error: &str, description: &str, fields: &Fields) -> Response {
    let mut parameters = vec![
        ("error", error),
        ("error_description", description),
        ("error_uri", TROUBLE),
    ];
    if let Some(state) = fields.given("state") {
        parameters.push(("state", state));
    }
    redirect::to(url, &parameters)
}
