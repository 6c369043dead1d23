//! What is shredded is gone: from the disk, from every copy, and for whoever reads the log again.

use infragpt_events::credential::{CredentialEvent, Revoked, Shredded};
use infragpt_vault::{Error, Purpose};

use crate::harness::{Installation, cause, key_id, lasting, owner, read, reader, run, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shredded_is_gone_from_the_disk_and_its_ciphertext_is_noise() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let (acme, other) = (owner("acme"), owner("other"));
    vault.store(&acme, &lasting("xoxb-1"), &cause("c1")).await.unwrap();
    vault.store(&other, &lasting("xoxb-2"), &cause("c1")).await.unwrap();
    let keys = installation.data_keys().await;
    let wrapped = |bytes: &[u8]| -> String {
        serde_json::from_slice::<serde_json::Value>(bytes).unwrap()["wrapped"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let shredded = wrapped(&keys.find(&key_id(&acme, 1)).await.unwrap().unwrap().value);
    let kept = wrapped(&keys.find(&key_id(&other, 1)).await.unwrap().unwrap().value);
    let before = installation.history(&acme).await;
    let [CredentialEvent::Stored(stored)] = &before[..] else {
        panic!("{before:?}");
    };
    let ciphertext = &stored.sealed.ciphertext;
    assert!(installation.files_with(shredded.as_bytes()) > 0, "the search finds");
    assert!(installation.files_with(ciphertext.as_bytes()) > 0);

    assert_eq!(vault.shred(&acme, 1, &cause("c2")).await.unwrap(), 1);
    assert_eq!(installation.files_with(shredded.as_bytes()), 0);
    assert!(installation.files_with(kept.as_bytes()) > 0, "another's is still there");
    // The log is as it was, and one event longer.
    let after = installation.history(&acme).await;
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1..], [Shredded { generation: 1 }.into()]);
    assert!(installation.files_with(ciphertext.as_bytes()) > 0);

    for vault in [&vault, &installation.vault().await] {
        assert!(matches!(read(vault, &acme).await, Err(Error::Shredded)));
        assert_eq!(read(vault, &other).await.unwrap(), "xoxb-2");
    }
    assert_eq!(vault.shred(&acme, 1, &cause("c3")).await.unwrap(), 0, "once is enough");
}

/// As in a copy that was restored, or a process that starts: everything comes from the streams.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_everything_it_is_still_gone() {
    let mut installation = Installation::start().await;
    let acme = owner("acme");
    let vault = installation.vault().await;
    vault.store(&acme, &lasting("xoxb-1"), &cause("c1")).await.unwrap();
    vault.store(&acme, &lasting("xoxb-2"), &cause("c1")).await.unwrap();
    assert_eq!(vault.shred(&acme, 1, &cause("c2")).await.unwrap(), 1);
    assert_eq!(read(&vault, &acme).await.unwrap(), "xoxb-2");
    vault.shred(&acme, 2, &cause("c2")).await.unwrap();
    installation.server.kill().await.unwrap();
    installation.server.restart().await.unwrap();
    let vault = installation.vault().await;
    assert!(matches!(read(&vault, &acme).await, Err(Error::Shredded)));
    assert_eq!(installation.data_keys().await.all().await.unwrap(), []);
    // Somebody connects again.
    assert_eq!(vault.store(&acme, &lasting("xoxb-3"), &cause("c4")).await.unwrap(), 3);
    assert_eq!(read(&vault, &acme).await.unwrap(), "xoxb-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_remembers_it_forgets_it_when_told() {
    let installation = Installation::start().await;
    let (vault, other) = (installation.vault().await, installation.vault().await);
    let acme = owner("acme");
    let (running, stop) = run(&other);
    until("the other copy to listen", async || {
        vault.store(&acme, &lasting("xoxb-0"), &cause("c1")).await.unwrap();
        read(&other, &acme).await.unwrap();
        vault.store(&acme, &lasting("xoxb-1"), &cause("c1")).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        (read(&other, &acme).await.unwrap() == "xoxb-1").then_some(())
    })
    .await;
    let started = std::time::Instant::now();
    vault.shred(&acme, u32::MAX, &cause("c2")).await.unwrap();
    until("the other copy to forget", async || read(&other, &acme).await.err()).await;
    let took = started.elapsed();
    assert!(took.as_secs() < 3, "it took {took:?}, as long as not being told takes");
    assert!(matches!(read(&other, &acme).await, Err(Error::Shredded)));
    stop.cancel();
    running.await.unwrap();
}

