//! One refresh of a credential at a time, however many ask for it, and a pause after it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::{Error, Owner, RefreshError, cache::Entry};

/// How long a new credential is not exchanged again, however soon it expires.
const AFTER_SUCCESS: Duration = Duration::from_secs(30);

/// How long an external system that refused is not asked again about the same credential.
const AFTER_REFUSAL: Duration = Duration::from_mins(1);

/// How long an external system that could not answer is not asked again.
const AFTER_SILENCE: Duration = Duration::from_secs(1);

/// What a refresh ends with, for all who wait.
pub(crate) type Landed = Result<Arc<Entry>, Error>;

/// A refresh on its way.
type Flight = Shared<BoxFuture<'static, Landed>>;

/// The refreshes on their way, and how the last ones ended.
#[derive(Default)]
pub(crate) struct Flights(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    underway: HashMap<Owner, Flight>,
    ended: HashMap<Owner, Ended>,
}

/// How the refresh of a version ended, and until when that is believed.
struct Ended {
    generation: u32,
    version: u32,
    until: Instant,
    failure: Option<RefreshError>,
}

/// What is known of a version that was refreshed, or was to be, a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lately {
    /// It is new.
    Refreshed,
    /// There was no newer one.
    Failed(RefreshError),
}

impl Flights {
    /// Waits for the refresh of `owner` that is on its way, or for `refresh`, which starts then. It goes on although
    /// nobody waits for it any more, because what the external system gave it gave once.
    pub fn join(
        &self,
        tasks: &TaskTracker,
        owner: &Owner,
        refresh: impl Future<Output = Landed> + Send + 'static,
    ) -> Flight {
        let (landed, arrival) = oneshot::channel();
        let flight = {
            let mut state = lock(&self.0);
            if let Some(flight) = state.underway.get(owner) {
                return flight.clone();
            }
            let flight = async { arrival.await.unwrap_or_else(|_| Err(crashed())) }
                .boxed()
                .shared();
            state.underway.insert(owner.clone(), flight.clone());
            flight
        };
        let landing = Landing {
            flights: Arc::clone(&self.0),
            owner: owner.clone(),
        };
        tasks.spawn(async move {
            let outcome = refresh.await;
            // Who asks from now on gets a flight of their own.
            drop(landing);
            // Nobody may be waiting any more.
            let _ = landed.send(outcome);
        });
        flight
    }

    /// Remembers that there is no newer version than `entry`.
    pub fn failed(&self, entry: &Entry, failure: RefreshError) {
        let pause = match failure {
            RefreshError::Refused(_) => AFTER_REFUSAL,
            RefreshError::Unavailable(_) => AFTER_SILENCE,
        };
        self.end(entry, pause, Some(failure));
    }

    /// Remembers that `entry` is new.
    pub fn refreshed(&self, entry: &Entry) {
        self.end(entry, AFTER_SUCCESS, None);
    }

    fn end(&self, entry: &Entry, pause: Duration, failure: Option<RefreshError>) {
        let now = Instant::now();
        let mut state = lock(&self.0);
        state.ended.retain(|_, ended| ended.until > now);
        let ended = Ended {
            generation: entry.generation,
            version: entry.version,
            until: now + pause,
            failure,
        };
        state.ended.insert(entry.owner.clone(), ended);
    }

    /// How the last refresh ended, if it was of this version and a moment ago.
    pub fn lately(&self, entry: &Entry) -> Option<Lately> {
        let state = lock(&self.0);
        let ended = state.ended.get(&entry.owner)?;
        let counts =
            (ended.generation, ended.version) == (entry.generation, entry.version) && ended.until > Instant::now();
        counts.then(|| ended.failure.clone().map_or(Lately::Refreshed, Lately::Failed))
    }
}

/// What a refresh comes to that panicked, or that the end of the process took along.
fn crashed() -> Error {
    tracing::error!("A refresh of a credential ended before it was done");
    Error::Refresh(RefreshError::Unavailable(
        "the refresh ended before it was done".to_owned(),
    ))
}

/// Ends a flight, also when it panics.
struct Landing {
    flights: Arc<Mutex<State>>,
    owner: Owner,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.flights).underway.remove(&self.owner);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Every change is whole before anything can panic.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Flights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Flights(..)")
    }
}
