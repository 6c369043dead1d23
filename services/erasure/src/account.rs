//! The accounts that an organization was connected to, and what they said while it was.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{self, Integration, IntegrationEvent},
    organization::ErasedFacts,
};
use infragpt_nats::{AggregateSubject, Erasable, Start, Token, decode_event, erase};

use crate::{
    context::Context,
    error::Error,
    payload,
    progress::Progress,
    tenure::{self, Window},
};

/// How many events are read at a time.
const PAGE: usize = 256;

/// An account that an organization was connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub connector: ConnectorKind,
    /// Its identifier there.
    pub id: String,
    /// When what it said was the organization's, as of the last time that it was swept.
    pub windows: Vec<Window>,
}

impl Context {
    /// Every account that `organization` was ever connected to, as far as its events still tell; not yet when.
    pub async fn accounts(&self, organization: &OrganizationId) -> Result<Vec<Account>, Error> {
        let mut names = BTreeSet::new();
        let filter = format!("events.integration.{organization}.*.authorized");
        self.authorized(&filter, |_, connector, account| {
            names.insert((connector, account));
        })
        .await?;
        let accounts = names.into_iter().map(|(connector, id)| Account {
            connector,
            id,
            windows: Vec::new(),
        });
        Ok(accounts.collect())
    }

    async fn authorized(
        &self,
        filter: &str,
        mut tell: impl FnMut(OrganizationId, ConnectorKind, String) + Send,
    ) -> Result<(), Error> {
        let mut start = Start::After(0);
        while let Some((events, last)) = self.log.read_some("EVENTS", filter, start, PAGE).await? {
            for received in events {
                let decoded = decode_event::<IntegrationEvent>(&received)?;
                if let IntegrationEvent::Authorized(authorized) = decoded.event {
                    tell(decoded.organization, authorized.connector, authorized.account.id);
                }
            }
            start = Start::After(last);
        }
        Ok(())
    }

    /// When what `account` said was `organization`'s. Each has an end: who connects the account next says what they say later.
    pub async fn windows(
        &self,
        organization: &OrganizationId,
        connector: &ConnectorKind,
        account: &str,
    ) -> Result<Vec<Window>, Error> {
        let now = self.now();
        let claim = self.accounts.find_last(connector, account).await?;
        if claim
            .as_ref()
            .is_some_and(|claim| claim.organization == *organization && claim.after.is_none())
        {
            // Nobody else ever had it.
            return Ok(vec![Window::default().until(now)]);
        }
        let mut owners = BTreeSet::from([organization.clone()]);
        self.authorized("events.integration.*.*.authorized", |owner, of, id| {
            if of == *connector && id == account {
                owners.insert(owner);
            }
        })
        .await?;
        let mut all = Vec::new();
        for owner in owners {
            let subject = AggregateSubject::new::<Integration>(&owner, integration::id(&owner, connector));
            let history = self.store.history::<Integration>(&subject).await?;
            all.extend(tenure::tenures(&owner, account, &history));
        }
        let windows = tenure::windows(organization, all, claim.as_ref());
        Ok(windows.into_iter().map(|window| window.until(now)).collect())
    }

    /// Erases what an account said while it was the organization's, and the dead letters of that; returns how many.
    pub async fn erase_account(&self, account: &Account, progress: &mut Progress) -> Result<u64, Error> {
        let Some((stream, prefix)) = erase::facts_of(&account.connector, &account.id) else {
            return Ok(0);
        };
        let mut count = 0;
        for window in &account.windows {
            // What was said since a certain time is not told by a prefix.
            let listed = window.since.is_some();
            count += self
                .erase_said(&stream, &prefix, window, |_| true, listed, progress)
                .await?;
        }
        for workspace in self.workspaces(account, &stream).await? {
            let is_meant = |fact: &Erasable| payload::has(&account.id, &fact.payload);
            for window in &account.windows {
                count += self
                    .erase_said(&stream, &workspace, window, is_meant, true, progress)
                    .await?;
            }
        }
        Ok(count)
    }

