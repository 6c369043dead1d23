use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use reqwest::Url;
use serde::Deserialize;

use super::super::{
    session::Session,
    state::{issuer, party, signed, whole_seconds},
    token::{Claims, Version},
};
use crate::{
    clock,
    html::{self, escaped},
    world::World,
};

/// What a browser shows to the pages; apps never see it.
const CLIENT: &str = "__client";
/// An open page gets a new token this often, in seconds, before the one it has is over.
const RENEWAL: &str = "45";

/// Where a page leads in the end.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) redirect_url: String,
}

/// Somebody who looks at a page.
#[derive(Debug)]
pub(super) struct Visit {
    /// Where they want to go on to, if anywhere.
    pub(super) target: Option<Url>,
    /// What their browser shows, and the session that it stands for.
    pub(super) session: Option<(String, Session)>,
}

impl Visit {
    /// Reads who it is.
    ///
    /// # Errors
    ///
    /// A page for the person, who is never sent to an address that nobody vouches for.
    pub(super) fn read(world: &World, headers: &HeaderMap, redirect_url: &str) -> Result<Self, Box<Response>> {
        let target = match redirect_url {
            "" => None,
            wanted => {
                let url = Url::parse(wanted).ok();
                let url = url.filter(|url| world.clerk.settings().allows(url));
                Some(url.ok_or_else(|| {
                    let reason = "The redirect_url is not at an origin of the app.";
                    Box::new(html::refusal(StatusCode::BAD_REQUEST, "Nowhere to go on to", reason))
                })?)
            }
        };
        let session = client(headers).and_then(|client| {
            let session = world.clerk.sessions.find(&client)?;
            Some((client, session))
        });
        Ok(Self { target, session })
    }

    /// The target as it was given, or nothing.
    pub(super) fn redirect_url(&self) -> &str {
        self.target.as_ref().map_or("", Url::as_str)
    }

    /// A page of Clerk with the same target, ready to be put into an attribute or a header.
    pub(super) fn link(&self, page: &str) -> String {
        let query = serde_urlencoded::to_string([("redirect_url", self.redirect_url())]).unwrap_or_default();
        if self.target.is_some() {
            format!("/clerk/{page}?{query}")
        } else {
            format!("/clerk/{page}")
        }
    }

    /// Sends the person on: to the app, or else to a page of Clerk.
    pub(super) fn finished(&self, page: &str) -> Response {
        let place = self.target.as_ref().map_or_else(|| self.link(page), Url::to_string);
        Redirect::to(&place).into_response()
    }

    /// Links to what else can be done, as HTML.
    pub(super) fn menu(&self, pages: &[(&str, &str)]) -> String {
        let mut links: Vec<String> = Vec::new();
        if let Some(target) = &self.target {
            links.push(format!(
                "<a href=\"{}\">Continue to the app</a>",
                escaped(target.as_str())
            ));
        }
        let link = |(page, text): &(&str, &str)| format!("<a href=\"{}\">{text}</a>", escaped(&self.link(page)));
        links.extend(pages.iter().map(link));
        format!("<p>{}</p>", links.join(" · "))
    }

    /// Gives the browser of somebody who is signed in a new token for the app, and lets the page ask again before it is over.
    pub(super) fn renewed(&self, world: &World, mut response: Response) -> Response {
        let Some((client, _)) = &self.session else {
            return response;
        };
        // They may act for another organization by now.
        let Some(session) = world.clerk.sessions.find(client) else {
            return response;
        };
        let seat = session
            .organization
            .as_deref()
            .and_then(|it| world.clerk.seat(&session.user, it));
        let at_target = self.target.as_ref().map(|url| url.origin().ascii_serialization());
        let now = clock::seconds();
        let claims = Claims {
            issuer: &issuer(world),
            party: Some(&at_target.unwrap_or_else(|| party(world))),
            user: &session.user,
            session: &session.id,
            seat: seat.as_ref(),
            version: Version::Two,
            status: "active",
            now,
            lifetime: whole_seconds(world.configuration.clerk.token_lifetime),
            minutes: (now - session.created_at / 1000) / 60,
        };
        let Some(token) = signed(world, &claims) else {
            return response;
        };
        set_cookie(&mut response, &format!("__session={token}; Path=/; SameSite=Lax"));
        if response.status() == StatusCode::OK {
            response
                .headers_mut()
                .insert("refresh", HeaderValue::from_static(RENEWAL));
        }
        response
    }
}

/// What the browser shows from now on.
pub(super) fn remember(response: &mut Response, client: &str) {
    set_cookie(
        response,
        &format!("{CLIENT}={client}; Path=/clerk; HttpOnly; SameSite=Lax"),
    );
}

/// The browser shows nothing any more, neither to the pages nor to the app.
pub(super) fn forget(response: &mut Response) {
    set_cookie(
        response,
        &format!("{CLIENT}=; Path=/clerk; HttpOnly; SameSite=Lax; Max-Age=0"),
    );
    set_cookie(response, "__session=; Path=/; SameSite=Lax; Max-Age=0");
}

fn set_cookie(response: &mut Response, cookie: &str) {
    // What is written here has no letter that a header may not have.
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn client(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == CLIENT)
        .map(|(_, value)| value.to_owned())
}
