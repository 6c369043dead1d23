//! Coming back from an external system: whoever does is who their browser's session says.

use std::time::Duration;

use axum::{body::Body, http::Request};
use infragpt_nats::{Call, Service};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    answer::Answer,
    installation::{Installation, until},
};

/// The role `integrations`, which says what it was asked.
async fn echo(installation: &Installation) -> CancellationToken {
    let stop = CancellationToken::new();
    let connection = installation.connect("integrations").await;
    let service = Service::new(&connection, "integration", "1.0.0", "A stand-in").endpoint(
        "integration.v1.authorize",
        async |call: Call| {
            let request: Value = call.json()?;
            Ok(json!({ "outcome": "waiting", "message": request.to_string() }))
        },
    );
    let stopped = stop.clone();
    tokio::spawn(async move { service.run(stopped).await.unwrap() });
    stop
}

async fn come_back(installation: &Installation, cookie: Option<String>) -> Answer {
    until("the role `integrations`", async || {
        let mut asked = Request::builder()
            .uri("/oauth/slack/callback?state=s.1&code=c.1")
            .header("x-request-id", "r-7");
        if let Some(cookie) = &cookie {
            asked = asked.header("cookie", cookie);
        }
        let answer = installation.send(asked.body(Body::empty()).unwrap()).await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn whoever_comes_back_is_who_their_session_says_even_a_little_late() {
    let installation = Installation::start().await;
    let _stop = echo(&installation).await;
    let maya = format!("__session={}", installation.token("user_maya", Some("acme")));
    let page = come_back(&installation, Some(maya)).await.expect(200).text;
    for said in [r#""actor":"user:user_maya""#, r#""request":"r-7""#, r#""state":"s.1""#] {
        assert!(page.contains(&said.replace('"', "&quot;")), "{said}: {page}");
    }
    let late = installation
        .sandbox
        .session_token("user_maya", None, Duration::ZERO)
        .unwrap();
    let page = come_back(&installation, Some(format!("__session={late}")))
        .await
        .expect(200)
        .text;
    assert!(page.contains("user:user_maya"), "{page}");
    for nobody in [
        None,
        Some("__session=x.y.z".to_owned()),
        Some("__session=a; __session=b".to_owned()),
    ] {
        let page = come_back(&installation, nobody).await.expect(200).text;
        assert!(page.contains("&quot;actor&quot;:null"), "{page}");
    }
}
