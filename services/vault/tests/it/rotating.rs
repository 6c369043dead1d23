//! Every data key gets under the current key while credentials are read, however often that is cut off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use infragpt_events::credential::{self, CredentialEvent, Rewrapped};
use infragpt_vault::{Error, KeyRing, LostKey, Progress, Rotation, Step, Vault};

use crate::harness::{Installation, cause, key_id, lasting, owner, read, subject};

/// Stores a credential for each of `count` organizations.
async fn store_many(vault: &Vault, count: usize) {
    stream::iter(0..count)
        .for_each_concurrent(64, |index| async move {
            let owner = owner(&format!("organization-{index}"));
            vault
                .store(&owner, &lasting(&format!("secret-{index}")), &cause("c1"))
                .await
                .unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_while_readers_read() {
    const COUNT: usize = 500;
    let installation = Installation::start().await;
    let newer = KeyRing::generate();
    let keys = installation.keys_with(&newer);
    let vault = installation.vault_with(&installation.keys).await;
    store_many(&vault, COUNT).await;
    let current = KeyRing::parse(&newer).unwrap().current_id().to_owned();

    let (over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut readers = Vec::new();
    for reader in 0..4 {
        let (over, reads) = (Arc::clone(&over), Arc::clone(&reads));
        let vault = installation.vault_with(&keys).await;
        readers.push(tokio::spawn(async move {
            let mut index = reader * 100;
            while !over.load(Ordering::Relaxed) {
                index = (index + 7) % COUNT;
                let owner = owner(&format!("organization-{index}"));
                // From the streams each time.
                vault.invalidate(&owner);
                assert_eq!(read(&vault, &owner).await.unwrap(), format!("secret-{index}"));
                reads.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }));
    }

    let rotating = installation.vault_with(&keys).await;
    let before = reads.load(Ordering::Relaxed);
    let started = Instant::now();
    let mut last = None;
    let rotation = rotating
        .rotate(&cause("rotation"), |progress| last = Some(progress))
        .await
        .unwrap();
    let took = started.elapsed();
    let meanwhile = reads.load(Ordering::Relaxed) - before;
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    println!("rotated {COUNT} data keys in {took:?} with {meanwhile} reads meanwhile");
    assert!(meanwhile > 0);
    let expected = Rotation {
        rewrapped: COUNT,
        erased: COUNT,
        ..Rotation::default()
    };
    assert_eq!(rotation, expected);
    let all = Progress {
        step: Step::Erasing,
        done: COUNT,
        total: COUNT,
    };
    assert_eq!(last, Some(all));
    assert!(took < Duration::from_secs(30), "{took:?}");

    // The older key is of no use any more.
    let status = rotating.key_status().await.unwrap();
    assert_eq!(status.data_keys, [(current.clone(), COUNT)].into());
    let only_newer = installation.vault_with(&newer).await;
    assert_eq!(read(&only_newer, &owner("organization-7")).await.unwrap(), "secret-7");
    assert_eq!(installation.data_keys().await.all().await.unwrap().len(), COUNT);
    let events = installation.history(&owner("organization-7")).await;
    let rewrapped = Rewrapped {
        generation: 1,
        key: current,
    };
    assert_eq!(events[1..], [rewrapped.into()]);
    // A second one has nothing to do.
    let again = rotating.rotate(&cause("again"), |_| {}).await.unwrap();
    assert_eq!((again.rewrapped, again.already), (0, COUNT));
    assert_eq!(installation.history(&owner("organization-7")).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_wrapping_is_gone_from_the_disk() {
    let installation = Installation::start().await;
    let acme = owner("acme");
    let vault = installation.vault().await;
    vault.store(&acme, &lasting("secret"), &cause("c1")).await.unwrap();
    vault
        .store(&owner("other"), &lasting("secret"), &cause("c1"))
        .await
        .unwrap();
    let entry = installation
        .data_keys()
        .await
        .find(&key_id(&acme, 1))
        .await
        .unwrap()
        .unwrap();
    assert!(installation.files_with(&entry.value) > 0, "the search finds");
    let keys = installation.keys_with(&KeyRing::generate());
    installation
        .vault_with(&keys)
        .await
        .rotate(&cause("rotation"), |_| {})
        .await
        .unwrap();
    assert_eq!(installation.files_with(&entry.value), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_cut_off_is_finished_by_the_next() {
    const COUNT: usize = 200;
    let installation = Installation::start().await;
    store_many(&installation.vault().await, COUNT).await;
    let newer = KeyRing::generate();
    let keys = installation.keys_with(&newer);
    // Three times, further each time, in the middle of whatever it is doing.
    let operator = cause("rotation");
    for part in 1..=3 {
        let vault = installation.vault_with(&keys).await;
        let (halfway, mut arrived) = tokio::sync::watch::channel(0);
        tokio::select! {
            _ = vault.rotate(&operator, |progress| { halfway.send_replace(progress.done); }) => {
                panic!("it was to be cut off")
            }
            _ = arrived.wait_for(|done| *done >= COUNT / 4 * part) => {}
        }
    }
    let entries = installation.data_keys().await.all().await.unwrap();
    assert!(
        entries.len() > COUNT,
        "nothing was left half done, so this proves nothing"
    );
    let vault = installation.vault_with(&keys).await;
    for index in 0..COUNT {
        let owner = owner(&format!("organization-{index}"));
        assert_eq!(read(&vault, &owner).await.unwrap(), format!("secret-{index}"));
    }
    let rotation = vault.rotate(&cause("rotation"), |_| {}).await.unwrap();
    assert_eq!(rotation.rewrapped + rotation.already, COUNT);
    assert_eq!(rotation.lost, []);
    assert_eq!(installation.data_keys().await.all().await.unwrap().len(), COUNT);
    let (vault, store) = (installation.vault_with(&newer).await, installation.store().await);
    for index in 0..COUNT {
        let owner = owner(&format!("organization-{index}"));
        assert_eq!(read(&vault, &owner).await.unwrap(), format!("secret-{index}"));
        let history = store.history::<credential::Credential>(&subject(&owner)).await.unwrap();
        let rewrapped = history
            .iter()
            .filter(|(_, event)| matches!(event, CredentialEvent::Rewrapped(_)));
        assert_eq!(rewrapped.count(), 1, "{owner:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_nobody_opens_is_reported_and_left_alone() {
    let installation = Installation::start().await;
    let (acme, lost) = (owner("acme"), owner("lost"));
    installation
        .vault()
        .await
        .store(&acme, &lasting("secret"), &cause("c1"))
        .await
        .unwrap();
    let elsewhere = KeyRing::generate();
    installation
        .vault_with(&elsewhere)
        .await
        .store(&lost, &lasting("secret"), &cause("c1"))
        .await
        .unwrap();
    let newer = KeyRing::generate();
    let vault = installation.vault_with(&installation.keys_with(&newer)).await;
    let rotation = vault.rotate(&cause("rotation"), |_| {}).await.unwrap();
    let key = KeyRing::parse(&elsewhere).unwrap().current_id().to_owned();
    let expected = LostKey {
        organization: lost.organization.clone(),
        integration: lost.integration,
        generation: 1,
        key: Some(key.clone()),
    };
    assert_eq!((rotation.rewrapped, rotation.lost), (1, vec![expected]));
    assert!(matches!(read(&vault, &lost).await, Err(Error::KeyMissing { key: missing }) if missing == key));
    // Whoever finds the key again has everything.
    assert_eq!(
        read(&installation.vault_with(&elsewhere).await, &lost).await.unwrap(),
        "secret"
    );
    // Connecting again does not need it, and shredding neither.
    assert_eq!(vault.store(&lost, &lasting("next"), &cause("c2")).await.unwrap(), 2);
    assert_eq!(vault.shred(&lost, 1, &cause("c2")).await.unwrap(), 1);
    assert_eq!(vault.rotate(&cause("again"), |_| {}).await.unwrap().lost, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rotations_and_a_shredding_at_once_come_to_the_same() {
    const COUNT: usize = 60;
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    store_many(&vault, COUNT).await;
    let newer = KeyRing::generate();
    let keys = installation.keys_with(&newer);
    let (one, other) = (
        installation.vault_with(&keys).await,
        installation.vault_with(&keys).await,
    );
    let shredding = async {
        for index in (0..COUNT).step_by(2) {
            let owner = owner(&format!("organization-{index}"));
            assert_eq!(vault.shred(&owner, 1, &cause("c2")).await.unwrap(), 1);
        }
    };
    let (here, there) = (cause("rotation-1"), cause("rotation-2"));
    let (first, second, ()) = tokio::join!(one.rotate(&here, |_| {}), other.rotate(&there, |_| {}), shredding);
    assert_eq!((first.unwrap().lost, second.unwrap().lost), (vec![], vec![]));
    let fresh = installation.vault_with(&newer).await;
    let rotation = fresh.rotate(&cause("rotation-3"), |_| {}).await.unwrap();
    assert_eq!(rotation.lost, []);
    assert_eq!(
        installation.data_keys().await.all().await.unwrap().len(),
        COUNT / 2,
        "what is shredded stays shredded"
    );
    for index in 0..COUNT {
        let opened = read(&fresh, &owner(&format!("organization-{index}"))).await;
        if index % 2 == 0 {
            assert!(matches!(opened, Err(Error::Shredded)), "{index}: {opened:?}");
        } else {
            assert_eq!(opened.unwrap(), format!("secret-{index}"));
        }
    }
}
