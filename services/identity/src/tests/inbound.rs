use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;

use super::installation::{Installation, MOST_BYTES, SECRET, answer, event, now, signed};
use crate::clerk::verification::{Signed, WebhookSecrets};

const CREATED: &str = include_str!("../clerk/fixtures/organization.created.json");

#[tokio::test]
async fn a_webhook_is_stored_so_that_it_can_be_verified_again() {
    let installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    let (status, body) = answer(&webhooks, signed("msg_1", CREATED)).await;
    assert_eq!(
        (status, body),
        (
            StatusCode::OK,
            json!({"stream": "RAW_CLERK", "sequence": 1, "duplicate": false})
        )
    );
    let stored = installation.stored("RAW_CLERK", "raw.clerk.>").await;
    let [fact] = &stored[..] else { panic!("{stored:?}") };
    assert_eq!(fact.subject, "raw.clerk.org_2bAcme.organization_created");
    assert_eq!(fact.payload, CREATED.as_bytes());
    assert_eq!(fact.envelope.kind, "dev.clerk.organization.created");
    assert_eq!(fact.envelope.subject.as_deref(), Some("org_2bAcme"));
    let again = Signed {
        id: &fact.envelope.id,
        timestamp: &fact.envelope.extensions["svixtimestamp"],
        signature: &fact.envelope.extensions["svixsignature"],
    };
    let secrets = WebhookSecrets::parse(SECRET).unwrap();
    assert_eq!(secrets.verify(again, &fact.payload, now()), Ok(()));
}

#[tokio::test]
async fn the_same_webhook_again_is_stored_once() {
    let installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    for duplicate in [false, true] {
        let (status, body) = answer(&webhooks, signed("msg_1", CREATED)).await;
        assert_eq!((status, &body["duplicate"]), (StatusCode::OK, &json!(duplicate)));
    }
    assert_eq!(installation.stored("RAW_CLERK", "raw.clerk.>").await.len(), 1);
}

#[tokio::test]
async fn what_nobody_knows_and_what_can_not_be_read_is_stored_and_acknowledged() {
    let installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    for (id, body) in [
        ("msg_1", event("user.cloned", &json!({"id": "user_1"}))),
        ("msg_2", "not json".to_owned()),
        ("msg_3", String::new()),
    ] {
        let (status, _) = answer(&webhooks, signed(id, &body)).await;
        assert_eq!(status, StatusCode::OK);
    }
    let stored = installation.stored("RAW_CLERK", "raw.clerk.>").await;
    let subjects: Vec<_> = stored.iter().map(|fact| fact.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "raw.clerk.-.user_cloned",
            "raw.clerk.-.malformed",
            "raw.clerk.-.malformed"
        ]
    );
}

#[tokio::test]
async fn what_is_not_proved_to_be_clerk_s_stores_nothing() {
    let installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    let changed = |header: &'static str, value: Option<&str>| {
        let mut request = signed("msg_1", CREATED);
        match value {
            Some(value) => drop(request.headers_mut().insert(header, value.parse().unwrap())),
            None => drop(request.headers_mut().remove(header)),
        }
        request
    };
    let mut requests: Vec<Request<Body>> = Vec::new();
    for header in ["svix-id", "svix-timestamp", "svix-signature"] {
        requests.push(changed(header, None));
        requests.push(changed(header, Some("")));
    }
    let timestamp = now().timestamp();
    requests.push(changed("svix-id", Some("msg_2")));
    requests.push(changed("svix-timestamp", Some(&(timestamp - 100).to_string())));
    let unversioned = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    requests.push(changed("svix-signature", Some(unversioned)));
    // Signed with the right secret, six minutes ago.
    let old = (timestamp - 360).to_string();
    let mut replayed = changed("svix-timestamp", Some(&old));
    let secrets = WebhookSecrets::parse(SECRET).unwrap();
    let signature = secrets.sign("msg_1", &old, CREATED.as_bytes());
    replayed
        .headers_mut()
        .insert("svix-signature", signature.parse().unwrap());
    requests.push(replayed);
    // Signed for another body.
    let mut altered = signed("msg_1", CREATED);
    *altered.body_mut() = Body::from(CREATED.replace("Acme", "Evil"));
    requests.push(altered);
    for request in requests {
        let headers = request.headers().clone();
        let (status, body) = answer(&webhooks, request).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert_eq!(body["request_id"], "request-1");
    }
    assert!(installation.stored("RAW_CLERK", "raw.clerk.>").await.is_empty());
}

#[tokio::test]
async fn what_is_too_large_or_of_another_type_stores_nothing() {
    let installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    let large = "x".repeat(MOST_BYTES + 1);
    let (status, _) = answer(&webhooks, signed("msg_1", &large)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut form = signed("msg_1", CREATED);
    let value = "application/x-www-form-urlencoded".parse().unwrap();
    form.headers_mut().insert("content-type", value);
    assert_eq!(answer(&webhooks, form).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let get = Request::get("/webhooks/clerk").body(Body::empty()).unwrap();
    assert_eq!(answer(&webhooks, get).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert!(installation.stored("RAW_CLERK", "raw.clerk.>").await.is_empty());
}

#[tokio::test]
async fn codes_and_tickets_are_not_on_the_disk() {
    let installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    let facts = [
        (
            "email.created",
            json!({
                "user_id": "user_1", "subject": "424242-canary is your code", "body": "<b>424242-canary</b>",
                "data": {"otp_code": "424242-canary"},
            }),
        ),
        ("sms.created", json!({"message": "424242-canary is your code"})),
        (
            "organizationInvitation.created",
            json!({"organization_id": "org_1", "email_address": "in-the-open", "url": "https://x/?ticket=424242-canary"}),
        ),
    ];
    for (index, (kind, data)) in facts.iter().enumerate() {
        let request = signed(&format!("msg_{index}"), &event(kind, data));
        assert_eq!(answer(&webhooks, request).await.0, StatusCode::OK);
    }
    assert_eq!(installation.stored("RAW_CLERK", "raw.clerk.>").await.len(), 3);
    // What is not secret is found, so the search reaches what is stored.
    assert!(installation.files_with("in-the-open") > 0);
    assert_eq!(installation.files_with("424242-canary"), 0);
}

#[tokio::test]
async fn without_nats_nothing_is_acknowledged() {
    let mut installation = Installation::start().await;
    let webhooks = installation.webhooks().await;
    installation.server.kill().await.unwrap();
    let (status, body) = answer(&webhooks, signed("msg_1", CREATED)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
}
