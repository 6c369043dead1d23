//! The tokens that stand for an installation: made when needed, used for most of their hour, never stored.
//!
//! Source: <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{FutureExt as _, future::Shared};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    application::Application,
    rest::{Refusal, Rest},
};
use crate::BoxFuture;

/// One that ends sooner is not given to anybody any more.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// Installations whose token is kept at most.
const MOST: usize = 10_000;

/// A token and its end.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct InstallationToken {
    pub token: SecretString,
    expires_at: DateTime<Utc>,
}

type Flight = Shared<BoxFuture<Result<InstallationToken, Refusal>>>;

/// The tokens of all installations. However many ask for one, GitHub is asked once.
pub(super) struct InstallationTokens {
    application: Arc<Application>,
    rest: Rest,
    clock: fn() -> DateTime<Utc>,
    flights: Mutex<HashMap<u64, Flight>>,
}

impl fmt::Debug for InstallationTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("InstallationTokens").finish_non_exhaustive()
    }
}

impl InstallationTokens {
    pub fn new(application: Arc<Application>, rest: Rest, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            application,
            rest,
            clock,
            flights: Mutex::default(),
        }
    }

    /// A token that is good for five minutes at least.
    pub async fn get(&self, installation: u64) -> Result<InstallationToken, Refusal> {
        let flight = {
            let mut flights = self.lock();
            if let Some(flight) = flights.get(&installation).filter(|flight| self.is_usable(flight)) {
                flight.clone()
            } else {
                if flights.len() >= MOST {
                    flights.retain(|_, flight| self.is_usable(flight));
                }
                let flight = self.take_off(installation);
                flights.insert(installation, flight.clone());
                flight
            }
        };
        flight.await
    }

    /// Forgets a token that GitHub refused, unless another has taken its place.
    pub fn refused(&self, installation: u64, refused: &InstallationToken) {
        let mut flights = self.lock();
        let is_it = flights.get(&installation).and_then(Shared::peek).is_some_and(
            |known| matches!(known, Ok(known) if known.token.expose_secret() == refused.token.expose_secret()),
        );
        if is_it {
            flights.remove(&installation);
        }
    }

    /// Whether it is on its way, or has a token that is good for a while.
    fn is_usable(&self, flight: &Flight) -> bool {
        match flight.peek() {
            None => true,
            Some(Ok(token)) => token.expires_at - (self.clock)() > MARGIN,
            Some(Err(_)) => false,
        }
    }

    /// A task of its own: who asked first may stop waiting, the others still get it.
    fn take_off(&self, installation: u64) -> Flight {
        let (application, rest) = (Arc::clone(&self.application), self.rest.clone());
        let minting = tokio::spawn(async move {
            let url = rest.api(&format!("/app/installations/{installation}/access_tokens"))?;
            let call = Rest::call("access_tokens", Method::POST, url)
                .bearer(&application.assertion())
                .of(installation.to_string())
                .repeatable();
            rest.send(&call).await
        });
        let landed: BoxFuture<_> = Box::pin(async move {
            minting
                .await
                .unwrap_or_else(|error| Err(Refusal::Unavailable(error.to_string())))
        });
        landed.shared()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
