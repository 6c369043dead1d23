//! A crash in each gap of what the vault does leaves something that the next call heals.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures::future::poll_fn;
use infragpt_events::credential::CredentialEvent;
use infragpt_vault::{Error, KeyRing, Purpose, RefreshError, Secret, Vault};

use crate::harness::{Installation, cause, expiring, key_id, lasting, owner, read, reader};

/// Runs `work` until it has waited `waits` times, which is once for everything that it asks the server, and drops it
/// then. What it returns, if it was done before.
async fn cut_off<T>(work: impl Future<Output = T>, waits: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut waited = 0;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if waited == waits => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn storing_that_was_cut_off_is_done_by_storing_again() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let mut states = Vec::new();
    for waits in 0.. {
        let acme = owner(&format!("acme-{waits}"));
        let cut = cut_off(vault.store(&acme, &lasting("first"), &cause("c1")), waits).await;
        states.push((
            installation
                .data_keys()
                .await
                .find(&key_id(&acme, 1))
                .await
                .unwrap()
                .is_some(),
            installation.history(&acme).await.len(),
        ));
        // Another process, as after a crash.
        let vault = installation.vault().await;
        match read(&vault, &acme).await {
            Ok(secret) => assert_eq!(secret, "first"),
            Err(Error::NotStored) => assert!(cut.is_none()),
            Err(error) => panic!("after {waits} waits: {error}"),
        }
        let generation = vault.store(&acme, &lasting("second"), &cause("c1")).await.unwrap();
        assert_eq!(read(&vault, &acme).await.unwrap(), "second");
        // All of it can be shredded, and nothing is left.
        vault.shred(&acme, generation, &cause("c2")).await.unwrap();
        assert!(matches!(read(&vault, &acme).await, Err(Error::Shredded)));
        if cut.is_some() {
            break;
        }
    }
    assert_eq!(installation.data_keys().await.all().await.unwrap(), []);
    for gap in [(false, 0), (true, 0), (true, 1)] {
        assert!(
            states.contains(&gap),
            "it was never cut off in the state {gap:?}: {states:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shredding_that_was_cut_off_is_done_by_shredding_again() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let mut states = Vec::new();
    for waits in 0.. {
        let acme = owner(&format!("acme-{waits}"));
        vault.store(&acme, &lasting("older"), &cause("c1")).await.unwrap();
        vault.store(&acme, &lasting("newer"), &cause("c1")).await.unwrap();
        let cut = cut_off(vault.shred(&acme, 2, &cause("c2")), waits).await;
        let keys = installation.data_keys().await;
        let mut left = [false; 2];
        for generation in [1, 2] {
            left[generation as usize - 1] = keys.find(&key_id(&acme, generation)).await.unwrap().is_some();
        }
        states.push((left, installation.history(&acme).await.len() - 2));
        let vault = installation.vault().await;
        match (left, read(&vault, &acme).await) {
            ([_, true], Ok(secret)) => assert_eq!(secret, "newer"),
            ([_, false], Err(Error::Shredded)) => {}
            (left, opened) => panic!("after {waits} waits with {left:?}: {opened:?}"),
        }
        vault.shred(&acme, 2, &cause("c2")).await.unwrap();
        assert_eq!(vault.generations(&acme).await.unwrap(), [0_u32; 0]);
        assert!(matches!(read(&vault, &acme).await, Err(Error::Shredded)));
        let shredded = installation.history(&acme).await.len() - 2;
        assert_eq!(shredded, 2, "each is recorded once, after {waits} waits");
        if cut.is_some() {
            break;
        }
    }
    assert_eq!(installation.data_keys().await.all().await.unwrap(), []);
    for gap in [
        ([true, true], 0),
        ([false, true], 0),
        ([false, true], 1),
        ([false, false], 1),
        ([false, false], 2),
    ] {
        assert!(
            states.contains(&gap),
            "it was never cut off in the state {gap:?}: {states:?}"
        );
    }
}

/// What shredding one generation left that was cut off between erasing and recording: the one before it is the newest.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_newest_key_gone_the_one_before_it_is_read() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    vault.store(&acme, &lasting("older"), &cause("c1")).await.unwrap();
    vault.store(&acme, &lasting("newer"), &cause("c1")).await.unwrap();
    installation
        .data_keys()
        .await
        .erase_all(&key_id(&acme, 2))
        .await
        .unwrap();
    assert_eq!(read(&vault, &acme).await.unwrap(), "older");
    assert!(vault.shred_one(&acme, 2, &cause("c2")).await.unwrap());
    assert_eq!(vault.generations(&acme).await.unwrap(), [1]);
    assert_eq!(read(&vault, &acme).await.unwrap(), "older");
}

/// What storing left that was cut off, under a key that is configured no more: it seals nothing, so it is replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_data_key_that_was_left_and_that_nobody_opens_is_no_obstacle() {
    let installation = Installation::start().await;
    let (vault, acme) = (installation.vault().await, owner("acme"));
    let elsewhere = installation.vault_with(&KeyRing::generate()).await;
    let other = owner("other");
    elsewhere.store(&other, &lasting("x"), &cause("c1")).await.unwrap();
    let keys = installation.data_keys().await;
    let foreign = keys.find(&key_id(&other, 1)).await.unwrap().unwrap();
    keys.write(&key_id(&acme, 1), 0, foreign.value).await.unwrap();
    assert_eq!(vault.store(&acme, &lasting("secret"), &cause("c2")).await.unwrap(), 1);
    assert_eq!(read(&vault, &acme).await.unwrap(), "secret");
    let entries = keys.all().await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.id == key_id(&acme, 1)).count(), 1);
}

