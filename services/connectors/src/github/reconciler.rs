//! Finds the deliveries that GitHub made while we were away, or that a restored backup doesn't have, and has them made again.
//!
//! GitHub never repeats a delivery by itself, but keeps each for three days and repeats it when asked, under its GUID.
//! Source: <https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_nats::{Log, RawSubject, Start, log};
use reqwest::Method;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    connector::{App, Github},
    installation::as_app,
    rest::{Page, Rest},
};
use crate::{BoxFuture, Failure};

/// What the deliveries' calls share a circuit under.
const CIRCUIT: &str = "app";

/// GitHub keeps deliveries for so long.
const KEPT: TimeDelta = TimeDelta::days(3);

/// Deliveries that took long are listed behind later ones.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);

/// Our clock and GitHub's differ.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// Pages of a hundred deliveries that one run reads.
const MOST_PAGES: usize = 50;

/// Deliveries that one run asks for, far below what GitHub allows in an hour.
const MOST_ATTEMPTS: usize = 200;

/// How often a delivery is asked for that nobody took.
const TRIES: u32 = 5;

/// Facts that are read from the log at a time.
const BATCH: usize = 256;

/// One attempt to deliver. <https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook>
#[derive(Clone, Debug, Deserialize)]
struct Delivery {
    id: u64,
    guid: String,
    delivered_at: DateTime<Utc>,
    status_code: u16,
    event: String,
    action: Option<String>,
    installation_id: Option<u64>,
}

/// A delivery that isn't known to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// The attempt that can be repeated.
    id: u64,
    /// Where it is stored, once it is.
    pub subject: RawSubject,
    /// When it was first tried.
    pub since: DateTime<Utc>,
    /// Somebody took it: before the log was lost, or at another address.
    taken: bool,
    tries: u32,
}

impl Open {
    pub fn new(id: u64, subject: RawSubject, since: DateTime<Utc>) -> Self {
        Self {
            id,
            subject,
            since,
            taken: false,
            tries: 0,
        }
    }

    /// One that was taken elsewhere is asked for once.
    fn is_given_up(&self) -> bool {
        self.tries >= if self.taken { 1 } else { TRIES }
    }
}

/// Compares again and again until `shutdown`; nothing where the App's key isn't configured, or it is turned off.
pub(super) fn duty(github: Arc<Github>, log: Log, shutdown: CancellationToken) -> Option<BoxFuture<()>> {
    let seconds = github.configuration.reconcile_seconds;
    if github.app.is_none() || seconds == 0 {
        return None;
    }
    Some(Box::pin(async move {
        let mut reconciler = Reconciler::default();
        let mut ticks = tokio::time::interval(Duration::from_secs(seconds));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let compare = async {
            loop {
                ticks.tick().await;
                let stored = |open| stored(&log, open);
                match reconciler.run(&github, stored).await {
                    Ok(Run {
                        asked: 0, given_up: 0, ..
                    }) => {}
                    Ok(Run { asked, given_up, left }) => {
                        info!(asked, given_up, left, "GitHub delivers again what is not in RAW_GITHUB");
                    }
                    Err(failure) => {
                        warn!(reason = %failure, "GitHub's deliveries can't be compared with RAW_GITHUB yet");
                    }
                }
            }
        };
        shutdown.run_until_cancelled(compare).await;
    }))
}

/// What one run did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// Deliveries that GitHub was asked to make again.
    pub asked: usize,
    /// Deliveries that were asked for often enough.
    pub given_up: usize,
    /// Deliveries that are left for the next run.
    pub left: usize,
}

/// What is remembered from run to run. After a restart all that GitHub still has is compared.
#[derive(Debug, Default)]
pub(crate) struct Reconciler {
    /// The newest attempt that was seen.
    seen: Option<DateTime<Utc>>,
    /// By GUID.
    open: BTreeMap<String, Open>,
}

impl Reconciler {
    /// Compares once. `stored` tells which of the given GUIDs the log has.
    pub async fn run<S>(
        &mut self,
        github: &Github,
        stored: impl FnOnce(BTreeMap<String, Open>) -> S,
    ) -> Result<Run, Failure>
    where
        S: Future<Output = Result<HashSet<String>, log::Error>>,
    {
        let app = github.app()?;
        let kept = (github.clock)() - KEPT;
        let until = self.seen.map_or(kept, |seen| kept.max(seen - OVERLAP));
        let deliveries = github.deliveries(app, until).await?;
        let newest = deliveries.iter().map(|delivery| delivery.delivered_at).max();
        self.note(deliveries);
        self.open.retain(|_, open| open.since > kept);
        let there = stored(self.open.clone())
            .await
            .map_err(|error| Failure::Unavailable(error.to_string()))?;
        self.open.retain(|guid, _| !there.contains(guid));
        self.seen = newest.max(self.seen);
        self.ask(github, app).await
    }

