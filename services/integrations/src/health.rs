//! Trying every connection again and again, so that a dead credential is noticed before somebody needs it.

use std::time::Duration;

use infragpt_events::integration::Integration;
use infragpt_nats::{Cause, ClaimedAccount, ServiceError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    context::{Context, not_claimed, not_opened},
    request::Target,
};

/// How long an account may be claimed without being connected: whoever claimed it fell before they were done.
const LONGEST_CLAIM: chrono::Duration = chrono::Duration::minutes(15);

/// How many connections are tried at a time.
const AT_ONCE: usize = 8;

impl Context {
    /// Tries every connection in each interval, and compares what they may see in each longer one, until `shutdown`.
    pub(crate) async fn keep_healthy(&self, shutdown: CancellationToken) {
        let mut synchronized = tokio::time::Instant::now();
        loop {
            // Copies of this role start together and should not ask together.
            let wait = jittered(self.settings.probe_every);
            if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
            let synchronize = synchronized.elapsed() >= self.settings.synchronize_every;
            if synchronize {
                synchronized = tokio::time::Instant::now();
            }
            if shutdown.run_until_cancelled(self.round(synchronize)).await.is_none() {
                return;
            }
        }
    }

    async fn round(&self, synchronize: bool) {
        let accounts = match self.accounts.all().await {
            Ok(accounts) => accounts,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "The connections can't be tried: the accounts can't be listed"
                );
                return;
            }
        };
        let mut visits = JoinSet::new();
        for account in accounts {
            if visits.len() >= AT_ONCE {
                visits.join_next().await;
            }
            let context = self.clone();
            visits.spawn(async move { context.visit(account, synchronize).await });
        }
        while visits.join_next().await.is_some() {}
    }

    async fn visit(&self, account: ClaimedAccount, synchronize: bool) {
        let target = Target::new(account.claim.organization.clone(), account.connector.clone());
        if target.integration != account.claim.integration || !self.connectors.contains_key(&target.connector) {
            return;
        }
        let cause = self.own_cause();
        let Ok(present) = self.load(&target).await else {
            return;
        };
        let outcome = match present.connected() {
            Some(connected) if connected.account.id == account.account => {
                if let Err(gone) = self.end_if_deleted(&target, &cause).await {
                    tracing::warn!(organization.id = %target.organization, "Ended a connection: {}", gone.message);
                    return;
                }
                let tried = self.validate_now(&target, &cause).await;
                if tried.is_ok() && synchronize {
                    self.synchronize_now(&target, &cause).await.map(drop)
                } else {
                    tried.map(drop)
                }
            }
            // Its end is on its way, and lets the account go.
            None if is_its_last(&present, &account) => Ok(()),
            _ if self.now() - account.since > LONGEST_CLAIM => self.let_go(&target, &cause, &account).await,
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::warn!(
                organization.id = %target.organization, integration.id = %target.integration, code = error.code,
                "The {} connection of `{}` can't be tried: {}", target.connector, target.organization, error.message
            );
        }
    }

    /// Ends a connection that was made while its organization was erased.
    async fn end_if_deleted(&self, target: &Target, cause: &Cause) -> Result<(), ServiceError> {
        let _turn = self.turns.of(target.integration).await;
        self.check_still_present(target, cause).await
    }

    /// Lets an account go that was claimed and never connected, with the credential that may be left of it.
    async fn let_go(&self, target: &Target, cause: &Cause, account: &ClaimedAccount) -> Result<(), ServiceError> {
        let _turn = self.turns.of(target.integration).await;
        let present = self.load(target).await?;
        if present
            .connected()
            .is_some_and(|connected| connected.account.id == account.account)
        {
            return Ok(());
        }
        tracing::warn!(
            organization.id = %target.organization,
            "Letting go {} account `{}`, which was claimed and never connected", target.connector, account.account
        );
        if present.connected().is_none() {
            let shredded = self.vault.shred(&target.owner(), u32::MAX, cause).await;
            shredded.map_err(|error| not_opened(&error))?;
        }
        self.accounts
            .release(account)
            .await
            .map_err(|error| not_claimed(&error))
    }
}

/// Whether `account` is what a disconnected integration was connected to.
fn is_its_last(present: &Integration, account: &ClaimedAccount) -> bool {
    let last = present.ever_connected();
    last.is_some_and(|connected| connected.account.id == account.account)
}

/// `interval`, a tenth more or less.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.9 + 0.2 * fastrand::f64())
}
