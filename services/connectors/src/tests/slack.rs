use chrono::TimeDelta;
use infragpt_sandbox::Named;
use infragpt_vault::Secret;
use serde_json::json;

use super::world::{Journey, UNCLEAR, World, authorized, begin, connected, names, now, with_state};
use crate::{Authorization, Condition, Connector, Failure, Returned};

/// Somebody allows the app in.
async fn consent(world: &World, connector: &dyn Connector, install: &str) -> Journey {
    let page = with_state(connector.begin(&begin(None)).unwrap(), "state 1");
    let journey = world
        .answer(&page, &[("decision", "allow"), ("install", install)])
        .await;
    assert_eq!(journey.path, "/oauth/slack/callback");
    assert_eq!(journey.state.as_deref(), Some("state 1"));
    journey
}

pub async fn connect(world: &World, connector: &dyn Connector, install: &str) -> Authorization {
    let journey = consent(world, connector, install).await;
    authorized(connector, &journey.returned(1, None)).await.unwrap()
}

fn secret(authorization: &Authorization) -> &Secret {
    &authorization.credential.as_ref().unwrap().secret
}

#[tokio::test]
async fn a_workspace_lives_from_consent_to_revocation() {
    let world = World::start().await;
    let slack = world.slack();
    let authorization = connect(&world, &*slack, "workspace").await;
    assert_eq!(authorization.account.id, "T0ACME");
    assert_eq!(authorization.account.name, "Acme");
    assert_eq!(authorization.bot_user.as_deref(), Some("U0INFRAGPT"));
    assert!(authorization.scopes.contains(&"chat:write".to_owned()) && authorization.scopes.is_sorted());
    let ends = authorization.credential.as_ref().unwrap().expires_at.unwrap() - now();
    assert!((TimeDelta::hours(11)..TimeDelta::hours(13)).contains(&ends), "{ends}");

    let connected = connected(&*slack, &authorization);
    let working = Condition::Working {
        scopes: Some(authorization.scopes.clone()),
    };
    assert_eq!(
        slack.validate(&connected, Some(secret(&authorization))).await,
        Ok(working.clone())
    );
    let listed = slack
        .synchronize(&connected, Some(secret(&authorization)))
        .await
        .unwrap();
    assert_eq!(names(&listed), ["deploys", "ops"]);

    world.control("expire_tokens", json!({})).await;
    let condition = slack.validate(&connected, Some(secret(&authorization))).await.unwrap();
    assert!(matches!(&condition, Condition::Broken(reason) if reason.contains("connect the workspace again")));
    let refreshed = slack.refresh(secret(&authorization)).await.unwrap();
    assert!(refreshed.expires_at.unwrap() > now());
    assert_eq!(slack.validate(&connected, Some(&refreshed.secret)).await, Ok(working));
    assert!(
        matches!(slack.refresh(secret(&authorization)).await, Err(Failure::Refused(_))),
        "it works once"
    );

    slack.revoke(&connected, Some(&refreshed.secret)).await.unwrap();
    assert_eq!(world.calls("apps.uninstall").await, 1);
    assert!(matches!(
        slack.validate(&connected, Some(&refreshed.secret)).await,
        Ok(Condition::Gone(_))
    ));
    slack.revoke(&connected, Some(&refreshed.secret)).await.unwrap();
    slack.revoke(&connected, None).await.unwrap();
}

#[tokio::test]
async fn an_organization_is_connected_as_a_whole() {
    let world = World::start().await;
    let slack = world.slack();
    let authorization = connect(&world, &*slack, "organization").await;
    assert_eq!(
        (&*authorization.account.id, &*authorization.account.name),
        ("E0ACME", "Acme Group")
    );
    let connected = connected(&*slack, &authorization);
    assert!(matches!(
        slack.validate(&connected, Some(secret(&authorization))).await,
        Ok(Condition::Working { .. })
    ));
    let listed = slack
        .synchronize(&connected, Some(secret(&authorization)))
        .await
        .unwrap();
    assert_eq!(names(&listed), ["deploys", "ops"]);
    assert_eq!(world.calls("auth.teams.list").await, 1);
}

