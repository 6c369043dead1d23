use std::fmt::Write;

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use reqwest::Url;
use serde::Deserialize;

use super::token::Install;
use crate::{
    clock,
    configuration::SlackWorkspace,
    html::{self, escaped},
    redirect,
    world::Shared,
};

/// What an app asks for.
///
/// <https://docs.slack.dev/authentication/installing-with-oauth>
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    client_id: String,
    /// Scopes of the bot, joined by commas (or spaces).
    scope: String,
    /// Scopes that the app wants of the person.
    user_scope: String,
    redirect_uri: String,
    state: String,
    team: String,
}

/// What a person answers, with what was asked.
#[derive(Debug, Deserialize)]
pub(super) struct Decided {
    #[serde(flatten)]
    asked: Asked,
    decision: Decision,
    #[serde(default = "workspace")]
    install: Install,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Allow,
    Deny,
}

fn workspace() -> Install {
    Install::Workspace
}

/// Shows what an app asks for, and two buttons.
pub(super) async fn page(State(world): State<Shared>, Query(asked): Query<Asked>) -> Response {
    let slack = &world.configuration.slack;
    if let Err(reason) = asked.check(slack) {
        return html::refusal(StatusCode::BAD_REQUEST, "This app cannot be installed", reason);
    }
    let mut scopes = String::new();
    for scope in asked.scopes() {
        // A text takes whatever is written to it.
        let _ = write!(scopes, "<li><code>{}</code></li>", escaped(&scope));
    }
    let hidden = html::hidden(&[
        ("client_id", &asked.client_id),
        ("scope", &asked.scope),
        ("user_scope", &asked.user_scope),
        ("redirect_uri", &asked.redirect_uri),
        ("state", &asked.state),
        ("team", &asked.team),
    ]);
    let (for_team, for_all) = if asked.team == slack.enterprise.id {
        ("", " checked")
    } else {
        (" checked", "")
    };
    let body = format!(
        "<p><strong>{app}</strong> wants to work in <strong>{team}</strong>. It will be able to do what these scopes say:</p>\
<ul>{scopes}</ul><form method=\"post\" action=\"/slack/oauth/v2/authorize\">{hidden}<fieldset><legend>Install it in</legend>\
<label><input type=\"radio\" name=\"install\" value=\"workspace\"{for_team}> this workspace ({team})</label>\
<label><input type=\"radio\" name=\"install\" value=\"organization\"{for_all}> the whole organization ({enterprise})</label>\
</fieldset><button class=\"yes\" name=\"decision\" value=\"allow\">Allow</button>\
<button name=\"decision\" value=\"deny\">Deny</button></form>",
        app = escaped(&slack.bot_name),
        team = escaped(&slack.team_name),
        enterprise = escaped(&slack.enterprise.name),
    );
    html::document(&format!("Install {} in {}", slack.bot_name, slack.team_name), &body).into_response()
}

/// Sends the person back to the app with a code, or with the refusal.
pub(super) async fn decide(State(world): State<Shared>, Form(decided): Form<Decided>) -> Response {
    let asked = &decided.asked;
    let url = match asked.check(&world.configuration.slack) {
        Ok(url) => url,
        Err(reason) => return html::refusal(StatusCode::BAD_REQUEST, "This app cannot be installed", reason),
    };
    if decided.decision == Decision::Deny {
        return redirect::to(url, &[("error", "access_denied"), ("state", &asked.state)]);
    }
    let sent = Some(asked.redirect_uri.clone()).filter(|uri| !uri.is_empty());
    let code = world
        .slack_tokens
        .consent(decided.install, &asked.scopes(), sent, clock::seconds());
    redirect::to(url, &[("code", &code), ("state", &asked.state)])
}

impl Asked {
    fn scopes(&self) -> Vec<String> {
        let scopes = self.scope.split([',', ' ']).filter(|scope| !scope.is_empty());
        scopes.map(str::to_owned).collect()
    }

    /// The address that the answer goes to.
    ///
    /// # Errors
    ///
    /// A sentence for the person, who is never sent to an address that nobody vouches for.
    fn check(&self, slack: &SlackWorkspace) -> Result<Url, &'static str> {
        if self.client_id != slack.client_id {
            return Err("Invalid client_id parameter: no app has it.");
        }
        if self.scopes().is_empty() {
            return Err("No scopes requested: there is nothing to allow.");
        }
        let unknown = "redirect_uri did not match any configured URIs.";
        let wanted = match (self.redirect_uri.as_str(), slack.redirect_uris.first()) {
            ("", Some(first)) => first,
            ("", None) => return Err("The request has no redirect_uri, and the app has none configured."),
            (wanted, _) => wanted,
        };
        let url = Url::parse(wanted).map_err(|_| unknown)?;
        let is_below = |configured: &String| {
            let rest = wanted.strip_prefix(configured.as_str());
            rest.is_some_and(|rest| rest.is_empty() || configured.ends_with('/') || rest.starts_with(['/', '?']))
        };
        let is_fine = if slack.redirect_uris.is_empty() {
            redirect::is_loopback(&url)
        } else {
            slack.redirect_uris.iter().any(is_below)
        };
        if is_fine { Ok(url) } else { Err(unknown) }
    }
}
