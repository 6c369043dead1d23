use std::time::Duration;

use serde_json::{Value, json};

use super::{World, app::App};
use crate::{Announced, Configuration, Error, Sandbox, signature};

const SECRET: &str = "whsec_c2FuZGJveC1jbGVyay13ZWJob29rLXNlY3JldA==";

/// A sandbox that tells an app.
pub(super) async fn world() -> (World, App) {
    let (app, url) = App::start().await;
    let mut configuration = Configuration::default();
    configuration.clerk.webhook_url = Some(url);
    (World::with(configuration).await, app)
}

/// Type and data of the events that reached the app, once there are `count`; each is signed.
pub(super) async fn events(app: &App, count: usize) -> Vec<(String, Value)> {
    let arrived = async {
        while app.requests().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrived).await.unwrap();
    let requests = app.requests();
    assert_eq!(requests.len(), count);
    let told = |it: &super::app::Request| {
        let (id, timestamp) = (it.header("svix-id"), it.header("svix-timestamp"));
        let signed = signature::svix(SECRET, id, timestamp, &it.body).unwrap();
        assert_eq!(it.header("svix-signature"), signed);
        let body = it.json();
        assert_eq!(
            (&body["object"], &body["instance_id"]),
            (&json!("event"), &json!("ins_sandbox"))
        );
        (body["type"].as_str().unwrap().to_owned(), body["data"].clone())
    };
    requests.iter().map(told).collect()
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_very_bytes() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let vector = json!({
        "url": url,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "timestamp": 1_614_265_330,
        "raw_body": r#"{"test": 2432232314}"#,
    });
    let sent = world.control("clerk_webhook", vector).await;
    assert_eq!(
        sent,
        json!({ "status": 200, "id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "body": "" })
    );
    let several = json!({
        "url": url, "type": "role.created", "data": { "id": "role_1" }, "at": 7, "timestamp": "soon",
        "secret": [SECRET, "whsec_AAAA"], "omit": ["user-agent"],
    });
    world.control("clerk_webhook", several).await;
    let forged = json!({ "url": url, "type": "x", "data": {}, "signature": "v1a,AAAA v2" });
    world.control("clerk_webhook", forged).await;
    let requests = app.requests();
    assert_eq!(
        requests[0].header("svix-signature"),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
    assert_eq!(requests[0].header("content-type"), "application/json");
    let signatures: Vec<&str> = requests[1].header("svix-signature").split(' ').collect();
    assert!(signatures.len() == 2 && signatures[0] != signatures[1]);
    assert_eq!(
        (requests[1].header("svix-timestamp"), requests[1].header("user-agent")),
        ("soon", "")
    );
    assert_eq!(
        (&requests[1].json()["timestamp"], &requests[1].json()["data"]["id"]),
        (&json!(7), &json!("role_1"))
    );
    assert_eq!(requests[2].header("svix-signature"), "v1a,AAAA v2");
    let state = world.control("state", json!({})).await;
    assert_eq!(
        (&state["deliveries"][1]["via"], &state["deliveries"][1]["kind"]),
        (&json!("clerk"), &json!("role.created"))
    );

    for (body, status) in [
        (json!({ "type": "x", "data": {} }), 400),
        (json!({ "url": url, "type": "x" }), 400),
        (json!({ "url": url, "type": "x", "data": {}, "secret": "AAAA" }), 400),
        (json!({ "url": "http://127.0.0.1:9/", "type": "x", "data": {} }), 502),
    ] {
        assert_eq!(
            world.control_raw("clerk_webhook", body.to_string()).await.0,
            status,
            "{body}"
        );
    }
    let mut configuration = Configuration::default();
    configuration.clerk.webhook_secret = "secret".into();
    assert!(matches!(Sandbox::start(configuration).await, Err(Error::WebhookSecret)));
}

#[tokio::test]
async fn what_exists_is_told_in_the_same_words_each_time() {
    let (world, app) = world().await;
    assert_eq!(world.sandbox.clerk_announce().await, Announced { sent: 8, failed: 0 });
    let told = events(&app, 8).await;
    assert_eq!(
        world.control("clerk_announce", json!({})).await,
        json!({ "sent": 8, "failed": 0 })
    );
    assert_eq!(events(&app, 16).await[8..], told);
    let bodies: Vec<_> = app.requests().iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies[..8], bodies[8..]);
    let (kind, membership) = &told[6];
    assert_eq!(kind, "organizationMembership.created");
    assert_eq!(
        (&membership["role"], &membership["role_name"]),
        (&json!("org:member"), &json!("Member"))
    );
    assert_eq!(
        (
            &membership["organization"]["id"],
            &membership["public_user_data"]["user_id"]
        ),
        (&json!("acme"), &json!("user_tom"))
    );
    assert_eq!(membership["updated_at"], 1_704_099_600_000_i64);
    let user = &told[1].1;
    assert_eq!(user["email_addresses"][0]["id"], user["primary_email_address_id"]);
    assert_eq!(user["email_addresses"][0]["email_address"], "tom@example.com");

    let unreachable = json!({ "url": "http://127.0.0.1:9/" });
    assert_eq!(
        world.control("clerk_announce", unreachable).await,
        json!({ "sent": 0, "failed": 8 })
    );
    let silent = World::start().await;
    assert_eq!(silent.sandbox.clerk_announce().await, Announced { sent: 0, failed: 0 });
    assert_eq!(silent.control_raw("clerk_announce", "{}".into()).await.0, 400);
}

#[tokio::test]
async fn people_come_change_and_go() {
    let (world, app) = world().await;
    let user = |body: Value| world.control("clerk_user", body);
    let created = user(json!({ "action": "create", "id": "user_ada", "first_name": "Ada" })).await;
    assert_eq!(
        (&created["id"], &created["deliveries"][0]["status"]),
        (&json!("user_ada"), &json!(200))
    );
    user(json!({ "action": "update", "id": "user_tom", "email": "thomas@example.com" })).await;
    let gone = user(json!({ "action": "delete", "id": "user_tom" })).await;
    assert_eq!(
        gone["deliveries"][1]["data"],
        json!({ "deleted": true, "id": "user_tom", "object": "user" })
    );
    let told = events(&app, 4).await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "user.created",
            "user.updated",
            "organizationMembership.deleted",
            "user.deleted"
        ]
    );
    assert_eq!(
        (&told[0].1["first_name"], &told[0].1["last_name"]),
        (&json!("Ada"), &Value::Null)
    );
    assert_eq!(told[1].1["email_addresses"][0]["email_address"], "thomas@example.com");
    assert!(told[1].1["updated_at"].as_i64() > told[1].1["created_at"].as_i64());
    assert_eq!(told[2].1["public_user_data"]["identifier"], "thomas@example.com");

    for body in [
        r#"{"action":"update","id":"user_tom"}"#,
        r#"{"action":"create","id":"user_tom"}"#,
        r#"{"action":"create","id":"user tom"}"#,
        r#"{"action":"delete"}"#,
        r#"{"action":"create","name":"Ada"}"#,
    ] {
        assert_eq!(world.control_raw("clerk_user", body.into()).await.0, 400, "{body}");
    }
    assert_eq!(
        world
            .control_raw("clerk_session", r#"{"user":"user_tom"}"#.into())
            .await
            .0,
        400
    );
    world.control("reset", json!({})).await;
    world
        .control("clerk_session", json!({ "user": "user_tom", "organization": "acme" }))
        .await;
}

#[tokio::test]
async fn organizations_and_memberships_come_change_and_go() {
    let (world, app) = world().await;
    let initech = json!({ "action": "create", "name": "Initech & Co", "created_by": "user_gus" });
    let created = world.control("clerk_organization", initech).await;
    let id = created["id"].clone();
    world
        .control(
            "clerk_organization",
            json!({ "action": "update", "id": id, "name": "Initrode" }),
        )
        .await;
    let tom =
        |action: &str, role: &str| json!({ "action": action, "user": "user_tom", "organization": id, "role": role });
    let joined = world.control("clerk_membership", tom("create", "member")).await;
    world
        .control("clerk_membership", tom("update", "billing_manager"))
        .await;
    let left = world.control("clerk_membership", tom("delete", "member")).await;
    assert_eq!(left["id"], joined["id"]);
    let again = world.control("clerk_membership", tom("create", "admin")).await;
    assert_ne!(again["id"], joined["id"]);
    world
        .control("clerk_organization", json!({ "action": "delete", "id": id }))
        .await;
    let told = events(&app, 10).await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    let (organization, membership) = ("organization", "organizationMembership");
    let expected = [
        (organization, "created"),
        (membership, "created"),
        (organization, "updated"),
        (membership, "created"),
        (membership, "updated"),
        (membership, "deleted"),
        (membership, "created"),
        (membership, "deleted"),
        (membership, "deleted"),
        (organization, "deleted"),
    ];
    assert_eq!(kinds, expected.map(|(what, how)| format!("{what}.{how}")));
    assert_eq!(
        (&told[0].1["slug"], &told[0].1["created_by"]),
        (&json!("initech---co"), &json!("user_gus"))
    );
    assert_eq!(
        (&told[1].1["role"], &told[3].1["organization"]["name"]),
        (&json!("org:admin"), &json!("Initrode"))
    );
    assert_eq!(told[4].1["role_name"], "Billing manager");
    assert_eq!(
        (&told[5].1["id"], &told[5].1["role"]),
        (&joined["id"], &json!("org:billing_manager"))
    );
    assert!(told[5].1["updated_at"].as_i64() > told[4].1["updated_at"].as_i64());
    assert_eq!(
        told[9].1,
        json!({ "deleted": true, "id": id, "object": "organization" })
    );
    assert_eq!(
        world
            .control_raw("clerk_membership", tom("create", "member").to_string())
            .await
            .0,
        400
    );
    let role = json!({ "action": "update", "user": "user_maya", "organization": "acme", "role": "" });
    assert_eq!(world.control_raw("clerk_membership", role.to_string()).await.0, 400);
}

#[tokio::test]
async fn what_is_lost_can_be_told_late_and_twice() {
    let (world, app) = world().await;
    let lost = json!({ "action": "update", "id": "user_maya", "first_name": "May", "lose": true });
    let lost = world.control("clerk_user", lost).await["deliveries"][0].clone();
    assert_eq!((&lost["status"], &lost["id"]), (&Value::Null, &Value::Null));
    assert!(app.requests().is_empty());
    let late = json!({ "type": lost["type"], "data": lost["data"], "at": lost["at"], "id": "msg_late" });
    for _ in 0..2 {
        assert_eq!(world.control("clerk_webhook", late.clone()).await["status"], 200);
    }
    let told = events(&app, 2).await;
    assert_eq!((&told[0], &told[0].1["first_name"]), (&told[1], &json!("May")));
    assert_eq!(app.requests()[1].header("svix-id"), "msg_late");

    let (other, url) = App::start().await;
    world
        .control(
            "clerk_user",
            json!({ "action": "update", "id": "user_maya", "url": url }),
        )
        .await;
    assert_eq!((events(&other, 1).await.len(), app.requests().len()), (1, 2));
    world.control("clerk_instance", json!({ "webhook_url": url })).await;
    world
        .control("clerk_user", json!({ "action": "update", "id": "user_maya" }))
        .await;
    assert_eq!(events(&other, 2).await.len(), 2);
}