/// The ten seconds that a copy which hears of nothing may go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_not_told_forgets_it_in_ten_seconds() {
    let installation = Installation::start().await;
    let (vault, deaf) = (installation.vault().await, installation.vault().await);
    let acme = owner("acme");
    vault.store(&acme, &lasting("xoxb-1"), &cause("c1")).await.unwrap();
    let started = std::time::Instant::now();
    read(&deaf, &acme).await.unwrap();
    vault.shred(&acme, 1, &cause("c2")).await.unwrap();
    assert_eq!(read(&deaf, &acme).await.unwrap(), "xoxb-1", "it does not know");
    until("the deaf copy to look", async || read(&deaf, &acme).await.err()).await;
    assert!(started.elapsed().as_secs_f64() < 10.5, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_while_it_is_shredded_leaves_nothing_to_read() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    for round in 0..20 {
        let acme = owner(&format!("acme-{round}"));
        vault.store(&acme, &lasting("xoxb-1"), &cause("c1")).await.unwrap();
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let (vault, acme) = (vault.clone(), acme.clone());
                tokio::spawn(async move {
                    // From the log each time, so that there is something to put back into memory.
                    for _ in 0..20 {
                        vault.invalidate(&acme);
                        match read(&vault, &acme).await {
                            Ok(secret) => assert_eq!(secret, "xoxb-1"),
                            Err(Error::Shredded) => return,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(round)).await;
        vault.shred(&acme, 1, &cause("c2")).await.unwrap();
        assert!(
            matches!(read(&vault, &acme).await, Err(Error::Shredded)),
            "at once, round {round}"
        );
        for reader in readers {
            reader.await.unwrap();
        }
        assert!(
            matches!(read(&vault, &acme).await, Err(Error::Shredded)),
            "and later, round {round}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_generations_up_to_one_are_shredded_and_revoking_is_recorded_once() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    for secret in ["one", "two", "three"] {
        vault.store(&acme, &lasting(secret), &cause("c1")).await.unwrap();
    }
    for _ in 0..2 {
        let reason = Some("it did not answer".to_owned());
        vault.revoked(&acme, 2, false, reason, &cause("c2")).await.unwrap();
    }
    vault.revoked(&acme, 1, true, None, &cause("c2")).await.unwrap();
    // Revoking erases nothing.
    assert_eq!(read(&vault, &acme).await.unwrap(), "three");
    assert_eq!(vault.shred(&acme, 2, &cause("c2")).await.unwrap(), 2);
    assert_eq!(vault.generations(&acme).await.unwrap(), [3]);
    assert_eq!(read(&vault, &acme).await.unwrap(), "three");
    let revoked = |generation, confirmed, reason: Option<&str>| -> CredentialEvent {
        Revoked {
            generation,
            confirmed,
            reason: reason.map(str::to_owned),
        }
        .into()
    };
    assert_eq!(
        installation.history(&acme).await[3..],
        [
            revoked(2, false, Some("it did not answer")),
            revoked(1, true, None),
            Shredded { generation: 1 }.into(),
            Shredded { generation: 2 }.into(),
        ]
    );
    let opened = vault.read(&acme, Purpose::Revoke, &reader()).await.unwrap();
    assert_eq!(opened.generation, 3);
}
