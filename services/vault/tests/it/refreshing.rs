//! A credential that expires is exchanged once, and the new one is stored before anybody gets it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use infragpt_events::credential::CredentialEvent;
use infragpt_vault::{Credential, Error, Opened, Owner, Purpose, RefreshError, Secret, Vault};
use tokio::sync::{Notify, Semaphore};

use crate::harness::{Installation, cause, expiring, lasting, owner, read, reader, run};

type Answer = Result<Credential, RefreshError>;

/// An external system that counts how often it is asked and answers each time with what `answer` says.
#[derive(Clone, Default)]
struct Provider {
    calls: Arc<AtomicUsize>,
}

impl Provider {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn fresh(&self, vault: &Vault, owner: &Owner, answer: Answer) -> Result<Opened, Error> {
        let calls = Arc::clone(&self.calls);
        vault
            .fresh(owner, Purpose::Post, &reader(), move |_| async move {
                calls.fetch_add(1, Ordering::SeqCst);
                answer
            })
            .await
    }

    async fn refresh_now(&self, vault: &Vault, owner: &Owner, seen: u32, answer: Answer) -> Result<Opened, Error> {
        let calls = Arc::clone(&self.calls);
        vault
            .refresh_now(owner, Purpose::Post, &reader(), seen, move |_| async move {
                calls.fetch_add(1, Ordering::SeqCst);
                answer
            })
            .await
    }
}

fn text(opened: &Opened) -> &str {
    std::str::from_utf8(opened.credential.expose()).unwrap()
}

fn refused() -> Answer {
    Err(RefreshError::Refused(
        "Forge says that the token was revoked".to_owned(),
    ))
}

