//! Credentials while they are used: rotation of tokens and keys, crashes, and what is left of them afterwards.

use infragpt::configuration::NatsUser;
use infragpt_events::ConnectorKind;
use infragpt_nats::{Cause, Log};
use infragpt_vault::{Credential, KeyRing, Owner, Purpose, Reader, Vault};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::harness::App;

async fn connected(adjust: impl FnOnce(&mut infragpt::environment::Options)) -> App {
    let mut app = App::start_without_roles(adjust).await;
    app.installation.start_roles().await.unwrap();
    app.installation.connect_organization().await.unwrap();
    app.settled().await.unwrap();
    app
}

/// The names of the events of all credentials.
async fn credential_events(app: &App) -> Vec<String> {
    let connection = app.installation.connect(NatsUser::Integrations).await.unwrap();
    let stored = Log::new(&connection).read("CREDENTIALS", ">", 0).await.unwrap();
    connection.drain().await;
    stored.iter().map(|event| event.token(4).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once_for_all_who_need_it() {
    let app = connected(|_| {}).await;
    app.control.call("expire_tokens", &json!({})).await.unwrap();
    let asked = (0..6).map(|_| app.say(json!({ "text": "status", "via": "socket" })));
    let asked: Vec<_> = futures::future::try_join_all(asked).await.unwrap();
    for said in &asked {
        app.answer(said).await.unwrap();
    }
    app.settled().await.unwrap();
    assert_eq!(credential_events(&app).await, ["stored", "refreshed"]);
    app.finish().await;
}

#[tokio::test]
async fn keys_are_rotated_while_everything_runs() {
    let mut app = connected(|_| {}).await;
    let old = app.installation.environment()["INFRAGPT_ENCRYPTION_KEYS"].clone();
    let new = KeyRing::generate().expose_secret().to_owned();
    let restart = async |app: &mut App, keys: &str| {
        app.installation.roles.take().unwrap().stop().await.unwrap();
        app.installation.set("INFRAGPT_ENCRYPTION_KEYS", keys);
        app.installation.start_roles().await.unwrap();
    };
    restart(&mut app, &format!("{new},{old}")).await;
    let rotated: Value =
        serde_json::from_str(&app.installation.infragpt(&["keys", "rotate", "--json"]).await.unwrap()).unwrap();
    assert_eq!((&rotated["rewrapped"], &rotated["already"]), (&json!(1), &json!(0)));
    let status = app.installation.infragpt(&["keys", "status"]).await.unwrap();
    assert!(
        status.contains("current") && !status.contains("NOT CONFIGURED"),
        "{status}"
    );
    restart(&mut app, &new).await;
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    assert_eq!(credential_events(&app).await, ["stored", "rewrapped"]);
    // With the old key alone the credential can't be read, and that is said.
    restart(&mut app, &old).await;
    let status = app.installation.infragpt(&["keys", "status"]).await.unwrap();
    assert!(status.contains("NOT CONFIGURED"), "{status}");
    let refused = app
        .installation
        .infragpt(&["keys", "rotate"])
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("not configured"), "{refused}");
    restart(&mut app, &new).await;
    app.finish().await;
}

/// Slack hangs while it is asked to end the token, and everything of ours is killed: the log remembers that it ended.
#[tokio::test]
async fn a_disconnection_that_was_cut_off_is_finished() {
    let mut app = connected(|_| {}).await;
    let hang = json!({ "method": "apps.uninstall", "kind": "hang_after", "times": 1 });
    app.control.call("fault", &hang).await.unwrap();
    let disconnecting = app
        .installation
        .infragpt(&["integrations", "disconnect", "slack", "--organization", "acme"]);
    let cut_off = async {
        app.until("the disconnected event", async || {
            let ended = app.log.read("EVENTS", "events.integration.*.*.disconnected", 0).await?;
            Ok((!ended.is_empty()).then_some(()))
        })
        .await
        .unwrap();
    };
    tokio::select! {
        _ = disconnecting => {}
        () = cut_off => {}
    }
    app.installation.kill_roles().await.unwrap();
    app.installation.start_roles().await.unwrap();
    app.settled().await.unwrap();
    let events = credential_events(&app).await;
    assert_eq!(events.last().map(String::as_str), Some("shredded"), "{events:?}");
    assert_eq!(app.log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages, 0);
    app.installation.connect_organization().await.unwrap();
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    app.finish().await;
}

#[tokio::test]
async fn every_use_of_a_credential_is_on_record() {
    let app = connected(|_| {}).await;
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    let purposes = app
        .until("the record of the post", async || {
            let records = app.log.read("EVENTS", "events.audit.acme.>", 0).await?;
            let purposes: Vec<String> = records
                .iter()
                .filter_map(|record| serde_json::from_slice::<Value>(&record.payload).ok())
                .filter(|record| record["action"] == "credential_read")
                .filter_map(|record| record["purpose"].as_str().map(str::to_owned))
                .collect();
            Ok(purposes.iter().any(|purpose| purpose == "post").then_some(purposes))
        })
        .await
        .unwrap();
    assert!(purposes.iter().any(|purpose| purpose == "synchronize"), "{purposes:?}");
    app.finish().await;
}

/// Slack is down while a connection is ended: it is asked again, nothing is let go before, and everything is afterwards.
#[tokio::test]
async fn an_end_that_is_not_confirmed_is_asked_for_again() {
    let app = connected(|options| {
        options
            .environment
            .insert("INFRAGPT_INTEGRATIONS_PROBE_SECONDS".into(), "1".into());
    })
    .await;
    // What a crash in the middle of an authorization may have left.
    let connection = app.installation.connect(NatsUser::Integrations).await.unwrap();
    let keys = app.installation.environment()["INFRAGPT_ENCRYPTION_KEYS"].clone();
    let vault = Vault::new(&connection, KeyRing::parse(&keys.into()).unwrap(), infragpt::serve::now);
    let owner = Owner::new("acme".parse().unwrap(), ConnectorKind::parse("slack").unwrap());
    let reader = Reader {
        actor: "operator:test".into(),
        correlation: None,
        origin: infragpt_nats::Origin::default(),
    };
    let kept = vault.read(&owner, Purpose::Read, &reader).await.unwrap();
    let credential = Credential {
        secret: kept.credential,
        expires_at: kept.expires_at,
    };
    let cause = Cause {
        id: "cut-off".into(),
        correlation: "cut-off".into(),
        actor: "operator:test".into(),
        time: infragpt::serve::now(),
        traceparent: None,
        origin: infragpt_nats::Origin::default(),
    };
    vault.store(&owner, &credential, &cause).await.unwrap();
    let down = json!({ "method": "apps.uninstall", "kind": "status", "times": 10 });
    app.control.call("fault", &down).await.unwrap();
    let said = app
        .installation
        .infragpt(&["integrations", "disconnect", "slack", "--organization", "acme"])
        .await
        .unwrap();
    assert!(said.contains("asked again"), "{said}");
    assert_eq!(app.log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages, 2);
    app.until("all of it to be ended", async || {
        Ok((app.log.stream("KV_CREDENTIAL_KEYS").await?.messages == 0).then_some(()))
    })
    .await
    .unwrap();
    app.settled().await.unwrap();
    let state = app.control.call("state", &json!({})).await.unwrap();
    let asked: Vec<&Value> = state["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["method"] == "apps.uninstall")
        .collect();
    assert!(asked.len() > 10 && asked.last().unwrap()["ok"] == true, "{asked:?}");
    let events = credential_events(&app).await;
    assert_eq!(events, ["stored", "stored", "revoked", "shredded", "shredded"]);
    connection.drain().await;
    app.finish().await;
}
