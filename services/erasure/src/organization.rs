//! Erasing an organization.

use std::collections::BTreeSet;

use infragpt_events::{
    OrganizationId,
    organization::{self, Erased, ErasedFacts, Organization, OrganizationCommand},
};
use infragpt_nats::{AggregateSubject, Cause, Erasable, Origin, Received};

use crate::{
    account::{Account, prefixes},
    connections::ACTOR,
    context::Context,
    error::Error,
    progress::Progress,
    quiet::Quiet,
};

/// How often everything is swept in a row while something is found. What an account goes on to say is nobody's any more, and
/// must not make this endless.
pub(crate) const MOST_SWEEPS: u32 = 5;

impl Context {
    /// Does what there is to do until the organization is erased.
    pub async fn erase_organization(
        &self,
        organization: &OrganizationId,
        deletion: &Received,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let subject = AggregateSubject::new::<Organization>(organization, organization::id(organization));
        let state = self.store.load::<Organization>(&subject).await?.state;
        if !state.is_deleted() {
            return Err(Error::NotDeleted);
        }
        if !state.is_erased() {
            let known = self.accounts(organization).await?;
            let connectors: BTreeSet<_> = known.into_iter().map(|account| account.connector).collect();
            self.end_connections(organization, connectors, deletion).await?;
            progress.quiet = self.wait(std::mem::take(&mut progress.quiet)).await?;
        }
        // Whose what is can be told only after that: an account that was let go may belong to another organization by now.
        let mut accounts = self.accounts(organization).await?;
        for _ in 0..MOST_SWEEPS {
            if self.sweep_organization(organization, &mut accounts, progress).await? == 0 {
                break;
            }
        }
        if !state.is_erased() {
            if progress.quiet != Quiet::Nobody {
                return Err(Error::NotQuiet(self.until_next_look(&progress.quiet)));
            }
            self.record_organization(organization, &accounts, deletion, progress)
                .await?;
        }
        // What told whose the accounts were goes last: who is killed before this finds them again.
        self.sweep_events(organization, |event| !is_kept(event, organization), |_| {})
            .await?;
        tracing::info!(
            organization.id = %organization, events = progress.events, facts = progress.facts,
            "Erased organization `{organization}`: {} events and {} facts", progress.events, progress.facts
        );
        Ok(())
    }

    /// Erases everything but what tells whose the accounts were; returns how many.
    async fn sweep_organization(
        &self,
        organization: &OrganizationId,
        accounts: &mut [Account],
        progress: &mut Progress,
    ) -> Result<u64, Error> {
        let mut count = 0;
        for account in accounts {
            // Now, because the one before may have taken hours.
            account.windows = self.windows(organization, &account.connector, &account.id).await?;
            count += self.erase_account(account, progress).await?;
        }
        let said = [
            ("RAW_CLERK", format!("raw.clerk.{organization}.>")),
            ("DEAD_LETTERS", format!("dead.RAW_CLERK.*.raw.clerk.{organization}.>")),
        ];
        for (stream, filter) in said {
            count += self.sweep(stream, &filter, |_| true, |_| progress.facts += 1).await?;
        }
        let letters = format!("dead.EVENTS.*.events.*.{organization}.>");
        count += self
            .sweep("DEAD_LETTERS", &letters, |_| true, |_| progress.events += 1)
            .await?;
        let is_meant = |event: &Erasable| !is_kept(event, organization) && !tells_accounts(event);
        count += self
            .sweep_events(organization, is_meant, |_| progress.events += 1)
            .await?;
        Ok(count)
    }

    async fn sweep_events(
        &self,
        organization: &OrganizationId,
        is_meant: impl FnMut(&Erasable) -> bool + Send,
        erased: impl FnMut(&Erasable) + Send,
    ) -> Result<u64, Error> {
        let filter = format!("events.*.{organization}.>");
        self.sweep("EVENTS", &filter, is_meant, erased).await
    }

    /// Appends `erased`, once.
    async fn record_organization(
        &self,
        organization: &OrganizationId,
        accounts: &[Account],
        deletion: &Received,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut erased = prefixes(accounts, now);
        erased.push(ErasedFacts {
            stream: "RAW_CLERK".to_owned(),
            prefix: format!("raw.clerk.{organization}."),
            sequences: Vec::new(),
            until: now,
        });
        erased.extend(progress.listed(now));
        progress.events += self.count_what_tells_accounts(organization).await?;
        let erased = Erased {
            events: progress.events,
            facts: progress.facts,
            erased,
        };
        let cause = Cause {
            time: now,
            origin: Origin::default(),
            ..Cause::of(deletion, ACTOR)
        };
        let subject = AggregateSubject::new::<Organization>(organization, organization::id(organization));
        self.store
            .execute::<Organization>(&subject, &cause, OrganizationCommand::Erase(erased))
            .await?;
        Ok(())
    }

    /// How many events are left that tell whose the accounts were.
    async fn count_what_tells_accounts(&self, organization: &OrganizationId) -> Result<u64, Error> {
        let mut count = 0;
        let filter = format!("events.integration.{organization}.>");
        let is_meant = |event: &Erasable| {
            count += u64::from(tells_accounts(event));
            false
        };
        self.sweep("EVENTS", &filter, is_meant, |_| {}).await?;
        Ok(count)
    }
}

/// Whether an event stays for ever: that the organization is gone.
fn is_kept(event: &Erasable, organization: &OrganizationId) -> bool {
    let rest = event
        .subject
        .strip_prefix(&format!("events.organization.{organization}."));
    rest.is_some_and(|rest| rest.ends_with(".deleted") || rest.ends_with(".erased"))
}

/// Whether an event tells which account an organization was connected to, and when.
fn tells_accounts(event: &Erasable) -> bool {
    let is_integration = event.subject.starts_with("events.integration.");
    is_integration && (event.subject.ends_with(".authorized") || event.subject.ends_with(".disconnected"))
}