fn unavailable() -> Answer {
    Err(RefreshError::Unavailable("Forge answers 503".to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_refreshed_when_it_expires_within_ten_minutes_and_not_before() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    let provider = Provider::default();
    let next = || Ok(expiring("second", 3_600));

    vault.store(&acme, &lasting("first"), &cause("c1")).await.unwrap();
    provider.fresh(&vault, &acme, next()).await.unwrap();
    vault.store(&acme, &expiring("first", 630), &cause("c2")).await.unwrap();
    let opened = provider.fresh(&vault, &acme, next()).await.unwrap();
    assert_eq!((text(&opened), provider.calls()), ("first", 0));

    vault.store(&acme, &expiring("first", 590), &cause("c3")).await.unwrap();
    let opened = provider.fresh(&vault, &acme, next()).await.unwrap();
    assert_eq!((text(&opened), opened.generation, opened.version), ("second", 3, 2));
    assert_eq!(provider.calls(), 1);
    // It is in the log, for everybody.
    assert_eq!(read(&installation.vault().await, &acme).await.unwrap(), "second");
    let opened = provider.fresh(&vault, &acme, next()).await.unwrap();
    assert_eq!((text(&opened), provider.calls()), ("second", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_are_one_refresh() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let provider = Provider::default();
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let (vault, acme, provider) = (vault.clone(), acme.clone(), provider.clone());
            tokio::spawn(async move { provider.fresh(&vault, &acme, Ok(expiring("second", 3_600))).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(text(&caller.await.unwrap().unwrap()), "second");
    }
    assert_eq!(provider.calls(), 1);
    let events = installation.history(&acme).await;
    assert!(
        matches!(events[..], [CredentialEvent::Stored(_), CredentialEvent::Refreshed(_)]),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_stored_before_anybody_gets_it() {
    let mut installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let caller = tokio::spawn({
        let (vault, acme) = (vault.clone(), acme.clone());
        let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
        async move {
            let refresh = move |_: Secret| async move {
                asked.notify_one();
                let _permit = answer.acquire().await;
                Ok(expiring("second", 3_600))
            };
            vault.fresh(&acme, Purpose::Post, &reader(), refresh).await
        }
    });
    asked.notified().await;
    // The external system gave it, and there is no log to store it in.
    installation.server.kill().await.unwrap();
    answer.add_permits(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!caller.is_finished(), "it was given away before it was stored");
    installation.server.restart().await.unwrap();
    assert_eq!(text(&caller.await.unwrap().unwrap()), "second");
    assert_eq!(read(&installation.vault().await, &acme).await.unwrap(), "second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_takes_nothing_along() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let (running, stop) = run(&vault);
    let acme = owner("acme");
    vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let refresh = {
        let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
        move |_: Secret| async move {
            asked.notify_one();
            let _permit = answer.acquire().await;
            Ok(expiring("second", 3_600))
        }
    };
    let caller = reader();
    let first = vault.fresh(&acme, Purpose::Post, &caller, refresh);
    tokio::select! {
        _ = first => panic!("it has no answer yet"),
        () = asked.notified() => {}
    }
    // The first is gone, a second waits for the same flight, and the process is to end.
    let second = tokio::spawn({
        let (vault, acme) = (vault.clone(), acme.clone());
        async move { Provider::default().fresh(&vault, &acme, refused()).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!running.is_finished(), "the end waits for the new credential");
    answer.add_permits(1);
    assert_eq!(text(&second.await.unwrap().unwrap()), "second");
    running.await.unwrap();
    assert_eq!(read(&installation.vault().await, &acme).await.unwrap(), "second");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_the_old_one_is_used_until_it_expires() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let provider = Provider::default();
    let (soon, late) = (owner("soon"), owner("late"));
    vault.store(&soon, &expiring("first", 300), &cause("c1")).await.unwrap();
    vault.store(&late, &expiring("first", -1), &cause("c1")).await.unwrap();
    for _ in 0..3 {
        let opened = provider.fresh(&vault, &soon, refused()).await.unwrap();
        assert_eq!(text(&opened), "first");
    }
    assert_eq!(provider.calls(), 1, "who refused is not asked again and again");
    for _ in 0..3 {
        let error = provider.fresh(&vault, &late, refused()).await.unwrap_err();
        assert!(matches!(error, Error::Refresh(RefreshError::Refused(_))), "{error}");
    }
    assert_eq!(provider.calls(), 2);
    for owner in [&soon, &late] {
        let events = installation.history(owner).await;
        let [CredentialEvent::Stored(_), CredentialEvent::RefreshFailed(failed)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(failed.reason, "Forge says that the token was revoked");
    }
    // Somebody connects again, and all is well at once.
    vault.store(&late, &expiring("again", -1), &cause("c2")).await.unwrap();
    let opened = provider.fresh(&vault, &late, Ok(expiring("new", 3_600))).await.unwrap();
    assert_eq!(text(&opened), "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_system_that_is_away_is_asked_again() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let provider = Provider::default();
    let acme = owner("acme");
    vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let error = provider.fresh(&vault, &acme, unavailable()).await.unwrap_err();
    assert!(matches!(error, Error::Refresh(RefreshError::Unavailable(_))), "{error}");
    let error = provider.fresh(&vault, &acme, unavailable()).await.unwrap_err();
    assert!(matches!(error, Error::Refresh(RefreshError::Unavailable(_))), "{error}");
    assert_eq!(provider.calls(), 1, "not in the same second");
    let opened = crate::harness::until("the pause to end", async || {
        provider.fresh(&vault, &acme, Ok(expiring("second", 3_600))).await.ok()
    })
    .await;
    assert_eq!((text(&opened), provider.calls()), ("second", 2));
    assert_eq!(
        installation.history(&acme).await.len(),
        2,
        "that it was away is no event"
    );
}

/// A refresh token is good for one use. Of two copies that use it at the same time one is refused, and both go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_second_takes_what_the_first_was_given() {
    let installation = Installation::start().await;
    let (one, other) = (installation.vault().await, installation.vault().await);
    let acme = owner("acme");
    one.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let used = Arc::new(AtomicUsize::new(0));
    let use_up = |vault: &Vault| {
        let (vault, acme, used) = (vault.clone(), acme.clone(), Arc::clone(&used));
        tokio::spawn(async move {
            let refresh = move |secret: Secret| async move {
                assert_eq!(secret.expose(), b"first");
                // Both have the old one before either has used it.
                tokio::time::sleep(Duration::from_millis(100)).await;
                if used.fetch_add(1, Ordering::SeqCst) == 0 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    Ok(expiring("second", 3_600))
                } else {
                    refused()
                }
            };
            vault.fresh(&acme, Purpose::Post, &reader(), refresh).await
        })
    };
    let (first, second) = (use_up(&one), use_up(&other));
    assert_eq!(text(&first.await.unwrap().unwrap()), "second");
    assert_eq!(text(&second.await.unwrap().unwrap()), "second");
    assert_eq!(used.load(Ordering::SeqCst), 2);
    let events = installation.history(&acme).await;
    assert!(
        matches!(events[..], [CredentialEvent::Stored(_), CredentialEvent::Refreshed(_)]),
        "{events:?}"
    );
}

/// Where the external system gives both a new one, both use the one that is in the log.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_new_ones_the_first_that_is_stored_counts() {
    let installation = Installation::start().await;
    let (one, other) = (installation.vault().await, installation.vault().await);
    let acme = owner("acme");
    one.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let exchange = |vault: &Vault, new: &'static str| {
        let (vault, acme) = (vault.clone(), acme.clone());
        tokio::spawn(async move {
            let refresh = move |_: Secret| async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(expiring(new, 3_600))
            };
            vault.fresh(&acme, Purpose::Post, &reader(), refresh).await.unwrap()
        })
    };
    let (first, second) = (exchange(&one, "mine"), exchange(&other, "yours"));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!(first, second);
    assert_eq!(read(&installation.vault().await, &acme).await.unwrap(), text(&first));
    assert_eq!(installation.history(&acme).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_refused_is_exchanged_unless_there_is_a_newer_one() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let provider = Provider::default();
    let acme = owner("acme");
    vault
        .store(&acme, &expiring("first", 3_600), &cause("c1"))
        .await
        .unwrap();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (vault, acme, provider) = (vault.clone(), acme.clone(), provider.clone());
            tokio::spawn(async move { provider.refresh_now(&vault, &acme, 1, Ok(lasting("second"))).await })
        })
        .collect();
    for caller in callers {
        let opened = caller.await.unwrap().unwrap();
        assert_eq!((text(&opened), opened.version), ("second", 2));
    }
    assert_eq!(provider.calls(), 1);
    let opened = provider
        .refresh_now(&vault, &acme, 2, Ok(lasting("third")))
        .await
        .unwrap();
    assert_eq!((text(&opened), provider.calls()), ("third", 2));
    // It is known to be bad, so it is not returned although it does not expire.
    let error = provider.refresh_now(&vault, &acme, 3, refused()).await.unwrap_err();
    assert!(matches!(error, Error::Refresh(RefreshError::Refused(_))), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shredded_while_it_is_refreshed_stays_shredded() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let other = installation.vault().await;
    let (there, theirs) = (other.clone(), acme.clone());
    let refresh = move |_: Secret| async move {
        there.shred(&theirs, 1, &cause("c2")).await.unwrap();
        Ok(expiring("second", 3_600))
    };
    let error = vault.fresh(&acme, Purpose::Post, &reader(), refresh).await.unwrap_err();
    assert!(matches!(error, Error::Shredded), "{error}");
    assert!(matches!(read(&vault, &acme).await, Err(Error::Shredded)));
    assert_eq!(installation.data_keys().await.all().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_panics_ends_for_all_who_wait_and_can_be_tried_again() {
    let installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    vault.store(&acme, &expiring("first", -1), &cause("c1")).await.unwrap();
    let broken = |_: Secret| async { panic!("a connector has a bug") };
    let error = vault.fresh(&acme, Purpose::Post, &reader(), broken).await.unwrap_err();
    assert!(matches!(error, Error::Refresh(RefreshError::Unavailable(_))), "{error}");
    let opened = Provider::default()
        .fresh(&vault, &acme, Ok(lasting("second")))
        .await
        .unwrap();
    assert_eq!(text(&opened), "second");
}