/// The process ends without warning at some moment after the external system was asked. A new credential that it gave
/// is stored or lost, as one that is given once is; either way the next process knows where it stands.
#[test]
fn a_process_that_ends_while_it_refreshes_leaves_one_version_or_the_other() {
    const STEPS: u64 = 32;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let installation = runtime.block_on(Installation::start());
    let mut versions = [0, 0];
    for step in 0..STEPS {
        let acme = owner(&format!("acme-{step}"));
        let given = Arc::new(AtomicU32::new(0));
        let process = tokio::runtime::Runtime::new().unwrap();
        process.block_on(async {
            let vault = installation.vault().await;
            vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
            let (asked, mut hears) = tokio::sync::watch::channel(false);
            let given = Arc::clone(&given);
            let refresh = move |_: Secret| async move {
                asked.send_replace(true);
                given.fetch_add(1, Ordering::SeqCst);
                if step == 0 {
                    // The answer does not arrive before the end.
                    std::future::pending::<()>().await;
                }
                Ok(expiring("second", 3_600))
            };
            let (waiting, owner) = (vault.clone(), acme.clone());
            let caller = tokio::spawn(async move { waiting.fresh(&owner, Purpose::Post, &reader(), refresh).await });
            hears.wait_for(|asked| *asked).await.unwrap();
            if step == STEPS - 1 {
                caller.await.unwrap().unwrap();
            }
            // Tokio's own clock counts in milliseconds, and all is over in one or two.
            std::thread::sleep(Duration::from_micros(80 * step));
        });
        process.shutdown_background();
        runtime.block_on(async {
            let vault = installation.vault().await;
            let present = vault.read(&acme, Purpose::Read, &reader()).await.unwrap();
            versions[present.version as usize - 1] += 1;
            let expected = ["first", "second"][present.version as usize - 1];
            assert_eq!(present.credential.expose(), expected.as_bytes());
            assert_eq!(given.load(Ordering::SeqCst), 1, "it was asked once");
            heal(&installation, &vault, &acme, present.version).await;
        });
    }
    println!("of {STEPS} that ended, {} had stored the new credential", versions[1]);
    assert!(versions[0] > 0 && versions[1] > 0, "{versions:?}");
}

async fn heal(installation: &Installation, vault: &Vault, acme: &infragpt_vault::Owner, version: u32) {
    let refused = |_: Secret| async { Err(RefreshError::Refused("that one was used up".to_owned())) };
    let fresh = vault.fresh(acme, Purpose::Post, &reader(), refused).await;
    if version == 2 {
        assert_eq!(fresh.unwrap().credential.expose(), b"second");
        return;
    }
    // It is known that it is dead, and connecting again heals it.
    assert!(matches!(fresh, Err(Error::Refresh(RefreshError::Refused(_)))));
    let events = installation.history(acme).await;
    assert!(
        matches!(events.last(), Some(CredentialEvent::RefreshFailed(_))),
        "{events:?}"
    );
    vault.store(acme, &lasting("again"), &cause("c2")).await.unwrap();
    assert_eq!(read(vault, acme).await.unwrap(), "again");
}