#[tokio::test]
async fn channels_are_read_over_all_pages_or_not_at_all() {
    let world = World::with(|configuration| {
        let named = |number: usize| Named::new(format!("C{number:05}"), format!("team-{number:03}"));
        configuration.slack.channels = (0..450).map(named).collect();
    })
    .await;
    let slack = world.slack();
    let authorization = connect(&world, &*slack, "workspace").await;
    let connected = connected(&*slack, &authorization);
    let listed = slack
        .synchronize(&connected, Some(secret(&authorization)))
        .await
        .unwrap();
    assert_eq!(names(&listed).len(), 450);
    assert_eq!(world.calls("users.conversations").await, 3);
    world
        .control(
            "fault",
            json!({"method": "users.conversations", "kind": "delay", "ms": 0}),
        )
        .await;
    world.fault("users.conversations", "html", 3).await;
    assert!(matches!(
        slack.synchronize(&connected, Some(secret(&authorization))).await,
        Err(Failure::Unavailable(_))
    ));
    world
        .control(
            "fault",
            json!({"method": "users.conversations", "kind": "error", "error": "missing_scope"}),
        )
        .await;
    assert!(matches!(
        slack.synchronize(&connected, Some(secret(&authorization))).await,
        Err(Failure::Refused(_))
    ));
}

#[tokio::test]
async fn a_no_is_a_no() {
    let world = World::start().await;
    let slack = world.slack();
    let page = slack.begin(&begin(None)).unwrap();
    let journey = world
        .answer(&page, &[("decision", "deny"), ("install", "workspace")])
        .await;
    let completed = authorized(&*slack, &journey.returned(1, None)).await;
    assert!(matches!(completed, Err(Failure::Denied(_))));
    assert_eq!(world.calls("oauth.v2.access").await, 0);
}

#[tokio::test]
async fn what_slack_refuses_says_what_to_do() {
    let world = World::start().await;
    let slack = world.slack();
    let journey = consent(&world, &*slack, "workspace").await;
    let wrong = world.slack_with(&json!({"client_secret": "wrong"}));
    let Err(Failure::NotConfigured(reason)) = authorized(&*wrong, &journey.returned(1, None)).await else {
        panic!("a wrong secret")
    };
    assert!(
        reason.contains("slack.client_secret") && !reason.contains("wrong"),
        "{reason}"
    );

    let Err(Failure::Refused(reason)) = authorized(&*slack, &journey.returned(1, Some("T0OTHER"))).await else {
        panic!("another workspace")
    };
    assert!(reason.contains("T0OTHER"), "{reason}");
    let Err(Failure::Refused(reason)) = authorized(&*slack, &journey.returned(1, None)).await else {
        panic!("a used code")
    };
    assert!(reason.contains("start again"), "{reason}");

    world
        .control("next_consent", json!({"scopes": ["chat:write", "app_mentions:read"]}))
        .await;
    let journey = consent(&world, &*slack, "workspace").await;
    let Err(Failure::Refused(reason)) = authorized(&*slack, &journey.returned(1, None)).await else {
        panic!("missing scopes")
    };
    assert!(
        reason.contains("channels:read") && !reason.contains("chat:write"),
        "{reason}"
    );

    let nothing = Journey {
        parameters: [].into(),
        ..journey
    };
    assert!(matches!(
        authorized(&*slack, &nothing.returned(1, None)).await,
        Err(Failure::Refused(_))
    ));
}

#[tokio::test]
async fn a_code_is_exchanged_once_whatever_comes_back() {
    for kind in UNCLEAR {
        let world = World::start().await;
        let slack = world.slack();
        let journey = consent(&world, &*slack, "workspace").await;
        world.fault("oauth.v2.access", kind, 1).await;
        let completed = authorized(&*slack, &journey.returned(1, None)).await;
        assert!(
            matches!(completed, Err(Failure::Unavailable(_))),
            "{kind}: {completed:?}"
        );
        assert_eq!(world.calls("oauth.v2.access").await, 1, "{kind}");
    }
}

