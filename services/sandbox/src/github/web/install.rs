use std::fmt::Write;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use reqwest::Url;

use super::{
    super::{
        account::Role,
        announcement::{Announcement, announce, installed},
        change::{Change, apply},
        installation::View,
    },
    fields::{Fields, chooser},
};
use crate::{
    clock,
    html::{self, escaped, hidden},
    redirect,
    world::{Shared, World},
};

/// Who installs where.
struct Visit {
    person: String,
    login: String,
    /// Names of the account's repositories.
    repositories: Vec<String>,
    role: Role,
    /// The installation that is there already.
    view: Option<View>,
}

impl Visit {
    /// Whom and what a request names: without, the first person, and the first account that has no installation.
    fn read(world: &World, slug: &str, fields: &Fields) -> Option<Self> {
        let all = &world.github.installations;
        let (people, accounts) = (all.people(), all.accounts());
        let is_free = |login: &str| all.of(login).is_none();
        let first = accounts.iter().find(|(login, _)| is_free(login)).or(accounts.first());
        let person = fields.given("login").map(str::to_owned).or(people.into_iter().next())?;
        let login = fields.given("account").or(first.map(|(login, _)| login.as_str()))?;
        let repositories = accounts.iter().find(|(it, _)| it == login)?.1.clone();
        let role = all.role(&person, login).filter(|role| *role != Role::Stranger)?;
        (slug == world.configuration.github.slug).then(|| Self {
            role,
            view: all.of(login),
            login: login.to_owned(),
            repositories,
            person,
        })
    }
}

/// Asks where the App should be installed, and for which repositories.
///
/// <https://docs.github.com/en/apps/using-github-apps/installing-your-own-github-app>
pub(super) async fn page(State(world): State<Shared>, Path(slug): Path<String>, fields: Fields) -> Response {
    let Some(visit) = Visit::read(&world, &slug, &fields) else {
        return unknown();
    };
    let all = &world.github.installations;
    let state = fields.text("state");
    let link = |person: &str, login: &str, text: &str| {
        let query = serde_urlencoded::to_string([("state", state), ("login", person), ("account", login)]);
        format!(
            "<a href=\"?{}\">{}</a> ",
            escaped(&query.unwrap_or_default()),
            escaped(text)
        )
    };
    let mut body = format!(
        "<p>Signed in as <strong>{}</strong>. Sign in as ",
        escaped(&visit.person)
    );
    for person in all.people() {
        body += &link(&person, &visit.login, &person);
    }
    body += "</p><p>Where: ";
    for (login, _) in all.accounts() {
        body += &link(&visit.person, &login, &login);
    }
    let (is_all, chosen) = visit.view.as_ref().map_or((true, Vec::new()), |view| {
        let short = |name: String| name.rsplit('/').next().unwrap_or_default().to_owned();
        (view.is_all, view.names().into_iter().map(short).collect())
    });
    let button = match (&visit.view, visit.role) {
        (Some(_), Role::Owner) => "Save",
        (None, Role::Owner) => "Install",
        (_, _) => "Request",
    };
    // A text takes whatever is written to it.
    let _ = write!(
        body,
        "</p><form method=\"post\">{}{}<button class=\"yes\">{button}</button></form>",
        hidden(&[("login", &visit.person), ("account", &visit.login), ("state", state)]),
        chooser(&visit.repositories, is_all, &chosen),
    );
    html::document(&format!("Install {slug} on {}", visit.login), &body).into_response()
}

/// Installs the App, changes what it sees, or notes that somebody asks for it.
pub(super) async fn install(State(world): State<Shared>, Path(slug): Path<String>, fields: Fields) -> Response {
    let Some(visit) = Visit::read(&world, &slug, &fields) else {
        return unknown();
    };
    let choice = match fields.choice(&visit.repositories) {
        Ok(choice) => choice,
        Err(reason) => return html::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was installed", &reason),
    };
    let all = &world.github.installations;
    let state = fields.text("state");
    match (visit.role, visit.view) {
        (Role::Owner, Some(view)) => {
            let told = apply(&world, view.id, &Change::Choose(choice), &visit.person);
            announce(&world, told.unwrap_or_default());
            finished(&world, "update", view.id, &visit.person, state)
        }
        (Role::Owner, None) => match all.install(&visit.login, &choice) {
            Some(view) => {
                announce(&world, vec![installed(&world, &view, "created", &visit.person, None)]);
                finished(&world, "install", view.id, &visit.person, state)
            }
            None => unknown(),
        },
        (_, None) => {
            all.request(&visit.person, &visit.login, choice);
            requested(&world, &visit.login, state)
        }
        (_, Some(_)) => {
            let reason = "The App is installed already, and only an owner can change that.";
            html::refusal(StatusCode::FORBIDDEN, "Nothing was changed", reason)
        }
    }
}

/// An owner allows what somebody asked for; returns the installation and what the App is told.
pub(crate) fn approve(world: &World, login: &str) -> Option<(View, Announcement)> {
    let all = &world.github.installations;
    let owner = all
        .people()
        .into_iter()
        .find(|it| all.role(it, login) == Some(Role::Owner))?;
    let (requester, choice) = all.take_request(login)?;
    let view = all.install(login, &choice)?;
    let announcement = installed(world, &view, "created", &owner, Some(&requester));
    Some((view, announcement))
}

/// Sends the person to the App: with an authorization too, if the App wants one.
///
/// <https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/about-the-setup-url>
fn finished(world: &World, action: &str, id: u64, person: &str, state: &str) -> Response {
    let settings = world.github.settings();
    let id = id.to_string();
    let mut parameters = vec![("installation_id", id.as_str()), ("setup_action", action)];
    if !state.is_empty() {
        parameters.push(("state", state));
    }
    if settings.request_oauth_on_install {
        let Some(url) = settings.first_callback() else {
            return misconfigured("callback URL");
        };
        let registered = settings.callback_urls.first().map_or("", String::as_str);
        let code = world.github.tokens.code(person, registered, None, clock::seconds());
        parameters.insert(0, ("code", &code));
        return redirect::to(url, &parameters);
    }
    match settings.setup_url.as_deref().map(Url::parse) {
        Some(Ok(url)) => redirect::to(url, &parameters),
        Some(Err(_)) => misconfigured("setup URL"),
        None => Redirect::to(&format!("/github.com/settings/installations/{id}")).into_response(),
    }
}

fn requested(world: &World, login: &str, state: &str) -> Response {
    let settings = world.github.settings();
    let setup = settings.setup_url.as_deref().and_then(|url| Url::parse(url).ok());
    match setup.or_else(|| settings.first_callback()) {
        Some(url) if state.is_empty() => redirect::to(url, &[("setup_action", "request")]),
        Some(url) => redirect::to(url, &[("setup_action", "request"), ("state", state)]),
        None => {
            let body = format!("<p>The owners of <strong>{}</strong> are asked.</p>", escaped(login));
            html::document("Your request was sent", &body).into_response()
        }
    }
}

fn unknown() -> Response {
    let reason = "There is no such App, person or account, or they have nothing to do with each other.";
    html::refusal(StatusCode::NOT_FOUND, "Not found", reason)
}

fn misconfigured(what: &str) -> Response {
    let reason = format!("The App is installed, but has no {what} to go on to.");
    html::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Nowhere to go", &reason)
}
