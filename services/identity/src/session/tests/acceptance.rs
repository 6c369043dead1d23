use infragpt_events::OrganizationId;
use serde_json::json;

use super::{
    super::{Error, Session},
    instance::{Instance, NOW, SigningKey, maya},
};

#[tokio::test]
async fn a_token_of_today_says_who_somebody_is() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    let session = clerk.sessions().verify(&key.token(&clerk.claims())).await;
    assert_eq!(session, Ok(maya()));
}

#[tokio::test]
async fn a_token_of_the_first_version_has_its_organization_elsewhere() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    let claims = clerk.claims_with(json!({
        "v": null, "o": null, "sts": null, "org_id": "org_globex", "org_role": "org:admin", "org_slug": "globex",
    }));
    let session = clerk.sessions().verify(&key.token(&claims)).await;
    let organization = OrganizationId::parse("org_globex").ok();
    assert_eq!(session, Ok(Session { organization, ..maya() }));
}

#[tokio::test]
async fn who_chose_no_organization_acts_for_none() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    let sessions = clerk.sessions();
    // A claim of the other version is one that an application added, whatever it says.
    for none in [
        json!({"o": null}),
        json!({"o": null, "org_id": "org_globex"}),
        json!({"v": null}),
        json!({"v": 1}),
    ] {
        let session = sessions.verify(&key.token(&clerk.claims_with(none.clone()))).await;
        let nobodys = Session {
            organization: None,
            ..maya()
        };
        assert_eq!(session, Ok(nobodys), "{none}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_five_seconds() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    let sessions = clerk.sessions();
    for (times, expected) in [
        (json!({"exp": NOW - 4}), None),
        (json!({"exp": NOW - 5}), Some(Error::Expired)),
        (json!({"nbf": NOW + 5, "iat": NOW + 5}), None),
        (json!({"nbf": NOW + 6}), Some(Error::NotYet)),
        (json!({"iat": NOW + 6}), Some(Error::NotYet)),
        (json!({"nbf": null, "iat": null}), None),
    ] {
        let verified = sessions.verify(&key.token(&clerk.claims_with(times.clone()))).await;
        assert_eq!(verified.err(), expected, "{times}");
    }
}

#[tokio::test]
async fn whoever_comes_back_from_elsewhere_had_a_quarter_of_an_hour() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[&key]).await;
    let sessions = clerk.sessions();
    let expired = |seconds: i64| key.token(&clerk.claims_with(json!({"exp": NOW - seconds})));
    assert_eq!(sessions.verify(&expired(899)).await, Err(Error::Expired));
    assert_eq!(sessions.verify_return(&expired(899)).await.unwrap().user, "user_maya");
    assert_eq!(sessions.verify_return(&expired(906)).await, Err(Error::Expired));
    // It forgives nothing else.
    let forged = SigningKey::second().token_with(&key.header(), &clerk.claims());
    assert_eq!(sessions.verify_return(&forged).await, Err(Error::Signature));
    let pending = key.token(&clerk.claims_with(json!({"sts": "pending"})));
    assert_eq!(sessions.verify_return(&pending).await, Err(Error::Pending));
}
