//! How the keys come, change and go.

use std::time::Duration;

use axum::http::StatusCode;
use futures::future::join_all;

use super::{
    super::{Error, Sessions},
    instance::{Instance, SigningKey, maya},
};

const SOON: Duration = Duration::from_millis(20);

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while tokio::time::Instant::now() < deadline {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited for {what} in vain");
}

async fn verify(sessions: &Sessions, clerk: &Instance, key: &SigningKey) -> Result<(), Error> {
    let session = sessions.verify(&key.token(&clerk.claims())).await?;
    assert_eq!(session, maya());
    Ok(())
}

#[tokio::test]
async fn the_keys_are_fetched_once_for_all_who_wait() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    clerk.delay(Duration::from_millis(50));
    let sessions = clerk.sessions();
    let verified = join_all((0..50).map(|_| verify(&sessions, &clerk, &key))).await;
    assert!(verified.iter().all(Result::is_ok), "{verified:?}");
    assert_eq!(clerk.asked(), 1);
    verify(&sessions, &clerk, &key).await.unwrap();
    assert_eq!(clerk.asked(), 1);
}

#[tokio::test]
async fn they_can_be_there_before_the_first_token() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    let sessions = clerk.sessions();
    sessions.ready().await.unwrap();
    sessions.ready().await.unwrap();
    verify(&sessions, &clerk, &key).await.unwrap();
    assert_eq!(clerk.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_known_with_the_first_token_that_it_signed() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions();
    verify(&sessions, &clerk, &first).await.unwrap();
    clerk.publish(&[&first, &second]);
    verify(&sessions, &clerk, &second).await.unwrap();
    verify(&sessions, &clerk, &first).await.unwrap();
    assert_eq!(clerk.asked(), 2);
}

#[tokio::test]
async fn a_key_that_was_taken_away_is_forgotten_with_the_next_look() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions();
    verify(&sessions, &clerk, &first).await.unwrap();
    clerk.publish(&[&second]);
    // Until then it is good.
    verify(&sessions, &clerk, &first).await.unwrap();
    verify(&sessions, &clerk, &second).await.unwrap();
    assert_eq!(verify(&sessions, &clerk, &first).await, Err(Error::UnknownKey));
}

#[tokio::test]
async fn after_a_quiet_night_a_key_that_was_taken_away_is_not_good_once_more() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions_paced(|pace| {
        pace.every = SOON;
        pace.trusted = Duration::ZERO;
    });
    verify(&sessions, &clerk, &first).await.unwrap();
    clerk.publish(&[&second]);
    tokio::time::sleep(SOON * 2).await;
    assert_eq!(verify(&sessions, &clerk, &first).await, Err(Error::UnknownKey));
    verify(&sessions, &clerk, &second).await.unwrap();
    // And while Clerk is away the one that is known stays good.
    clerk.answer(StatusCode::INTERNAL_SERVER_ERROR, "{}");
    tokio::time::sleep(SOON * 2).await;
    verify(&sessions, &clerk, &second).await.unwrap();
}

#[tokio::test]
async fn the_keys_are_looked_at_again_now_and_then_while_nobody_waits() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions_paced(|pace| pace.every = SOON);
    verify(&sessions, &clerk, &first).await.unwrap();
    clerk.publish(&[&second]);
    until("the key to be forgotten", async || {
        verify(&sessions, &clerk, &first).await == Err(Error::UnknownKey)
    })
    .await;
    verify(&sessions, &clerk, &second).await.unwrap();
}

#[tokio::test]
async fn while_clerk_is_away_what_is_known_stays_good() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions_paced(|pace| {
        pace.every = SOON;
        pace.retry = SOON;
        pace.patience = Duration::from_millis(100);
    });
    verify(&sessions, &clerk, &first).await.unwrap();
    for (status, body) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "{}"),
        (StatusCode::NOT_FOUND, r#"{"keys":[]}"#),
        (StatusCode::OK, "<html>"),
        (StatusCode::OK, r#"{"errors":[]}"#),
    ] {
        clerk.answer(status, body);
        let asked = clerk.asked();
        until("Clerk to be asked again", async || {
            verify(&sessions, &clerk, &first).await.unwrap();
            clerk.asked() > asked + 1
        })
        .await;
    }
    // Of a key that nobody knows nobody can say anything now.
    assert_eq!(verify(&sessions, &clerk, &second).await, Err(Error::Unavailable));
    clerk.publish(&[&second]);
    until("the new key", async || verify(&sessions, &clerk, &second).await.is_ok()).await;
}

#[tokio::test]
async fn without_keys_nobody_is_signed_in_and_nobody_is_refused_for_good() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    clerk.answer(StatusCode::SERVICE_UNAVAILABLE, "");
    let sessions = clerk.sessions_paced(|pace| pace.patience = Duration::from_millis(100));
    assert_eq!(sessions.ready().await, Err(Error::Unavailable));
    assert_eq!(verify(&sessions, &clerk, &key).await, Err(Error::Unavailable));
    clerk.publish(&[&key]);
    verify(&sessions, &clerk, &key).await.unwrap();
}

#[tokio::test]
async fn strangers_can_not_make_us_ask_for_ever() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions_paced(|pace| pace.burst = 3);
    verify(&sessions, &clerk, &first).await.unwrap();
    for _ in 0..20 {
        assert_eq!(verify(&sessions, &clerk, &second).await, Err(Error::UnknownKey));
    }
    assert_eq!(clerk.asked(), 3);
    verify(&sessions, &clerk, &first).await.unwrap();
}

#[tokio::test]
async fn after_strangers_a_new_key_is_found_when_some_time_has_passed() {
    let (first, second) = (SigningKey::first(), SigningKey::second());
    let clerk = Instance::start(&[&first]).await;
    let sessions = clerk.sessions_paced(|pace| {
        pace.burst = 1;
        pace.refill = Duration::from_millis(200);
    });
    verify(&sessions, &clerk, &first).await.unwrap();
    assert_eq!(verify(&sessions, &clerk, &second).await, Err(Error::UnknownKey));
    assert_eq!(clerk.asked(), 1);
    clerk.publish(&[&first, &second]);
    until("the new key", async || verify(&sessions, &clerk, &second).await.is_ok()).await;
    assert_eq!(clerk.asked(), 2);
}

#[tokio::test]
async fn who_goes_away_takes_no_flight_along() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    clerk.delay(Duration::from_millis(100));
    let sessions = clerk.sessions();
    let impatient = tokio::time::timeout(Duration::from_millis(20), verify(&sessions, &clerk, &key)).await;
    assert!(impatient.is_err());
    verify(&sessions, &clerk, &key).await.unwrap();
    assert_eq!(clerk.asked(), 1);
}