#[tokio::test]
async fn an_outage_says_nothing_about_the_connection() {
    let world = World::start().await;
    let slack = world.slack();
    let authorization = connect(&world, &*slack, "workspace").await;
    let connected = connected(&*slack, &authorization);
    for kind in UNCLEAR {
        let before = world.calls("auth.test").await;
        world.fault("auth.test", kind, 3).await;
        let condition = slack.validate(&connected, Some(secret(&authorization))).await;
        assert!(
            matches!(condition, Err(Failure::Unavailable(_))),
            "{kind}: {condition:?}"
        );
        assert_eq!(world.calls("auth.test").await - before, 3, "{kind}: it is asked again");
        world.fault("users.conversations", kind, 2).await;
        let listed = slack
            .synchronize(&connected, Some(secret(&authorization)))
            .await
            .unwrap();
        assert_eq!(names(&listed).len(), 2, "{kind}: a short outage isn't noticed");
    }
    world
        .control(
            "fault",
            json!({"method": "auth.test", "kind": "rate_limit", "retry_after": 60}),
        )
        .await;
    assert_eq!(
        slack.validate(&connected, Some(secret(&authorization))).await,
        Err(Failure::RateLimited(std::time::Duration::from_mins(1)))
    );
}

#[tokio::test]
async fn a_token_is_tried_before_it_is_taken() {
    let world = World::start().await;
    let slack = world.slack();
    let take = |token: &str| {
        let (slack, returned) = (slack.clone(), Returned::Token(token.into()));
        async move { authorized(&*slack, &returned).await }
    };
    let authorization = take("xoxb-sandbox").await.unwrap();
    assert_eq!(authorization.account.id, "T0ACME");
    assert_eq!(authorization.credential.as_ref().unwrap().expires_at, None);
    assert!(matches!(
        slack.refresh(secret(&authorization)).await,
        Err(Failure::Refused(_))
    ));
    assert!(matches!(take("xoxb-made-up").await, Err(Failure::Unauthorized(_))));
    for token in ["xapp-1-A", "xoxe.xoxb-1", "", "xoxb-a b"] {
        assert!(matches!(take(token).await, Err(Failure::Refused(_))), "{token}");
    }
    assert_eq!(
        world.calls("auth.test").await,
        2,
        "what can't be a bot token is shown to nobody"
    );
    assert!(matches!(
        authorized(&*slack, &Returned::Account("T0ACME".to_owned())).await,
        Err(Failure::Refused(_))
    ));
}

#[tokio::test]
async fn a_token_without_a_client_is_ended_by_itself() {
    let world = World::start().await;
    let slack = world.slack_with(&json!({"client_id": null, "client_secret": null, "signing_secret": "x"}));
    assert!(matches!(slack.begin(&begin(None)), Err(Failure::NotConfigured(_))));
    let authorization = authorized(&*slack, &Returned::Token("xoxb-sandbox".into()))
        .await
        .unwrap();
    let connected = connected(&*slack, &authorization);
    slack.revoke(&connected, Some(secret(&authorization))).await.unwrap();
    assert_eq!(world.calls("auth.revoke").await, 1);
    assert!(matches!(
        slack.validate(&connected, Some(secret(&authorization))).await,
        Ok(Condition::Broken(_))
    ));
    slack.revoke(&connected, Some(secret(&authorization))).await.unwrap();
}

#[tokio::test]
async fn an_app_that_was_taken_out_is_gone() {
    let world = World::start().await;
    let slack = world.slack();
    let authorization = connect(&world, &*slack, "workspace").await;
    world.control("slack_uninstall", json!({"timeout_ms": 1})).await;
    let condition = slack
        .validate(&connected(&*slack, &authorization), Some(secret(&authorization)))
        .await;
    assert!(matches!(condition, Ok(Condition::Gone(_))), "{condition:?}");
}