    /// Erases the facts of `stream` whose subjects begin with `prefix` as far as they lie in `window` and `is_meant`, and their
    /// dead letters.
    async fn erase_said(
        &self,
        stream: &str,
        prefix: &str,
        window: &Window,
        is_meant: impl Fn(&Erasable) -> bool + Send + Sync,
        listed: bool,
        progress: &mut Progress,
    ) -> Result<u64, Error> {
        let is_said = |fact: &Erasable| window.covers(fact.published) && is_meant(fact);
        let filter = format!("{prefix}>");
        let mut count = self
            .sweep(stream, &filter, is_said, |fact| {
                progress.facts += 1;
                if listed {
                    progress.note(stream, fact.sequence);
                }
            })
            .await?;
        let (first, last) = self.places(stream, window).await?;
        // One that does not say where its original stood was written by nobody of ours.
        let is_said = |letter: &Erasable| letter.original.is_none_or(|it| first <= it && it < last) && is_meant(letter);
        let filter = format!("dead.{stream}.*.{prefix}>");
        count += self
            .sweep("DEAD_LETTERS", &filter, is_said, |_| progress.facts += 1)
            .await?;
        Ok(count)
    }

    /// What the subjects of facts begin with that name an enterprise and are filed under one of its workspaces, but those of a
    /// workspace that another organization has or had. They can be found by reading all that there is, so only an account
    /// that can have them is looked for.
    async fn workspaces(&self, account: &Account, stream: &str) -> Result<BTreeSet<String>, Error> {
        let mut tokens = BTreeSet::new();
        if erase::is_filed_elsewhere(&account.connector, &account.id) {
            let filter = format!("raw.{}.>", account.connector);
            let look = |fact: &Erasable| {
                if payload::has(&account.id, &fact.payload) {
                    tokens.extend(fact.subject.split('.').nth(2).map(str::to_owned));
                }
                false
            };
            self.sweep(stream, &filter, look, |_| {}).await?;
            let letters = format!("dead.{stream}.*.{filter}");
            let look = |letter: &Erasable| {
                if payload::has(&account.id, &letter.payload) {
                    tokens.extend(letter.subject.split('.').nth(5).map(str::to_owned));
                }
                false
            };
            self.sweep("DEAD_LETTERS", &letters, look, |_| {}).await?;
        }
        let mut workspaces = BTreeSet::new();
        for token in tokens {
            let Some(workspace) = Token::decode(&token).filter(|workspace| *workspace != account.id) else {
                continue;
            };
            if self.accounts.find_last(&account.connector, &workspace).await?.is_none() {
                workspaces.extend(erase::facts_of(&account.connector, &workspace).map(|(_, prefix)| prefix));
            }
        }
        Ok(workspaces)
    }

    /// Between which sequences of `stream` a window lies: from the first, to before the second.
    async fn places(&self, stream: &str, window: &Window) -> Result<(u64, u64), Error> {
        let first = match window.since {
            None => 0,
            Some(since) => self.eraser.first_since(stream, since).await?.unwrap_or(u64::MAX),
        };
        let last = match window.until {
            None => u64::MAX,
            Some(until) => self.eraser.first_since(stream, until).await?.unwrap_or(u64::MAX),
        };
        Ok((first, last))
    }
}

/// Which facts of `accounts` are erased, as far as prefixes tell: all of them that were stored until `now`.
pub(crate) fn prefixes(accounts: &[Account], now: DateTime<Utc>) -> Vec<ErasedFacts> {
    let mut prefixes: BTreeMap<(String, String), DateTime<Utc>> = BTreeMap::new();
    for account in accounts {
        let Some(facts) = erase::facts_of(&account.connector, &account.id) else {
            continue;
        };
        for window in account.windows.iter().filter(|window| window.since.is_none()) {
            let until = window.until.map_or(now, |until| until.min(now));
            let latest = prefixes.entry(facts.clone()).or_insert(until);
            *latest = until.max(*latest);
        }
    }
    prefixes
        .into_iter()
        .map(|((stream, prefix), until)| ErasedFacts {
            stream,
            prefix,
            sequences: Vec::new(),
            until,
        })
        .collect()
}
