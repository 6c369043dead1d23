//! Who is not let in, and what nobody may do.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use super::{
    installation::{FRIEND, Installation, ORIGIN, Options, request},
    log::two_organizations,
};

async fn filled() -> Installation {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    installation
}

fn profile() -> serde_json::Value {
    json!({ "company_size": "1-10", "team_size": "1-5", "use_cases": [], "observability": [] })
}

#[tokio::test]
async fn without_a_good_session_nobody_is_let_in() {
    let installation = filled().await;
    let token = installation.token("user_maya", Some("acme"));
    let ask = async |headers: &[(&str, String)]| {
        let mut asked = request(Method::GET, "/changes");
        for (name, value) in headers {
            asked = asked.header(*name, value);
        }
        installation.send(asked.body(Body::empty()).unwrap()).await
    };
    let nobody = ask(&[]).await.expect(401);
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    insta::assert_snapshot!(nobody.detail(), @"Sign in first: this request has no session.");
    assert!(
        nobody.header("ratelimit-limit").is_empty(),
        "nobody's organization is counted"
    );
    let other = installation.token("user_tom", Some("acme"));
    for headers in [
        vec![("authorization", "Bearer x.y.z".to_owned())],
        vec![("authorization", format!("Basic {token}"))],
        vec![("authorization", format!("Bearer {token}x"))],
        vec![("cookie", "__session=x".to_owned())],
        vec![
            ("authorization", format!("Bearer {token}")),
            ("cookie", format!("__session={other}")),
        ],
    ] {
        let refused = ask(&headers).await.expect(401);
        assert_eq!(
            refused.header("www-authenticate"),
            r#"Bearer error="invalid_token""#,
            "{headers:?}"
        );
        refused.detail();
    }
    ask(&[("authorization", format!("Bearer {token}"))]).await.expect(200);
    ask(&[("cookie", format!("a=b; __session={token}"))]).await.expect(200);
    ask(&[
        ("authorization", format!("Bearer {token}")),
        ("cookie", format!("__session={token}")),
    ])
    .await
    .expect(200);
    let nowhere = installation.token("user_maya", None);
    let refused = ask(&[("authorization", format!("Bearer {nowhere}"))]).await.expect(403);
    assert!(refused.detail().contains("choose one"));
}

#[tokio::test]
async fn whose_membership_is_not_known_is_not_let_in() {
    let installation = Installation::start().await;
    // Clerk says that she belongs to it; here nobody has heard of that.
    let refused = installation.maya().get("/me").await.expect(403);
    insta::assert_snapshot!(refused.detail(), @"You are no member of this organization, as far as is known here. Whoever was just added waits a moment and tries again.");
}

#[tokio::test]
async fn a_refusal_is_in_the_audit_with_who_and_from_where() {
    let installation = filled().await;
    installation.start_roles().await;
    let tom = installation.caller("user_tom", "acme");
    let refused = super::installation::until("the refusal to be noted", async || {
        let refused = tom.get("/audit").await.expect(403);
        let noted = installation.stored("events.audit.acme.*.recorded").await;
        noted.first().cloned().map(|noted| (refused, noted))
    })
    .await;
    let (refused, noted) = refused;
    assert_eq!(
        refused.detail(),
        "This needs the permission `audit.read`, which administrators have."
    );
    assert_eq!(noted.envelope.actor.as_deref(), Some("user:user_tom"));
    let recorded: serde_json::Value = serde_json::from_slice(&noted.payload).unwrap();
    assert_eq!(
        (recorded["action"].as_str(), recorded["purpose"].as_str()),
        (Some("access_refused"), Some("audit.read"))
    );
}

