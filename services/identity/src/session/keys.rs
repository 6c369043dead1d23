//! The keys of sessions, kept: fetched when they are needed, looked at again now and then, and never given up because Clerk is
//! away.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode};
use infragpt_connectors::http::{self, Call, Client};
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use super::{
    Error,
    jwks::{Jwks, Key},
};

/// How often Clerk is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// After how long the keys are looked at again: so long a key is good that Clerk took away.
    pub every: Duration,
    /// For how long after that they are still taken while somebody looks: nobody may have asked for a night.
    pub trusted: Duration,
    /// After how long they are looked at again when that failed.
    pub retry: Duration,
    /// How often in a row they are fetched for keys that nobody knows.
    pub burst: u32,
    /// How long until they can be fetched once more for that.
    pub refill: Duration,
    /// How long Clerk may take.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            every: Duration::from_mins(5),
            trusted: Duration::from_mins(10),
            retry: Duration::from_secs(30),
            burst: 10,
            refill: Duration::from_secs(10),
            patience: Duration::from_secs(5),
        }
    }
}

/// The keys. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Keys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Nothing where TLS can't be set up.
    client: Option<Client>,
    url: Url,
    pace: Pace,
    /// Replaced as a whole: who verifies holds the lock for as long as it takes to copy a pointer.
    current: RwLock<Arc<Known>>,
    /// How many flights have started.
    started: AtomicU64,
    /// Held by the one that is on its way.
    flight: Arc<Mutex<Flights>>,
    /// Whether somebody looks at the keys again in the background.
    looking: AtomicBool,
}

/// The keys that are known.
#[derive(Debug)]
struct Known {
    keys: Vec<Arc<Key>>,
    /// From when on they are to be looked at again; nothing before they were fetched for the first time.
    due: Option<Instant>,
}

/// How the flights went.
#[derive(Debug)]
struct Flights {
    /// How often the keys may be fetched for keys that nobody knows, and since when that is so.
    left: u32,
    since: Instant,
    /// Whether the last one ended with keys.
    landed: bool,
}

impl Keys {
    /// The keys that are published at `url`. Nothing is fetched yet.
    pub fn new(client: Option<Client>, url: Url, pace: Pace) -> Self {
        let flights = Flights {
            left: pace.burst,
            since: Instant::now(),
            landed: false,
        };
        Self(Arc::new(Shared {
            client,
            url,
            pace,
            current: RwLock::new(Arc::new(Known {
                keys: Vec::new(),
                due: None,
            })),
            started: AtomicU64::new(0),
            flight: Arc::new(Mutex::new(flights)),
            looking: AtomicBool::new(false),
        }))
    }

    /// The key of that name. One that nobody knows may be new: then Clerk is asked, for all who wait at once, and not more
    /// often than a pace allows that strangers can't drive.
    pub async fn find(&self, id: &str) -> Result<Arc<Key>, Error> {
        let seen = self.0.started.load(Ordering::Acquire);
        let known = self.known();
        let overdue = known.due.and_then(|due| Instant::now().checked_duration_since(due));
        if let Some(key) = known.find(id)
            && overdue.is_none_or(|overdue| overdue < self.0.pace.trusted)
        {
            if overdue.is_some() {
                self.look_again();
            }
            return Ok(key);
        }
        let is_there = |known: &Known| {
            let is_fresh = known.due.is_some_and(|due| due > Instant::now());
            is_fresh && known.find(id).is_some()
        };
        let landed = self.fetch_after(seen, is_there).await;
        match self.known().find(id) {
            Some(key) => Ok(key),
            None if landed => Err(Error::UnknownKey),
            None => Err(Error::Unavailable),
        }
    }

    /// Fetches the keys, unless they have been.
    pub async fn ready(&self) -> Result<(), Error> {
        let seen = self.0.started.load(Ordering::Acquire);
        let is_there = |known: &Known| known.due.is_some();
        if is_there(&self.known()) || self.fetch_after(seen, is_there).await {
            Ok(())
        } else {
            Err(Error::Unavailable)
        }
    }

    fn known(&self) -> Arc<Known> {
        // It is replaced in one step: nobody leaves half a set behind.
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for what is wanted, or else for a flight that starts after the `seen`th, and says whether the last one landed.
    /// Who waits may go away; the flight goes on.
    async fn fetch_after(&self, seen: u64, is_there: impl Fn(&Known) -> bool) -> bool {
        let mut flights = Arc::clone(&self.0.flight).lock_owned().await;
        let is_flown = self.0.started.load(Ordering::Acquire) > seen;
        if is_flown || is_there(&self.known()) || !flights.take(&self.0.pace) {
            return flights.landed;
        }
        let shared = Arc::clone(&self.0);
        let flight = tokio::spawn(async move {
            flights.landed = shared.fetch().await;
            flights.landed
        });
        flight.await.unwrap_or(false)
    }

    /// Looks at the keys again while those that are known go on being good.
    fn look_again(&self) {
        if self.0.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let looking = Looking(Arc::clone(&self.0));
        tokio::spawn(async move {
            let mut flights = looking.0.flight.lock().await;
            flights.landed = looking.0.fetch().await;
        });
    }
}

/// Somebody looks at the keys again, until it is dropped, however that comes.
struct Looking(Arc<Shared>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.looking.store(false, Ordering::Release);
    }
}

impl Shared {
    /// One flight: whether it came back with keys. What Clerk took away is forgotten; where it does not answer, nothing is.
    async fn fetch(&self) -> bool {
        self.started.fetch_add(1, Ordering::AcqRel);
        let fetched = match tokio::time::timeout(self.pace.patience, self.ask()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no answer within {:?}", self.pace.patience)),
        };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(keys) => {
                if current.keys != keys {
                    tracing::info!(keys = keys.len(), "The keys of sessions are new");
                }
                *current = Arc::new(Known {
                    keys,
                    due: Some(Instant::now() + self.pace.every),
                });
                true
            }
            Err(problem) => {
                tracing::warn!(
                    url = %self.url,
                    kept = current.keys.len(),
                    problem,
                    "The keys of sessions can't be read; those that are known stay good"
                );
                if current.due.is_some() {
                    *current = Arc::new(Known {
                        keys: current.keys.clone(),
                        due: Some(Instant::now() + self.pace.retry),
                    });
                }
                false
            }
        }
    }

    async fn ask(&self) -> Result<Vec<Arc<Key>>, String> {
        let client = self.client.as_ref().ok_or("TLS can't be set up")?;
        let call = Call::new("jwks", Method::GET, self.url.clone());
        let answer = client.send(&call, |answer| {
            if answer.status != StatusCode::OK {
                return Err(http::Error::Unclear(format!("status {}", answer.status)));
            }
            answer.json::<Jwks>()
        });
        answer.await.map(Jwks::keys).map_err(|error| error.to_string())
    }
}

impl Known {
    fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.keys.iter().find(|key| key.id() == id).cloned()
    }
}

impl Flights {
    /// Whether the keys may be fetched once more.
    fn take(&mut self, pace: &Pace) -> bool {
        let refill = pace.refill.max(Duration::from_millis(1));
        let passed = self.since.elapsed().as_millis() / refill.as_millis();
        let more = u32::try_from(passed).unwrap_or(u32::MAX);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(pace.burst);
            self.since = Instant::now();
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}
