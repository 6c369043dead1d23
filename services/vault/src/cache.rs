//! What was opened lately: the data key and the ciphertext, never the plaintext. For ten seconds at the most, because a
//! copy of this process that shredded a key tells others at most once.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Error, Opened, Owner,
    envelope::{Ciphertext, DataKey, Place},
};

/// How long an entry may be used.
pub(crate) const LIFETIME: Duration = Duration::from_secs(10);

/// How many entries there may be.
const CAPACITY: usize = 8_192;

/// How many owners' changes are remembered one by one.
const CHANGES: usize = 8_192;

/// The newest version of an owner's newest generation, and what opens it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub owner: Owner,
    pub generation: u32,
    pub version: u32,
    pub data_key: DataKey,
    pub ciphertext: Ciphertext,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Entry {
    pub fn place(&self) -> Place<'_> {
        Place {
            owner: &self.owner,
            generation: self.generation,
            version: self.version,
        }
    }

    pub fn open(&self) -> Result<Opened, Error> {
        Ok(Opened {
            credential: self.ciphertext.open(&self.data_key, &self.place())?,
            generation: self.generation,
            version: self.version,
            expires_at: self.expires_at,
        })
    }
}

/// A point in time, by which a cache tells what was loaded before a change from what was loaded after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

/// Entries by integration. Bounded in number and in time.
#[derive(Default)]
pub(crate) struct Cache(Mutex<State>);

#[derive(Default)]
struct State {
    entries: HashMap<Uuid, (Instant, Arc<Entry>)>,
    /// Grows with each change.
    now: u64,
    /// The last change of an owner.
    changed: HashMap<Uuid, u64>,
    /// The last change of any owner that `changed` no longer knows.
    forgotten: u64,
}

impl Cache {
    /// The entry of `owner`, if there is a fresh one.
    pub fn get(&self, owner: &Owner, now: Instant) -> Option<Arc<Entry>> {
        let state = self.lock();
        let (loaded, entry) = state.entries.get(&owner.integration)?;
        // An owner that is put together differently is another one, whatever its integration is.
        let is_good = entry.owner == *owner && now.saturating_duration_since(*loaded) < LIFETIME;
        is_good.then(|| Arc::clone(entry))
    }

    /// To be called before loading what is to be [kept](Self::keep).
    pub fn begin(&self) -> Tick {
        Tick(self.lock().now)
    }

    /// Keeps what was loaded after `begun`, at `loaded`, unless its owner changed since: what was loaded may be shredded.
    pub fn keep(&self, entry: &Arc<Entry>, begun: Tick, loaded: Instant) {
        let mut state = self.lock();
        let integration = entry.owner.integration;
        let changed = state.changed.get(&integration).copied().unwrap_or(state.forgotten);
        if changed > begun.0 {
            return;
        }
        if state.entries.len() >= CAPACITY && !state.entries.contains_key(&integration) {
            state.expire(loaded);
            if state.entries.len() >= CAPACITY {
                let oldest = state.entries.iter().min_by_key(|(_, (loaded, _))| *loaded);
                let oldest = oldest.map(|(integration, _)| *integration);
                oldest.and_then(|oldest| state.entries.remove(&oldest));
            }
        }
        state.entries.insert(integration, (loaded, Arc::clone(entry)));
    }

    /// Forgets an integration, also what is being loaded of it right now.
    pub fn forget(&self, integration: Uuid) {
        let mut state = self.lock();
        state.now += 1;
        let now = state.now;
        if state.changed.len() >= CHANGES {
            // Nothing that is being loaded now will be kept; it is loaded again the next time.
            state.changed.clear();
            state.forgotten = now;
        }
        state.changed.insert(integration, now);
        state.entries.remove(&integration);
    }

    /// Forgets everything, also what is being loaded right now.
    pub fn forget_all(&self) {
        let mut state = self.lock();
        state.now += 1;
        state.forgotten = state.now;
        state.changed.clear();
        state.entries.clear();
    }