#[tokio::test]
async fn an_organization_s_hurry_is_its_own() {
    let options = Options {
        rate_per_minute: 1,
        rate_burst: 3,
        ..Options::default()
    };
    let installation = Installation::start_with(options).await;
    installation.apply(two_organizations()).await;
    let (maya, gus) = (installation.maya(), installation.caller("user_gus", "globex"));
    for (left, reset) in [("2", "60"), ("1", "120"), ("0", "180")] {
        let answer = maya.get("/me").await.expect(200);
        assert_eq!(
            (answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")),
            ("3", left)
        );
        assert_eq!(answer.header("ratelimit-reset"), reset);
    }
    let refused = maya.get("/me").await.expect(429);
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((30..=60).contains(&wait), "{wait}");
    assert!(refused.detail().contains(&format!("Try again in {wait} seconds")));
    gus.get("/me").await.expect(200);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_done_are_problems() {
    let installation = filled().await;
    let maya = installation.maya();
    for path in ["/nowhere", "/changes/", "/audit/export/x", ""] {
        let missing = maya.get(path).await.expect(404);
        assert_eq!(missing.detail(), format!("There is nothing at `/api/v1{path}`."));
    }
    for (method, path, allowed) in [
        (Method::POST, "/changes", "GET,HEAD"),
        (Method::TRACE, "/changes", "GET,HEAD"),
        (Method::OPTIONS, "/changes", "GET,HEAD"),
        (Method::PATCH, "/organization/profile", "GET,HEAD,PUT"),
        (Method::PUT, "/integrations/slack", "GET,HEAD,DELETE"),
        (Method::GET, "/integrations/slack/validations", "POST"),
        (Method::POST, "/openapi.json", "GET,HEAD"),
    ] {
        let refused = maya.call(method.clone(), path, &[], None).await.expect(405);
        assert_eq!(refused.header("allow"), allowed, "{method} {path}");
        refused.detail();
    }
    let head = maya.call(Method::HEAD, "/changes", &[], None).await.expect(200);
    assert_eq!(head.text, "");
}

#[tokio::test]
async fn bodies_are_read_strictly_and_not_without_end() {
    let installation = filled().await;
    let token = installation.token("user_maya", Some("acme"));
    let send = async |method: Method, path: &str, kind: &str, body: String| {
        let request = request(method, path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body));
        let answer = installation.send(request.unwrap()).await;
        answer.detail();
        answer.status
    };
    let (put, profile) = (Method::PUT, profile().to_string());
    let json = "application/json";
    assert_eq!(
        send(put.clone(), "/organization/profile", "text/plain", profile.clone()).await,
        415
    );
    assert_eq!(
        send(put.clone(), "/organization/profile", json, String::new()).await,
        400
    );
    assert_eq!(
        send(put.clone(), "/organization/profile", json, "[]".to_owned()).await,
        400
    );
    assert_eq!(
        send(put.clone(), "/organization/profile", json, "{\"a\":1}".to_owned()).await,
        400
    );
    let padded = format!("{profile}{}", " ".repeat(64 * 1024));
    assert_eq!(send(put, "/organization/profile", json, padded).await, 413);
    assert_eq!(
        send(Method::POST, "/integrations/slack/validations", json, "{}".to_owned()).await,
        400
    );
    let account = json!({ "account": "a b" }).to_string();
    assert_eq!(
        send(Method::POST, "/integrations/slack/authorizations", json, account).await,
        400
    );
    // A body of unknown length is not read further than a known one.
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b' '; 4096])));
    let request = request(Method::PUT, "/organization/profile")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from_stream(endless));
    installation.send(request.unwrap()).await.expect(413).detail();
}

#[tokio::test]
async fn a_browser_s_own_session_writes_only_from_pages_that_may() {
    let installation = filled().await;
    let token = installation.token("user_maya", Some("acme"));
    let write = async |origins: &[&str]| {
        let mut asked = request(Method::PUT, "/organization/profile")
            .header(header::COOKIE, format!("__session={token}"))
            .header(header::CONTENT_TYPE, "application/json");
        for origin in origins {
            asked = asked.header(header::ORIGIN, *origin);
        }
        installation.send(asked.body(Body::from("{}")).unwrap()).await.status
    };
    // 400: it was let in, and its body is wrong.
    assert_eq!(write(&[ORIGIN]).await, 400);
    assert_eq!(write(&[FRIEND]).await, 400);
    for foreign in [
        &[][..],
        &["https://evil.test"],
        &["null"],
        &[ORIGIN, ORIGIN],
        &["https://infragpt.test.evil.test"],
    ] {
        assert_eq!(write(foreign).await, 403, "{foreign:?}");
    }
}

#[tokio::test]
async fn a_position_is_waited_for_and_not_for_ever() {
    let installation = filled().await;
    let maya = installation.maya();
    maya.get_with("/me", &[("infragpt-position", "0")]).await.expect(200);
    maya.get_with("/me", &[("infragpt-position", "soon")])
        .await
        .expect(400)
        .detail();
    let behind = maya.get_with("/me", &[("infragpt-position", "4711")]).await.expect(503);
    assert_eq!(behind.header("retry-after"), "1");
    assert!(behind.detail().contains("not readable yet"));
}

#[tokio::test]
async fn without_the_other_roles_a_command_is_no_mystery() {
    let installation = filled().await;
    let maya = installation.maya();
    for (method, path, body) in [
        (Method::PUT, "/organization/profile", Some(profile())),
        (Method::POST, "/integrations/slack/authorizations", None),
        (Method::GET, "/integrations/slack/health", None),
    ] {
        let refused = maya.call(method, path, &[], body).await.expect(503);
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(refused.detail(), "What this needs is not there right now: try again.");
    }
}

#[tokio::test]
async fn a_request_without_the_layers_of_serving_still_has_its_id() {
    let installation = filled().await;
    let asked = Request::builder().uri("/api/v1/nowhere").header("x-request-id", "r-9");
    let missing = installation.send(asked.body(Body::empty()).unwrap()).await.expect(404);
    assert_eq!(missing.header("x-request-id"), "r-9");
}
