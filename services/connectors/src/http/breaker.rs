//! One circuit breaker for each account: after five outages in a row nothing is sent for ten seconds, then one call finds out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::{info, warn};

use super::metrics;

/// Outages in a row that open a circuit.
const FAILURES: u32 = 5;

/// How long nothing is sent; then one call is let through.
const REST: Duration = Duration::from_secs(10);

/// Accounts in trouble that are remembered at most. One that is forgotten starts over with a closed circuit.
const MOST: usize = 10_000;

/// The circuits of the accounts that are in trouble; the others have none.
#[derive(Clone, Debug)]
pub(super) struct Breakers {
    connector: &'static str,
    circuits: Arc<Mutex<HashMap<String, Circuit>>>,
}

#[derive(Clone, Copy, Debug)]
enum Circuit {
    /// So many outages in a row.
    Closed(u32),
    /// Nothing is sent before this time.
    Open(Instant),
    /// One call finds out; if nobody hears of it any more, the next one may after this time.
    Probing(Instant),
}

impl Circuit {
    fn is_closed(self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

/// The circuit is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open;

impl Breakers {
    pub fn new(connector: &'static str) -> Self {
        Self {
            connector,
            circuits: Arc::default(),
        }
    }

    /// Lets a call through, or not. `longest` is how long the call can take.
    pub fn enter(&self, account: &str, longest: Duration) -> Result<(), Open> {
        let mut circuits = self.lock();
        let Some(circuit) = circuits.get_mut(account) else {
            return Ok(());
        };
        match *circuit {
            Circuit::Closed(_) => Ok(()),
            Circuit::Open(until) | Circuit::Probing(until) if Instant::now() < until => Err(Open),
            Circuit::Open(_) | Circuit::Probing(_) => {
                *circuit = Circuit::Probing(Instant::now() + longest);
                Ok(())
            }
        }
    }

    /// A call ended.
    pub fn ended(&self, account: &str, outage: bool) {
        let mut circuits = self.lock();
        if !outage {
            if circuits.remove(account).is_some_and(|circuit| !circuit.is_closed()) {
                info!(
                    connector = self.connector,
                    account, "The provider answers again: calls are sent"
                );
                metrics::circuit(self.connector, false);
            }
            return;
        }
        if circuits.len() >= MOST && !circuits.contains_key(account) {
            self.forget_one(&mut circuits);
        }
        let circuit = circuits.entry(account.to_owned()).or_insert(Circuit::Closed(0));
        *circuit = match *circuit {
            Circuit::Closed(failures) if failures + 1 < FAILURES => Circuit::Closed(failures + 1),
            Circuit::Closed(_) => {
                warn!(
                    connector = self.connector,
                    account,
                    rest = ?REST,
                    "The provider failed {FAILURES} times in a row: nothing is sent for a while"
                );
                metrics::circuit(self.connector, true);
                Circuit::Open(Instant::now() + REST)
            }
            // A call that began before the circuit opened adds nothing to it.
            Circuit::Open(until) => Circuit::Open(until),
            Circuit::Probing(_) => Circuit::Open(Instant::now() + REST),
        };
    }

    fn forget_one(&self, circuits: &mut HashMap<String, Circuit>) {
        let account = circuits
            .iter()
            .find(|(_, circuit)| circuit.is_closed())
            .or_else(|| circuits.iter().next())
            .map(|(account, _)| account.clone());
        if let Some(circuit) = account.and_then(|account| circuits.remove(&account))
            && !circuit.is_closed()
        {
            metrics::circuit(self.connector, false);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    fn failing(times: u32) -> Breakers {
        let breakers = Breakers::new("slack");
        for _ in 0..times {
            assert_eq!(breakers.enter("T1", LONGEST), Ok(()));
            breakers.ended("T1", true);
        }
        breakers
    }

    #[tokio::test(start_paused = true)]
    async fn five_outages_in_a_row_open_it_for_this_account() {
        let breakers = failing(4);
        breakers.ended("T1", false);
        for _ in 0..4 {
            breakers.ended("T1", true);
        }
        assert_eq!(breakers.enter("T1", LONGEST), Ok(()));
        breakers.ended("T1", true);
        assert_eq!(breakers.enter("T1", LONGEST), Err(Open));
        assert_eq!(breakers.enter("T2", LONGEST), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_finds_out_and_closes_it() {
        let breakers = failing(5);
        tokio::time::advance(REST).await;
        assert_eq!(breakers.enter("T1", LONGEST), Ok(()));
        assert_eq!(breakers.enter("T1", LONGEST), Err(Open), "only one");
        breakers.ended("T1", false);
        assert_eq!(breakers.enter("T1", LONGEST), Ok(()));
        assert!(breakers.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_or_is_given_up_leaves_it_open() {
        let breakers = failing(5);
        tokio::time::advance(REST).await;
        assert_eq!(breakers.enter("T1", LONGEST), Ok(()));
        breakers.ended("T1", true);
        assert_eq!(breakers.enter("T1", LONGEST), Err(Open));
        tokio::time::advance(REST).await;
        assert_eq!(breakers.enter("T1", LONGEST), Ok(()), "given up without a word");
        tokio::time::advance(LONGEST).await;
        assert_eq!(breakers.enter("T1", LONGEST), Ok(()), "the next one finds out");
    }

    #[tokio::test]
    async fn it_remembers_so_many_and_no_more() {
        let breakers = Breakers::new("slack");
        for number in 0..=MOST {
            breakers.ended(&number.to_string(), true);
        }
        assert_eq!(breakers.lock().len(), MOST);
    }
}
