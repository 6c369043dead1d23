use axum::http::{HeaderMap, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{assertion, call::Refusal, installation::View};
use crate::{clock, world::World};

/// Who an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The App, which shows a JWT.
    App,
    /// The App, which shows its client id and secret.
    Client,
    /// An installation, which shows its token.
    Installation,
    /// A person, for whom the App shows a token.
    Person,
}

/// Who came in.
#[derive(Debug)]
pub(super) enum Principal {
    /// The App.
    App,
    /// The App, by its client id and secret.
    Client,
    /// An installation.
    Installation {
        /// What it showed.
        token: String,
        /// The installation as it is now.
        view: View,
        /// Full names of the repositories that the token sees.
        repositories: Vec<String>,
    },
    /// A person, by login.
    Person(String),
}

impl Principal {
    /// Whose calls are counted together, in words.
    pub(super) fn name(&self) -> String {
        match self {
            Self::App => "the app".to_owned(),
            Self::Client => "the client".to_owned(),
            Self::Installation { view, .. } => format!("installation ID {}", view.id),
            Self::Person(login) => format!("user {login}"),
        }
    }
}

/// Checks what somebody shows at a door.
///
/// # Errors
///
/// GitHub's refusal: 401 for what is unknown, 403 for what belongs at another door, or to a suspended installation.
pub(super) fn identify(world: &World, door: Door, headers: &HeaderMap) -> Result<Principal, Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = value.and_then(|value| value.split_once(' '));
    let (scheme, shown) = shown.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "Requires authentication"))?;
    let shown = shown.trim();
    let bad = || Refusal::new(StatusCode::UNAUTHORIZED, "Bad credentials");
    let elsewhere = || Refusal::new(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    let (github, now) = (&world.configuration.github, clock::seconds());
    let tokens = &world.github.tokens;
    match door {
        Door::App => match assertion::check(github, shown) {
            Ok(()) => Ok(Principal::App),
            Err((status, message)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
                Err(Refusal::new(status, message))
            }
        },
        Door::Client => {
            let expected = format!("{}:{}", github.client_id, github.client_secret);
            let is_basic = scheme.eq_ignore_ascii_case("basic");
            let decoded = STANDARD.decode(shown).ok().filter(|_| is_basic);
            let is_right = decoded.is_some_and(|pair| pair == expected.as_bytes());
            is_right.then_some(Principal::Client).ok_or_else(bad)
        }
        Door::Installation if tokens.person(shown, now).is_some() => Err(elsewhere()),
        Door::Installation => {
            let token = tokens.installation(shown, now).ok_or_else(bad)?;
            let view = world.github.installations.live(token.installation).ok_or_else(bad)?;
            if view.suspended.is_some() {
                let message = "This installation has been suspended";
                return Err(Refusal::new(StatusCode::FORBIDDEN, message));
            }
            let is_for = |id: u64| token.repositories.as_ref().is_none_or(|all| all.contains(&id));
            let seen = view.repositories.iter().filter(|(id, _)| is_for(*id));
            Ok(Principal::Installation {
                token: shown.to_owned(),
                repositories: seen.map(|(_, name)| name.clone()).collect(),
                view,
            })
        }
        Door::Person if tokens.installation(shown, now).is_some() => Err(elsewhere()),
        Door::Person => tokens.person(shown, now).map(Principal::Person).ok_or_else(bad),
    }
}