    /// Takes in what was listed; of the attempts at one delivery the newest can be repeated.
    fn note(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let subject = RawSubject::github(delivery.installation_id, &delivery.event, delivery.action.as_deref());
            let new = Open::new(delivery.id, subject, delivery.delivered_at);
            let open = self.open.entry(delivery.guid).or_insert(new);
            open.taken |= (200..300).contains(&delivery.status_code);
            open.id = open.id.max(delivery.id);
            open.since = open.since.min(delivery.delivered_at);
        }
    }

    async fn ask(&mut self, github: &Github, app: &App) -> Result<Run, Failure> {
        let mut run = Run::default();
        for (guid, open) in &mut self.open {
            if open.is_given_up() {
                continue;
            }
            if run.asked >= MOST_ATTEMPTS {
                run.left += 1;
                continue;
            }
            open.tries += 1;
            match github.attempt(app, open.id).await {
                Ok(()) => run.asked += 1,
                // GitHub as a whole can't be asked: that is no try of this one.
                Err(failure @ (Failure::RateLimited(_) | Failure::Unavailable(_) | Failure::NotConfigured(_))) => {
                    open.tries -= 1;
                    return Err(failure);
                }
                Err(failure) => warn!(event.id = guid, reason = %failure, "GitHub refuses to make a delivery again"),
            }
            if open.is_given_up() && !open.taken {
                run.given_up += 1;
                warn!(event.id = guid, subject = %open.subject, "A delivery of GitHub does not arrive: it is asked for no more");
            }
        }
        Ok(run)
    }
}

impl Github {
    /// The attempts since `until`, newest first, as far as one run goes.
    async fn deliveries(&self, app: &App, until: DateTime<Utc>) -> Result<Vec<Delivery>, Failure> {
        let mut all = Vec::new();
        let mut url = self.rest.api("/app/hook/deliveries?per_page=100")?;
        for _ in 0..MOST_PAGES {
            let call = Rest::call("deliveries", Method::GET, url.clone())
                .bearer(&app.application.assertion())
                .of(CIRCUIT);
            let page: Page<Vec<Delivery>> = self.rest.page(call, &url, None).await.map_err(as_app)?;
            let page_content = page.content.unwrap_or_default();
            let is_past = page_content.iter().any(|delivery| delivery.delivered_at < until);
            all.extend(
                page_content
                    .into_iter()
                    .filter(|delivery| delivery.delivered_at >= until),
            );
            match page.next {
                Some(next) if !is_past => url = next,
                _ => return Ok(all),
            }
        }
        warn!(
            deliveries = all.len(),
            "GitHub has more deliveries than are compared at once: the oldest are left out"
        );
        Ok(all)
    }

    /// <https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook>
    async fn attempt(&self, app: &App, id: u64) -> Result<(), Failure> {
        let url = self.rest.api(&format!("/app/hook/deliveries/{id}/attempts"))?;
        let call = Rest::call("redeliver", Method::POST, url)
            .bearer(&app.application.assertion())
            .of(CIRCUIT);
        match self.rest.tell(&call).await {
            // GitHub has forgotten it meanwhile, or never will.
            Err(refusal) if refusal.is(404) || refusal.is(422) => Ok(()),
            outcome => outcome.map_err(as_app),
        }
    }
}

/// Which of the GUIDs the log has: one reading for each subject, from its oldest delivery on.
pub(crate) async fn stored(log: &Log, open: BTreeMap<String, Open>) -> Result<HashSet<String>, log::Error> {
    let mut subjects: BTreeMap<String, (DateTime<Utc>, BTreeSet<String>)> = BTreeMap::new();
    for (guid, open) in open {
        let (since, guids) = subjects
            .entry(open.subject.to_string())
            .or_insert_with(|| (open.since, BTreeSet::new()));
        *since = (*since).min(open.since);
        guids.insert(guid);
    }
    let mut there = HashSet::new();
    for (subject, (since, mut guids)) in subjects {
        let mut start = Start::Since(since - SKEW);
        while !guids.is_empty()
            && let Some((facts, last)) = log.read_some("RAW_GITHUB", &subject, start, BATCH).await?
        {
            there.extend(facts.into_iter().filter_map(|fact| guids.take(&fact.envelope.id)));
            start = Start::After(last);
        }
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: u64, guid: &str, seconds: i64) -> Delivery {
        Delivery {
            id,
            guid: guid.to_owned(),
            delivered_at: DateTime::from_timestamp(seconds, 0).unwrap(),
            status_code: if id == 2 { 200 } else { 502 },
            event: "push".to_owned(),
            action: None,
            installation_id: Some(7),
        }
    }

    #[test]
    fn attempts_at_one_delivery_are_one() {
        let mut reconciler = Reconciler::default();
        reconciler.note(vec![
            delivery(3, "a", 300),
            delivery(2, "b", 200),
            delivery(1, "a", 100),
        ]);
        assert_eq!(reconciler.open.len(), 2);
        let open = &reconciler.open["a"];
        assert_eq!((open.id, open.since.timestamp()), (3, 100));
        assert_eq!(open.subject.as_str(), "raw.github.7.push.-");
        assert!(!open.taken && reconciler.open["b"].taken);
    }
}