    /// Overwrites the keys that are too old to be used.
    pub fn expire(&self, now: Instant) {
        self.lock().expire(now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn expire(&mut self, now: Instant) {
        self.entries
            .retain(|_, (loaded, _)| now.saturating_duration_since(*loaded) < LIFETIME);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cache(..)")
    }
}

#[cfg(test)]
mod tests {
    use infragpt_events::{ConnectorKind, OrganizationId};

    use super::*;
    use crate::Secret;

    fn entry(integration: u128) -> Arc<Entry> {
        let owner = Owner {
            organization: OrganizationId::parse("acme").unwrap(),
            integration: Uuid::from_u128(integration),
            connector: ConnectorKind::parse("forge").unwrap(),
        };
        let data_key = DataKey::draw().unwrap();
        let place = Place {
            owner: &owner,
            generation: 1,
            version: 1,
        };
        let ciphertext = Ciphertext::seal(&data_key, &place, &Secret::new(b"secret".to_vec())).unwrap();
        Arc::new(Entry {
            owner,
            generation: 1,
            version: 1,
            data_key,
            ciphertext,
            expires_at: None,
        })
    }

    #[test]
    fn an_entry_is_good_for_ten_seconds() {
        let (cache, entry, start) = (Cache::default(), entry(1), Instant::now());
        cache.keep(&entry, cache.begin(), start);
        assert!(cache.get(&entry.owner, start + LIFETIME.mul_f64(0.99)).is_some());
        assert!(cache.get(&entry.owner, start + LIFETIME).is_none());
        cache.expire(start + LIFETIME);
        assert_eq!(Arc::strong_count(&entry), 1, "its key is dropped, too");
    }

    #[test]
    fn what_was_loaded_before_a_change_is_not_kept_after_it() {
        let (cache, one, other, now) = (Cache::default(), entry(1), entry(2), Instant::now());
        let begun = cache.begin();
        cache.forget(one.owner.integration);
        cache.keep(&one, begun, now);
        cache.keep(&other, begun, now);
        assert!(cache.get(&one.owner, now).is_none());
        assert!(cache.get(&other.owner, now).is_some(), "another one did not change");
        cache.keep(&one, cache.begin(), now);
        assert!(cache.get(&one.owner, now).is_some());
        let begun = cache.begin();
        cache.forget_all();
        cache.keep(&one, begun, now);
        assert!(cache.get(&one.owner, now).is_none());
    }

    #[test]
    fn a_change_counts_although_very_many_followed() {
        let (cache, one, now) = (Cache::default(), entry(1), Instant::now());
        let begun = cache.begin();
        cache.forget(one.owner.integration);
        for other in 0..2 * CHANGES {
            cache.forget(Uuid::from_u128(other as u128 + 10));
        }
        cache.keep(&one, begun, now);
        assert!(cache.get(&one.owner, now).is_none());
        assert!(cache.lock().changed.len() <= CHANGES);
    }

    #[test]
    fn the_oldest_makes_room() {
        let (cache, start) = (Cache::default(), Instant::now());
        let first = entry(0);
        cache.keep(&first, cache.begin(), start);
        for integration in 1..=CAPACITY {
            cache.keep(
                &entry(integration as u128),
                cache.begin(),
                start + Duration::from_millis(1),
            );
        }
        assert_eq!(cache.lock().entries.len(), CAPACITY);
        assert!(cache.get(&first.owner, start).is_none());
    }

    #[test]
    fn another_organization_gets_nothing() {
        let (cache, entry, now) = (Cache::default(), entry(1), Instant::now());
        cache.keep(&entry, cache.begin(), now);
        let foreign = Owner {
            organization: OrganizationId::parse("other").unwrap(),
            ..entry.owner.clone()
        };
        assert!(cache.get(&foreign, now).is_none());
        assert!(cache.get(&entry.owner, now).is_some());
    }
}
