//! What copies of this process tell each other, and what runs beside the vault.

use std::time::{Duration, Instant};

use infragpt_events::OrganizationId;
use infragpt_nats::Broadcasts;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Owner, Vault};

/// Where a copy says that a credential changed.
const SUBJECT: &str = "vault.v1.changed";

/// How often data keys that are too old to be used are overwritten.
const SWEEP: Duration = Duration::from_secs(1);

/// How long the end waits for new credentials to be stored.
const LAST_FLIGHTS: Duration = Duration::from_secs(10);

/// A credential was stored, refreshed or shredded.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    organization: OrganizationId,
    integration: Uuid,
}

impl Vault {
    /// Hears what other copies change, and writes the audit, until `shutdown`; then waits until refreshes that are on
    /// their way have stored what they were given, and until the audit is written.
    pub async fn run(&self, shutdown: CancellationToken) {
        let audit_stop = CancellationToken::new();
        let audit = self.0.audit.run(audit_stop.clone());
        let rest = async {
            shutdown.run_until_cancelled(self.hear()).await;
            self.0.tasks.close();
            if tokio::time::timeout(LAST_FLIGHTS, self.0.tasks.wait()).await.is_err() {
                tracing::error!("A credential is being refreshed while the process ends: the new one may be lost");
            }
            self.0.cache.forget_all();
            audit_stop.cancel();
        };
        tokio::join!(audit, rest);
    }

    /// Forgets what changed, here and in other copies. Who does not hear of it forgets it in ten seconds.
    pub(crate) async fn changed(&self, owner: &Owner) {
        self.0.cache.forget(owner.integration);
        let changed = Changed {
            organization: owner.organization.clone(),
            integration: owner.integration,
        };
        let told = match serde_json::to_vec(&changed) {
            Ok(payload) => self
                .0
                .connection
                .tell(SUBJECT, payload.into())
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = told {
            tracing::warn!(
                organization.id = %owner.organization, integration.id = %owner.integration, error,
                "Other copies could not be told that a credential changed: they notice within ten seconds"
            );
        }
    }

    async fn hear(&self) {
        loop {
            match self.0.connection.listen(SUBJECT).await {
                Ok(broadcasts) => self.hear_from(broadcasts).await,
                Err(error) => tracing::warn!(%error, "Changes of credentials can't be heard, trying again"),
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Returns when the subscription ends.
    async fn hear_from(&self, mut broadcasts: Broadcasts) {
        // What was told before is missed.
        self.0.cache.forget_all();
        let mut epoch = self.0.connection.epoch();
        let mut sweeps = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                payload = broadcasts.next() => match payload.map(|payload| serde_json::from_slice(&payload)) {
                    Some(Ok(Changed { integration, .. })) => self.0.cache.forget(integration),
                    Some(Err(error)) => {
                        tracing::warn!(%error, "A change of a credential can't be read: all of them are read again");
                        self.0.cache.forget_all();
                    }
                    None => return,
                },
                _ = sweeps.tick() => {
                    // Whatever was told while there was no connection is missed.
                    if std::mem::replace(&mut epoch, self.0.connection.epoch()) != epoch {
                        self.0.cache.forget_all();
                    }
                    self.0.cache.expire(Instant::now());
                }
            }
        }
    }
}
