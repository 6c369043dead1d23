//! What runs next: in order for each key, fair between tenants, bounded in all.

use std::collections::{HashMap, VecDeque};

/// A queue of jobs that keeps the order of a key and shares its capacity between tenants.
#[derive(Debug)]
pub(crate) struct Scheduler<J> {
    limit: usize,
    limit_per_tenant: usize,
    running: usize,
    keys: HashMap<String, Key<J>>,
    tenants: HashMap<String, Tenant>,
    /// Tenants that have a ready key and are below their limit, in turn.
    turn: VecDeque<String>,
}

#[derive(Debug)]
struct Key<J> {
    tenant: String,
    waiting: VecDeque<J>,
}

#[derive(Debug, Default)]
struct Tenant {
    ready: VecDeque<String>,
    running: usize,
    in_turn: bool,
}

impl<J> Scheduler<J> {
    /// At most `limit` jobs at a time, and at most a quarter of them for one tenant.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            limit_per_tenant: limit.div_ceil(4).max(1),
            running: 0,
            keys: HashMap::new(),
            tenants: HashMap::new(),
            turn: VecDeque::new(),
        }
    }

    /// Adds a job behind the others of its key.
    pub fn push(&mut self, key: &str, tenant: &str, job: J) {
        if let Some(known) = self.keys.get_mut(key) {
            known.waiting.push_back(job);
            return;
        }
        let waiting = VecDeque::from([job]);
        self.keys.insert(
            key.to_owned(),
            Key {
                tenant: tenant.to_owned(),
                waiting,
            },
        );
        self.tenants
            .entry(tenant.to_owned())
            .or_default()
            .ready
            .push_back(key.to_owned());
        self.give_turn(tenant);
    }

    /// The next job to run, if there is one and a place for it.
    pub fn next(&mut self) -> Option<(String, J)> {
        if self.running >= self.limit {
            return None;
        }
        let name = self.turn.pop_front()?;
        let tenant = self.tenants.get_mut(&name)?;
        tenant.in_turn = false;
        let key = tenant.ready.pop_front()?;
        tenant.running += 1;
        self.running += 1;
        let entry = self.keys.get_mut(&key)?;
        let job = entry.waiting.pop_front()?;
        self.give_turn(&name);
        Some((key, job))
    }

    /// A job of `key` ended.
    pub fn finished(&mut self, key: &str) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        let name = entry.tenant.clone();
        let more = !entry.waiting.is_empty();
        if !more {
            self.keys.remove(key);
        }
        self.running -= 1;
        if let Some(tenant) = self.tenants.get_mut(&name) {
            tenant.running -= 1;
            if more {
                tenant.ready.push_back(key.to_owned());
            }
            if tenant.running == 0 && tenant.ready.is_empty() {
                self.tenants.remove(&name);
                return;
            }
        }
        self.give_turn(&name);
    }

    /// A job of `key` ended and will be resumed: its place is free for others, and its key waits for it.
    pub fn suspended(&mut self, key: &str) {
        let Some(entry) = self.keys.get(key) else { return };
        let name = entry.tenant.clone();
        self.running -= 1;
        if let Some(tenant) = self.tenants.get_mut(&name) {
            tenant.running -= 1;
        }
        self.give_turn(&name);
    }

    /// A suspended job goes on, before the others of its key.
    pub fn resume(&mut self, key: &str, job: J) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        entry.waiting.push_front(job);
        let name = entry.tenant.clone();
        self.tenants
            .entry(name.clone())
            .or_default()
            .ready
            .push_back(key.to_owned());
        self.give_turn(&name);
    }

    fn give_turn(&mut self, name: &str) {
        if let Some(tenant) = self.tenants.get_mut(name)
            && !tenant.in_turn
            && !tenant.ready.is_empty()
            && tenant.running < self.limit_per_tenant
        {
            tenant.in_turn = true;
            self.turn.push_back(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_runs_in_order_and_one_at_a_time() {
        let mut scheduler = Scheduler::new(8);
        for job in 1..=3 {
            scheduler.push("k", "t", job);
        }
        for job in 1..=3 {
            assert_eq!(scheduler.next(), Some(("k".into(), job)));
            assert_eq!(scheduler.next(), None);
            scheduler.finished("k");
        }
        assert_eq!(scheduler.next(), None);
        assert!(scheduler.keys.is_empty() && scheduler.tenants.is_empty());
    }

    #[test]
    fn a_suspended_job_takes_no_place_and_keeps_its_turn() {
        let mut scheduler = Scheduler::new(1);
        scheduler.push("k", "t", 1);
        scheduler.push("k", "t", 2);
        scheduler.push("other", "u", 3);
        assert_eq!(scheduler.next(), Some(("k".into(), 1)));
        scheduler.suspended("k");
        assert_eq!(scheduler.next(), Some(("other".into(), 3)));
        scheduler.finished("other");
        assert_eq!(scheduler.next(), None, "2 stays behind 1");
        scheduler.resume("k", 1);
        assert_eq!(scheduler.next(), Some(("k".into(), 1)));
        scheduler.finished("k");
        assert_eq!(scheduler.next(), Some(("k".into(), 2)));
        scheduler.finished("k");
        assert!(scheduler.keys.is_empty() && scheduler.tenants.is_empty());
    }

    #[test]
    fn a_noisy_tenant_leaves_room() {
        let mut scheduler = Scheduler::new(8);
        for job in 0..100 {
            scheduler.push(&format!("noisy-{job}"), "noisy", job);
        }
        scheduler.push("quiet", "quiet", 1_000);
        let started: Vec<_> = std::iter::from_fn(|| scheduler.next()).map(|(_, job)| job).collect();
        assert_eq!(
            started,
            [0, 1_000, 1],
            "two of eight for the noisy one, and the quiet one at once"
        );
    }

    proptest! {
        #[test]
        fn every_job_runs_once_and_in_the_order_of_its_key(
            jobs in prop::collection::vec((0_u8..6, 0_u8..3), 0..80), limit in 1_usize..6, ends in prop::collection::vec(any::<usize>(), 80),
        ) {
            let mut scheduler = Scheduler::new(limit);
            for (number, (key, tenant)) in jobs.iter().enumerate() {
                // A key belongs to one tenant.
                scheduler.push(&format!("{tenant}-{key}"), &tenant.to_string(), number);
            }
            let (mut running, mut done, mut ends) = (Vec::new(), Vec::new(), ends.into_iter().cycle());
            while done.len() < jobs.len() {
                while let Some((key, job)) = scheduler.next() {
                    prop_assert!(!running.contains(&key), "{} runs twice at once", key);
                    running.push(key);
                    done.push(job);
                }
                prop_assert!(!running.is_empty() && running.len() <= limit);
                let key = running.remove(ends.next().unwrap_or(0) % running.len());
                scheduler.finished(&key);
            }
            for tenant in 0..3 {
                for key in 0..6 {
                    let order: Vec<_> = done.iter().filter(|job| jobs[**job] == (key, tenant)).collect();
                    prop_assert!(order.is_sorted());
                }
            }
        }
    }
}
