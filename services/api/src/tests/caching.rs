//! What is not sent again, what browsers may share, and what they are kept from.

use axum::{
    body::Body,
    http::{Method, header},
};

use super::{
    installation::{FRIEND, Installation, request},
    log::{Events, two_organizations},
};

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let maya = installation.maya();
    let first = maya.get("/changes").await.expect(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let again = maya.get_with("/changes", &[("if-none-match", &tag)]).await.expect(304);
    assert_eq!(
        (again.text.as_str(), again.header("etag"), again.header("content-type")),
        ("", tag.as_str(), "")
    );
    maya.get_with("/changes", &[("if-none-match", &format!("\"x\", W/{tag}"))])
        .await
        .expect(304);
    maya.get_with("/changes", &[("if-none-match", "\"x\"")])
        .await
        .expect(200);
    // Globex's changes are others: so is their tag.
    let theirs = installation
        .caller("user_gus", "globex")
        .get("/changes")
        .await
        .expect(200);
    assert_ne!(theirs.header("etag"), tag);
    let export = maya.get("/audit/export").await.expect(200);
    assert_eq!(
        (export.header("etag"), export.header("cache-control")),
        ("", "no-store")
    );
    let problem = maya.get("/nowhere").await.expect(404);
    assert_eq!(problem.header("etag"), "");
}

#[tokio::test]
async fn browsers_are_told_what_not_to_do() {
    let installation = Installation::start().await;
    installation
        .apply(Events::of("acme").member("user_maya", "Maya", infragpt_events::organization::Role::Admin))
        .await;
    for answer in [
        installation.maya().get("/me").await.expect(200),
        installation.maya().get("/nowhere").await,
    ] {
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        let vary: Vec<_> = answer.headers.get_all(header::VARY).iter().collect();
        assert_eq!(vary, ["Origin", "Authorization, Cookie"]);
    }
}

#[tokio::test]
async fn only_configured_pages_of_others_may_read() {
    let installation = Installation::start().await;
    let ask = async |method: Method, origin: &str, headers: &[(&str, &str)]| {
        let mut asked = request(method, "/changes").header(header::ORIGIN, origin);
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        installation.send(asked.body(Body::empty()).unwrap()).await
    };
    let beforehand = [
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let friend = ask(Method::OPTIONS, FRIEND, &beforehand).await.expect(204);
    assert_eq!(friend.header("access-control-allow-origin"), FRIEND);
    assert_eq!(friend.header("access-control-allow-credentials"), "true");
    assert_eq!(friend.header("access-control-allow-methods"), "GET, PUT, POST, DELETE");
    assert!(
        friend
            .header("access-control-allow-headers")
            .contains("Idempotency-Key")
    );
    // The problem can be read, too: what to do stands in it.
    let refused = ask(Method::GET, FRIEND, &[]).await.expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), FRIEND);
    assert!(
        refused
            .header("access-control-expose-headers")
            .contains("RateLimit-Remaining")
    );
    for stranger in ["https://evil.test", "null", "https://app.test.evil.test"] {
        let answer = ask(Method::OPTIONS, stranger, &beforehand).await.expect(405);
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(
            ask(Method::GET, stranger, &[])
                .await
                .header("access-control-allow-origin"),
            ""
        );
    }
}
