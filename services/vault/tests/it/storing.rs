//! What is stored is read, by its owner, and by nobody who is short of a key.

use bytes::Bytes;
use infragpt_events::credential::{self, CredentialCommand, CredentialEvent};
use infragpt_vault::{Error, KeyRing, Purpose, Secret};

use crate::harness::{Installation, cause, expiring, key_id, lasting, owner, read, reader, subject};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_read_by_every_copy() {
    let installation = Installation::start().await;
    let (vault, other) = (installation.vault().await, installation.vault().await);
    let acme = owner("acme");
    assert!(matches!(read(&vault, &acme).await, Err(Error::NotStored)));
    assert_eq!(vault.generations(&acme).await.unwrap(), [0_u32; 0]);

    let credential = expiring("xoxb-first", 3_600);
    assert_eq!(vault.store(&acme, &credential, &cause("c1")).await.unwrap(), 1);
    for vault in [&vault, &other] {
        let opened = vault.read(&acme, Purpose::Post, &reader()).await.unwrap();
        assert_eq!(opened.credential, credential.secret);
        assert_eq!((opened.generation, opened.version), (1, 1));
        assert_eq!(opened.expires_at, credential.expires_at);
    }

    // The same cause again: another generation, and no confusion about which.
    let second = lasting("xoxb-second");
    assert_eq!(vault.store(&acme, &second, &cause("c1")).await.unwrap(), 2);
    assert_eq!(read(&vault, &acme).await.unwrap(), "xoxb-second");
    assert_eq!(vault.generations(&acme).await.unwrap(), [1, 2]);
    assert!(matches!(read(&vault, &owner("other")).await, Err(Error::NotStored)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_store_at_once_each_gets_a_generation_that_opens() {
    let installation = Installation::start().await;
    let (one, other) = (installation.vault().await, installation.vault().await);
    let acme = owner("acme");
    let (same, again) = (cause("c1"), cause("c1"));
    let (mine, yours) = (lasting("mine"), lasting("yours"));
    for round in 0..10 {
        let (first, second) = tokio::join!(one.store(&acme, &mine, &same), other.store(&acme, &yours, &again));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_ne!(first, second);
        assert_eq!(first.max(second), 2 * round + 2);
        let newest = if first > second { "mine" } else { "yours" };
        assert_eq!(read(&installation.vault().await, &acme).await.unwrap(), newest);
    }
    assert_eq!(one.generations(&acme).await.unwrap().len(), 20);
    // Each has a data key that opens: shredding the newest makes the one before it the newest.
    for generation in (2..=20).rev() {
        assert!(one.shred_one(&acme, generation, &cause("c2")).await.unwrap());
        assert!(!one.shred_one(&acme, generation, &cause("c2")).await.unwrap());
        read(&one, &acme).await.unwrap();
    }
    assert_eq!(one.generations(&acme).await.unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_ciphertext_only() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    let secret = "xoxb-this-must-not-be-found-anywhere";
    vault.store(&acme, &lasting(secret), &cause("c1")).await.unwrap();
    let [CredentialEvent::Stored(stored)] = &installation.history(&acme).await[..] else {
        panic!("one event was expected");
    };
    assert_eq!(
        installation.files_with(stored.sealed.ciphertext.as_bytes()),
        1,
        "the search finds"
    );
    assert_eq!(installation.files_with(secret.as_bytes()), 0);
}

/// Whoever may write to the log may copy a credential from one place to another. It opens in none but its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_to_another_place_does_not_open() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let (acme, other) = (owner("acme"), owner("other"));
    vault.store(&acme, &lasting("acme's"), &cause("c1")).await.unwrap();
    vault.store(&other, &lasting("other's"), &cause("c1")).await.unwrap();

    // The ciphertext and its wrapped data key, both moved to another organization.
    let CredentialEvent::Stored(mut stored) = installation.history(&acme).await.remove(0) else {
        panic!("it was not stored");
    };
    stored.generation = 2;
    let store = installation.store().await;
    let command = CredentialCommand::Store(stored);
    store
        .execute::<credential::Credential>(&subject(&other), &cause("c2"), command)
        .await
        .unwrap();
    let keys = installation.data_keys().await;
    let wrapped = keys.find(&key_id(&acme, 1)).await.unwrap().unwrap();
    keys.write(&key_id(&other, 2), 0, wrapped.value).await.unwrap();
    vault.invalidate(&other);
    assert!(matches!(read(&vault, &other).await, Err(Error::Unreadable)));

    // Under the other's own data key.
    let own = keys.find(&key_id(&other, 1)).await.unwrap().unwrap();
    let moved = keys.find(&key_id(&other, 2)).await.unwrap().unwrap();
    keys.write(&key_id(&other, 2), moved.sequence, own.value).await.unwrap();
    assert!(matches!(read(&vault, &other).await, Err(Error::Unreadable)));

    // An entry that is none at all.
    let moved = keys.find(&key_id(&other, 2)).await.unwrap().unwrap();
    keys.write(&key_id(&other, 2), moved.sequence, Bytes::from_static(b"{}"))
        .await
        .unwrap();
    assert!(matches!(read(&vault, &other).await, Err(Error::Unreadable)));
    assert_eq!(read(&vault, &acme).await.unwrap(), "acme's");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_it_is_not_read_and_says_which_is_missing() {
    let installation = Installation::start().await;
    let acme = owner("acme");
    let vault = installation.vault().await;
    vault.store(&acme, &lasting("secret"), &cause("c1")).await.unwrap();
    let stranger = installation.vault_with(&KeyRing::generate()).await;
    let error = read(&stranger, &acme).await.unwrap_err();
    let missing = KeyRing::parse(&installation.keys).unwrap().current_id().to_owned();
    assert!(
        matches!(&error, Error::KeyMissing { key } if *key == missing),
        "{error}"
    );

    // A key behind the current one is good for reading; what is stored next takes the current one.
    let newer = KeyRing::generate();
    let both = installation.vault_with(&installation.keys_with(&newer)).await;
    assert_eq!(read(&both, &acme).await.unwrap(), "secret");
    both.store(&acme, &lasting("next"), &cause("c2")).await.unwrap();
    let status = both.key_status().await.unwrap();
    assert_eq!(status.current, KeyRing::parse(&newer).unwrap().current_id());
    assert_eq!(status.configured, [status.current.clone(), missing.clone()]);
    assert_eq!(
        status
            .data_keys
            .into_iter()
            .collect::<std::collections::HashMap<_, _>>(),
        [(status.current, 1), (missing, 1)].into()
    );
    assert_eq!(status.unreadable, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_are_a_secret() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    for bytes in [vec![], vec![0], (0..=255).collect(), vec![0xff; 100_000]] {
        let credential = infragpt_vault::Credential {
            secret: Secret::new(bytes.clone()),
            expires_at: None,
        };
        vault.store(&acme, &credential, &cause("c1")).await.unwrap();
        let opened = vault.read(&acme, Purpose::Read, &reader()).await.unwrap();
        assert_eq!(opened.credential.expose(), bytes);
    }
}

/// Posting reads a credential for each message, so a read that is remembered must cost next to nothing.
#[tokio::test]
async fn what_is_remembered_is_read_without_asking_anybody() {
    const READS: u32 = 50_000;
    let mut installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    let token = "x".repeat(200);
    vault.store(&acme, &lasting(&token), &cause("c1")).await.unwrap();
    read(&vault, &acme).await.unwrap();
    // Whoever asked the server now would wait for it.
    installation.server.kill().await.unwrap();
    let reader = reader();
    let started = std::time::Instant::now();
    for _ in 0..READS {
        let opened = vault.read(&acme, Purpose::Post, &reader).await.unwrap();
        assert_eq!(opened.credential.expose().len(), 200);
    }
    let took = started.elapsed();
    println!(
        "{READS} reads in {took:?}: {:.0} a second",
        f64::from(READS) / took.as_secs_f64()
    );
    assert!(took < std::time::Duration::from_secs(9), "{took:?}");
}
