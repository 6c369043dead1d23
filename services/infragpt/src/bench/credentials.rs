//! The vault: reading a credential that it remembers, rotating its keys under readers, and one refresh for all.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_nats::{Cause, Connection};
use infragpt_vault::{Credential, KeyRing, Owner, Purpose, Reader, RefreshError, Secret, Vault};
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use super::{
    figures::rate,
    plan::Plan,
    report::{Goal, Row, Unit},
};
use crate::serve::now;

/// How many credentials are stored at a time.
const STORING: usize = 64;
/// How many ask at once for one refresh.
const CALLERS: usize = 1000;

/// All of it, in a vault of its own beside the installation's.
pub(super) async fn measure(connection: &Connection, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let old = KeyRing::generate();
    let vault = Vault::new(connection, KeyRing::parse(&old)?, now);
    let owners: Arc<Vec<Owner>> = Arc::new((0..plan.credentials).map(owner).collect::<Result<_, _>>()?);
    stream::iter(owners.iter())
        .map(|owner| store(&vault, owner))
        .buffer_unordered(STORING)
        .try_collect::<()>()
        .await?;
    let mut rows = vec![reading(&vault, &owners[0], plan.read_for).await?];
    let new = KeyRing::generate();
    let keys = format!("{},{}", new.expose_secret(), old.expose_secret()).into();
    rows.extend(rotating(Vault::new(connection, KeyRing::parse(&keys)?, now), &owners).await?);
    rows.push(refreshing(Vault::new(connection, KeyRing::parse(&keys)?, now)).await?);
    Ok(rows)
}

fn owner(number: usize) -> anyhow::Result<Owner> {
    Ok(Owner::new(
        OrganizationId::parse(&format!("bench-{number}"))?,
        ConnectorKind::parse("slack")?,
    ))
}

async fn store(vault: &Vault, owner: &Owner) -> anyhow::Result<()> {
    let credential = Credential {
        secret: Secret::new(vec![b'x'; 160]),
        expires_at: None,
    };
    vault.store(owner, &credential, &cause(owner)).await?;
    Ok(())
}

fn cause(owner: &Owner) -> Cause {
    Cause {
        id: owner.organization.to_string(),
        correlation: owner.organization.to_string(),
        actor: "operator:bench".to_owned(),
        time: now(),
        traceparent: None,
        origin: infragpt_nats::Origin::default(),
    }
}

fn reader() -> Reader {
    Reader {
        actor: "operator:bench".to_owned(),
        correlation: None,
        origin: infragpt_nats::Origin::default(),
    }
}

/// One caller on one core, with the data key in memory; every read is decrypted and noted for the audit.
async fn reading(vault: &Vault, owner: &Owner, time: Duration) -> anyhow::Result<Row> {
    let reader = reader();
    vault.read(owner, Purpose::Read, &reader).await?;
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < time {
        for _ in 0..100 {
            black_box(vault.read(owner, Purpose::Read, &reader).await?);
            count += 1;
        }
    }
    let row = Row::new(
        "credentials.read",
        "Credential read, one core, data key in memory",
        rate(count, started.elapsed()),
        Unit::PerSecond,
        count,
    );
    Ok(row.goal(Goal::AtLeast(100_000.0)))
}

/// All data keys are wrapped anew while others read.
async fn rotating(vault: Vault, owners: &Arc<Vec<Owner>>) -> anyhow::Result<[Row; 2]> {
    let (done, errors, reads) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let (vault, owners) = (vault.clone(), Arc::clone(owners));
            let (done, errors, reads) = (Arc::clone(&done), Arc::clone(&errors), Arc::clone(&reads));
            tokio::spawn(async move {
                let mut at = number * 37;
                while !done.load(Ordering::Relaxed) {
                    at = (at + 101) % owners.len();
                    let read = vault.read(&owners[at], Purpose::Read, &reader()).await;
                    errors.fetch_add(usize::from(read.is_err()), Ordering::Relaxed);
                    reads.fetch_add(1, Ordering::Relaxed);
                    // Readers that do other things between, not a load test of the same two cores.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    let started = Instant::now();
    let rotation = vault.wrap_all(|_| {}).await?;
    let took = started.elapsed();
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await?;
    }
    // The installation's own data keys are wrapped under keys that this vault does not have.
    ensure!(
        rotation.rewrapped == owners.len(),
        "{} of {} data keys were wrapped anew",
        rotation.rewrapped,
        owners.len()
    );
    let what = format!("{} data keys wrapped anew, four readers running", owners.len());
    let time = Row::new(
        "credentials.rotate",
        what,
        took.as_secs_f64(),
        Unit::Seconds,
        owners.len(),
    );
    let samples = reads.load(Ordering::Relaxed).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a number of errors is small")]
    let failed = errors.load(Ordering::Relaxed) as f64;
    let failed = Row::new(
        "credentials.rotate.errors",
        "Reads that failed meanwhile",
        failed,
        Unit::Count,
        samples,
    );
    Ok([time.goal(Goal::AtMost(10.0)), failed.goal(Goal::AtMost(0.0))])
}

/// Everybody needs a credential that is about to expire.
async fn refreshing(vault: Vault) -> anyhow::Result<Row> {
    let owner = owner(usize::MAX)?;
    let expiring = Credential {
        secret: Secret::new(b"old".to_vec()),
        expires_at: Some(now()),
    };
    vault.store(&owner, &expiring, &cause(&owner)).await?;
    let refreshes = Arc::new(AtomicUsize::new(0));
    let callers = (0..CALLERS).map(|_| {
        let (vault, owner, refreshes) = (vault.clone(), owner.clone(), Arc::clone(&refreshes));
        tokio::spawn(async move {
            let refresh = move |_| async move {
                refreshes.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok::<_, RefreshError>(Credential {
                    secret: Secret::new(b"new".to_vec()),
                    expires_at: Some(now() + Duration::from_hours(12)),
                })
            };
            let opened = vault.fresh(&owner, Purpose::Read, &reader(), refresh).await?;
            ensure!(opened.credential.expose() == b"new", "a caller got the old credential");
            Ok(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    vault.run(shutdown).await;
    #[expect(clippy::cast_precision_loss, reason = "a number of refreshes is small")]
    let count = refreshes.load(Ordering::Relaxed) as f64;
    let row = Row::new(
        "credentials.flight",
        "Refreshes that 1,000 callers at once cause",
        count,
        Unit::Count,
        CALLERS,
    );
    Ok(row.goal(Goal::AtMost(1.0)))
}
