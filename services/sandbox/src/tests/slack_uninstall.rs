use std::time::Duration;

use serde_json::{Value, json};

use super::{
    World,
    app::App,
    slack_oauth::{access, call, code},
    socket_mode::Socket,
};

const CALLBACK: &str = "http://127.0.0.1:9/callback?tenant=acme";

async fn token(world: &World, install: &str) -> String {
    let code = code(world, "chat:write", install).await;
    let issued = access(world, &[("code", &code), ("redirect_uri", CALLBACK)]).await;
    issued["access_token"].as_str().unwrap().to_owned()
}

/// The inner events that reached the app, once there are `count`, without the challenge.
async fn events(app: &App, count: usize) -> Vec<Value> {
    let arrived = async {
        while app.requests().len() < count + 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrived).await.unwrap();
    app.requests().iter().skip(1).map(super::app::Request::json).collect()
}

#[tokio::test]
async fn a_revoked_token_is_told_and_dead() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    world.control("url_verification", json!({ "url": url })).await;
    let token = token(&world, "workspace").await;
    let tried = call(&world, &token, "auth.revoke", json!({ "test": "1" })).await;
    assert_eq!(tried, json!({ "ok": true, "revoked": false }));
    assert_eq!(
        call(&world, &token, "auth.revoke", json!({})).await,
        json!({ "ok": true, "revoked": true })
    );
    assert_eq!(
        call(&world, &token, "auth.test", json!({})).await["error"],
        "token_revoked"
    );
    let told = events(&app, 1).await;
    assert_eq!(told[0]["type"], "event_callback");
    assert_eq!(told[0]["event"]["type"], "tokens_revoked");
    assert_eq!(
        told[0]["event"]["tokens"],
        json!({ "oauth": [], "bot": ["U0INFRAGPT"] })
    );
    assert_eq!(world.slack("auth.test", json!({})).await["ok"], true);
}

#[tokio::test]
async fn an_app_uninstalls_itself_and_comes_back_by_consent() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    world.control("url_verification", json!({ "url": url })).await;
    let token = token(&world, "workspace").await;
    let uninstall = |id: &str, secret: &str| {
        let arguments = json!({ "client_id": id, "client_secret": secret });
        call(&world, &token, "apps.uninstall", arguments)
    };
    let secret = "sandbox-slack-client-secret";
    assert_eq!(uninstall("1", secret).await["error"], "client_id_token_mismatch");
    assert_eq!(uninstall("1111.2222", "1").await["error"], "bad_client_secret");
    assert_eq!(uninstall("1111.2222", secret).await, json!({ "ok": true }));
    let told = events(&app, 2).await;
    let types: Vec<_> = told.iter().map(|it| it["event"]["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["tokens_revoked", "app_uninstalled"]);
    assert_eq!(
        call(&world, &token, "auth.test", json!({})).await["error"],
        "account_inactive"
    );
    assert_eq!(world.slack("auth.test", json!({})).await["error"], "account_inactive");
    code(&world, "chat:write", "workspace").await;
    assert_eq!(world.slack("auth.test", json!({})).await["ok"], true);
    assert_eq!(
        call(&world, &token, "auth.test", json!({})).await["error"],
        "account_inactive"
    );
}

#[tokio::test]
async fn an_uninstallation_is_told_in_either_order() {
    for (order, expected) in [
        ("tokens_first", ["tokens_revoked", "app_uninstalled"]),
        ("app_first", ["app_uninstalled", "tokens_revoked"]),
    ] {
        let world = World::start().await;
        let (app, url) = App::start().await;
        world.control("url_verification", json!({ "url": url })).await;
        token(&world, "organization").await;
        let answer = world
            .control("slack_uninstall", json!({ "order": order, "via": "http" }))
            .await;
        assert_eq!(
            (&answer["acked"], &answer["statuses"]),
            (&json!(true), &json!([200, 200]))
        );
        let told = events(&app, 2).await;
        let types: Vec<_> = told.iter().map(|it| it["event"]["type"].as_str().unwrap()).collect();
        assert_eq!(types, expected);
        assert_eq!(told[0]["enterprise_id"], "E0ACME");
        assert_eq!(told[0]["authorizations"][0]["is_enterprise_install"], true);
        assert_eq!(told[0]["authorizations"][0]["team_id"], Value::Null);
        assert_eq!(world.slack("auth.test", json!({})).await["error"], "account_inactive");
        world.control("reset", json!({})).await;
        assert_eq!(world.slack("auth.test", json!({})).await["ok"], true);
    }
}

#[tokio::test]
async fn over_socket_mode_the_end_is_told_there() {
    let world = World::start().await;
    let (mut socket, _) = Socket::open(&world).await;
    let token = token(&world, "workspace").await;
    let secrets = json!({ "client_id": "1111.2222", "client_secret": "sandbox-slack-client-secret" });
    assert_eq!(call(&world, &token, "apps.uninstall", secrets).await["ok"], true);
    for expected in ["tokens_revoked", "app_uninstalled"] {
        let envelope = socket.frame().await.unwrap();
        assert_eq!(envelope["payload"]["event"]["type"], expected);
        socket.ack(&envelope, Value::Null).await;
    }
}
