//! What is read: one's own organization's rows, page by page, filtered.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    installation::Installation,
    log::{Events, place, two_organizations},
};

async fn filled() -> Installation {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    installation
}

#[tokio::test]
async fn a_bit_of_everything_is_read() {
    let installation = filled().await;
    let maya = installation.maya();
    let me = maya.get("/me").await.expect(200).json();
    assert_eq!(
        (me["user_id"].as_str(), me["role"].as_str()),
        (Some("user_maya"), Some("admin"))
    );
    assert_eq!(
        (me["name"].as_str(), me["organization_name"].as_str()),
        (Some("Maya"), Some("Acme"))
    );
    assert!(
        me["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it == "audit.read")
    );
    let organization = maya.get("/organization").await.expect(200).json();
    assert_eq!(
        (organization["id"].as_str(), organization["profile"].is_null()),
        (Some("acme"), true)
    );
    maya.get("/organization/profile").await.expect(404).detail();
    for (path, field, expected) in [
        ("/members", "user_id", &["user_maya", "user_tom"][..]),
        ("/members?role=admin", "user_id", &["user_maya"]),
        ("/integrations", "connector", &["github", "slack"]),
        ("/integrations", "state", &["not_started", "active"]),
        ("/channels", "name", &["deployments", "incidents"]),
        ("/channels?name_contains=INC", "name", &["incidents"]),
        ("/repositories", "name", &["acme/payments"]),
        ("/changes", "title", &["Change 103", "Change 102", "Change 101"]),
        ("/conversations", "channel_id", &["C1"]),
        ("/conversations?channel=C2", "id", &[]),
        ("/actions?state=proposed", "title", &["Run the tests again"]),
        ("/actions?state=executed", "title", &[]),
        ("/audit?action=credential_read", "count", &["2"]),
        ("/usage?until=2026-11-22&days=2", "changes", &["0", "3"]),
    ] {
        assert_eq!(maya.get(path).await.expect(200).rows(field), expected, "{path}");
    }
    let slack = maya.get("/integrations/slack").await.expect(200).json();
    assert_eq!(
        (slack["state"].as_str(), slack["account"]["name"].as_str()),
        (Some("active"), Some("Acme"))
    );
    let github = maya.get("/integrations/github").await.expect(200).json();
    assert_eq!(github["state"], "not_started");
    let thread = infragpt_events::conversation::id(&place("C1", "100.1"));
    let messages = maya
        .get(&format!("/conversations/{thread}/messages"))
        .await
        .expect(200)
        .json();
    assert_eq!(messages["data"][0]["answer"]["state"], "posted");
    assert_eq!(messages["data"][0]["answer"]["text"], "**payments** was deployed");
}

#[tokio::test]
async fn changes_are_filtered() {
    let installation = filled().await;
    let tom = installation.caller("user_tom", "acme");
    for (query, expected) in [
        ("repository=ACME/payments", &["Change 102", "Change 101"][..]),
        ("kinds=push", &["Change 103", "Change 101"]),
        ("kinds=release,push&actor=Mona", &["Change 102", "Change 101"]),
        ("actor=id-hubot", &["Change 103"]),
        ("since=2026-11-22T09:42:00Z&until=2026-11-22T09:43:00Z", &["Change 102"]),
        ("until=2026-11-22T10:42:00%2B01:00", &["Change 101"]),
        ("since=2026-11-23T00:00:00Z&until=2026-11-22T00:00:00Z", &[]),
        (
            "since=0000-01-01T00:00:00Z&until=9999-12-31T23:59:60Z",
            &["Change 103", "Change 102", "Change 101"],
        ),
        ("repository=%F0%9F%A6%80", &[]),
    ] {
        let found = tom.get(&format!("/changes?{query}")).await.expect(200);
        assert_eq!(found.rows("title"), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_one_another_and_end() {
    let installation = filled().await;
    let maya = installation.maya();
    for path in ["/changes", "/members", "/channels", "/audit"] {
        let whole = maya.get(path).await.expect(200);
        let all = whole.json()["data"].as_array().unwrap().clone();
        assert!(whole.json()["next_cursor"].is_null(), "{path}");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = maya
                .get(&format!("{path}?limit=1&cursor={cursor}"))
                .await
                .expect(200)
                .json();
            assert_eq!(page["data"].as_array().unwrap().len(), 1, "{path}");
            seen.push(page["data"][0].clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, all, "{path}");
    }
    let other = maya.get("/changes?limit=1").await.json()["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let detail = maya.get(&format!("/audit?cursor={other}")).await.expect(404).detail();
    assert!(detail.contains("leads nowhere"), "{detail}");
}

#[tokio::test]
async fn another_organization_s_rows_are_not_there() {
    let installation = filled().await;
    let (maya, gus) = (installation.maya(), installation.caller("user_gus", "globex"));
    for (path, field) in [
        ("/members", "user_id"),
        ("/changes", "id"),
        ("/conversations", "id"),
        ("/actions", "id"),
        ("/audit", "id"),
    ] {
        let ours: BTreeSet<_> = maya.get(path).await.expect(200).rows(field).into_iter().collect();
        let theirs: BTreeSet<_> = gus.get(path).await.expect(200).rows(field).into_iter().collect();
        assert!(!ours.is_empty() && !theirs.is_empty(), "{path}");
        assert!(ours.is_disjoint(&theirs), "{path}");
    }
    let change = gus.get("/changes").await.rows("id").remove(0);
    gus.get(&format!("/changes/{change}")).await.expect(200);
    let detail = maya.get(&format!("/changes/{change}")).await.expect(404).detail();
    assert_eq!(detail, "There is no such change.");
    let thread = infragpt_events::conversation::id(&place("C1", "200.1"));
    for path in [
        format!("/conversations/{thread}"),
        format!("/conversations/{thread}/messages"),
    ] {
        gus.get(&path).await.expect(200);
        maya.get(&path).await.expect(404).detail();
    }
    // With a cursor of theirs one still reads one's own.
    let cursor = gus.get("/changes?limit=1").await.json()["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = maya
        .get(&format!("/changes?cursor={cursor}"))
        .await
        .expect(200)
        .rows("title");
    assert_eq!(read, ["Change 103", "Change 102", "Change 101"]);
}

#[tokio::test]
async fn the_whole_audit_is_exported_however_long_it_is() {
    let installation = Installation::start().await;
    let acme = Events::of("acme").member("user_maya", "Maya", infragpt_events::organization::Role::Admin);
    let many = (1..=2_100).fold(acme, |events, number| events.opened(number, 1));
    installation.apply(many).await;
    let maya = installation.maya();
    let export = maya.get("/audit/export?action=credential_read").await.expect(200);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    assert!(export.header("content-disposition").contains("audit.ndjson"));
    let entries: Vec<serde_json::Value> = export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: BTreeSet<_> = entries.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!((entries.len(), ids.len()), (2_100, 2_100));
    let newest = maya.get("/audit?action=credential_read&limit=1").await.json();
    assert_eq!(newest["data"][0], entries[0]);
    assert_eq!(maya.get("/audit/export?action=nothing").await.expect(200).text, "");
}

#[tokio::test]
async fn what_can_t_be_meant_is_refused_and_what_is_no_name_is_not_found() {
    let installation = filled().await;
    let maya = installation.maya();
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "unknown=1",
        "repository=",
        "repository=%00",
        "repository=%FF",
        "kinds=",
        "kinds=pull",
        "since=yesterday",
        "since=2026-13-01T00:00:00Z",
        "until=",
        "actor=a%0Ab",
    ] {
        let detail = maya.get(&format!("/changes?{query}")).await.expect(400).detail();
        assert!(!detail.is_empty(), "{query}");
    }
    for path in [
        "/me?x=1",
        "/organization?x",
        "/usage?days=0",
        "/members?role=owner",
        "/integrations/slack?x=1",
    ] {
        maya.get(path).await.expect(400).detail();
    }
    let id = Uuid::from_u128(101);
    maya.get(&format!("/changes/{id}")).await.expect(200);
    for name in [
        "x",
        "%00",
        "%FF",
        "..%2F",
        "%20",
        &id.simple().to_string(),
        &Uuid::nil().to_string(),
    ] {
        maya.get(&format!("/changes/{name}")).await.expect(404).detail();
        maya.get(&format!("/conversations/{name}/messages"))
            .await
            .expect(404)
            .detail();
        maya.get(&format!("/integrations/{name}")).await.expect(404).detail();
    }
    for cursor in ["x", "%00", "bnVsbA", "eyJ1c2VyX2lkIjoiXHUwMDAwIn0"] {
        maya.get(&format!("/members?cursor={cursor}"))
            .await
            .expect(404)
            .detail();
    }
}
