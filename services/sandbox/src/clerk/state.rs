use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::Url;
use serde_json::{Value, json};

use super::{
    directory::Directory,
    key::Keys,
    session::{self, Sessions},
    token::{Claims, Seat, Version, encode, header},
};
use crate::{clock, configuration::ClerkInstance, redirect, world::World};

/// The part of the instance's settings that can change while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) webhook_url: Option<String>,
    pub(crate) app_origins: Vec<String>,
}

impl Settings {
    fn new(clerk: &ClerkInstance) -> Self {
        Self {
            webhook_url: clerk.webhook_url.clone(),
            app_origins: clerk.app_origins.clone(),
        }
    }

    /// Whether a sign-in may lead there.
    pub(super) fn allows(&self, url: &Url) -> bool {
        if self.app_origins.is_empty() {
            return redirect::is_loopback(url);
        }
        let mut origins = self.app_origins.iter().filter_map(|it| Url::parse(it).ok());
        origins.any(|it| it.origin() == url.origin())
    }
}

/// Everything that Clerk knows.
#[derive(Debug)]
pub(crate) struct Clerk {
    pub(super) keys: Keys,
    pub(super) directory: Directory,
    pub(super) sessions: Sessions,
    settings: Mutex<Settings>,
}

impl Clerk {
    /// `None` if the signing keys of the sandbox are damaged.
    pub(crate) fn new(clerk: &ClerkInstance) -> Option<Self> {
        Some(Self {
            keys: Keys::read()?,
            directory: Directory::new(clerk),
            sessions: Sessions::default(),
            settings: Mutex::new(Settings::new(clerk)),
        })
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The other key signs from now on; returns the key set.
    pub(crate) fn rotate(&self, keep_seconds: u32) -> Value {
        let now = clock::seconds();
        self.keys.rotate(keep_seconds, now);
        self.keys.jwks(now)
    }

    /// Everything as it was from the start; tokens stay good, and nobody is signed in.
    pub(crate) fn reset(&self, clerk: &ClerkInstance) {
        self.directory.reset(clerk);
        self.sessions.clear();
        self.keys.reset();
        self.change_settings(|settings| *settings = Settings::new(clerk));
    }

    /// What somebody acts as in an organization, if they belong to it.
    pub(super) fn seat(&self, user: &str, organization: &str) -> Option<Seat> {
        let kept = self.directory.lock();
        let role = kept.membership(user, organization)?.role.clone();
        let organization = kept.organization(organization).ok()?;
        Some(Seat {
            id: organization.id.clone(),
            slug: organization.slug.clone(),
            role,
        })
    }

    /// What exists now, for `state`.
    pub(crate) fn shown(&self) -> Value {
        let kept = self.directory.lock();
        let memberships = kept.memberships.iter().map(
            |it| json!({ "id": it.id, "user": it.user, "organization": it.organization, "role": it.role.short() }),
        );
        json!({
            "users": kept.users.iter().map(|it| &it.id).collect::<Vec<_>>(),
            "organizations": kept.organizations.iter().map(|it| &it.id).collect::<Vec<_>>(),
            "memberships": memberships.collect::<Vec<_>>(),
            "sessions": self.sessions.count(),
            "kid": self.keys.current().kid,
        })
    }
}

/// The issuer of every token: what Clerk calls the address of the Frontend API.
pub(crate) fn issuer(world: &World) -> String {
    format!("{}/clerk", world.url)
}

/// The usual `azp`.
pub(super) fn party(world: &World) -> String {
    let first = world.clerk.settings().app_origins.into_iter().next();
    first.map_or_else(|| world.url.clone(), |origin| origin.trim_end_matches('/').to_owned())
}

/// Why there is no session token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Nobody has the id.
    #[error("there is nobody with the id `{0}`")]
    Nobody(String),
    /// The person does not belong to the organization.
    #[error("`{user}` is no member of `{organization}`")]
    NoMember {
        /// The person.
        user: String,
        /// The organization.
        organization: String,
    },
    /// The key did not sign.
    #[error("the token could not be signed")]
    Unsigned,
}

/// A token for somebody without a browser.
pub(crate) fn session_token(
    world: &World,
    user: &str,
    organization: Option<&str>,
    lifetime: Duration,
) -> Result<String, SessionError> {
    let clerk = &world.clerk;
    if clerk.directory.lock().user(user).is_err() {
        return Err(SessionError::Nobody(user.to_owned()));
    }
    let no_member = |organization: &str| SessionError::NoMember {
        user: user.to_owned(),
        organization: organization.to_owned(),
    };
    let seat = organization.map(|it| clerk.seat(user, it).ok_or_else(|| no_member(it)));
    let seat = seat.transpose()?;
    let claims = Claims {
        issuer: &issuer(world),
        party: Some(&party(world)),
        user,
        session: &session::id(),
        seat: seat.as_ref(),
        version: Version::Two,
        status: "active",
        now: clock::seconds(),
        lifetime: whole_seconds(lifetime),
        minutes: 0,
    };
    signed(world, &claims).ok_or(SessionError::Unsigned)
}

/// A time that can be added to any time of today.
pub(super) fn whole_seconds(time: Duration) -> i64 {
    i64::from(u32::try_from(time.as_secs()).unwrap_or(u32::MAX))
}

/// A token with these claims, as the current key signs it.
pub(super) fn signed(world: &World, claims: &Claims<'_>) -> Option<String> {
    let key = world.clerk.keys.current();
    encode(&header(key), &claims.written(), |message| key.rs256(message))
}
