//! The outbound half against a Slack made for each test.

use std::sync::Mutex;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::*;

type Answering = dyn Fn(&str, usize, &str) -> Response + Send + Sync;

/// What Slack was asked, and how it answers: by method, number of the request and body.
struct Slack {
    asked: Mutex<Vec<(String, String)>>,
    answering: Box<Answering>,
}

async fn respond(State(slack): State<Arc<Slack>>, Path(method): Path<String>, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let number = {
        let mut asked = slack.asked.lock().unwrap();
        asked.push((method.clone(), body.clone()));
        asked.len()
    };
    (slack.answering)(&method, number, &body)
}

fn json(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

fn identity() -> Response {
    json(&json!({"ok": true, "team": "Acme", "team_id": "T0ACME", "user_id": "U0BOT"}))
}

async fn outbound(answering: impl Fn(&str, usize, &str) -> Response + Send + Sync + 'static) -> (Outbound, Arc<Slack>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let slack = Arc::new(Slack {
        asked: Mutex::default(),
        answering: Box::new(answering),
    });
    let router = Router::new()
        .route("/api/{method}", post(respond))
        .with_state(Arc::clone(&slack));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let api = WebApi::new(&format!("http://{address}/api"), SecretString::from("xoxb-test")).unwrap();
    (
        Outbound {
            api,
            identity: OnceCell::new(),
        },
        slack,
    )
}

fn answer(text: &str, look_first: bool) -> post::Post {
    serde_json::from_value(json!({
        "organization": "acme", "account": "T0ACME", "channel": "C0OPS", "thread": "1.1",
        "answer_id": Uuid::nil(), "text": text, "look_first": look_first,
    }))
    .unwrap()
}

fn methods(slack: &Slack) -> Vec<String> {
    slack
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(method, _)| method.clone())
        .collect()
}

fn posted(id: &str, found: bool) -> Value {
    json!({"posted_id": id, "found": found})
}

async fn post_as_json(outbound: &Outbound, post: post::Post) -> Result<Value, u16> {
    let posted = outbound.post(post).await.map_err(|error| error.code)?;
    Ok(serde_json::to_value(posted).unwrap())
}

#[tokio::test]
async fn an_answer_is_posted_in_its_thread() {
    let (outbound, slack) = outbound(|method, _, _| match method {
        "auth.test" => identity(),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    assert_eq!(
        post_as_json(&outbound, answer("hello @here", false)).await,
        Ok(posted("2.2", false))
    );
    assert_eq!(
        post_as_json(&outbound, answer("again", false)).await,
        Ok(posted("2.2", false))
    );
    assert_eq!(methods(&slack), ["auth.test", "chat.postMessage", "chat.postMessage"]);
    let body: Value = serde_json::from_str(&slack.asked.lock().unwrap()[1].1).unwrap();
    assert_eq!(body["thread_ts"], "1.1");
    assert_eq!(body["blocks"][0]["text"], "hello @\u{200B}here");
    assert_eq!(body["metadata"]["event_payload"]["answer_id"], Uuid::nil().to_string());
}

#[tokio::test]
async fn an_answer_that_stands_already_is_found_on_a_later_page() {
    let (outbound, slack) = outbound(|method, number, _| match method {
        "auth.test" => identity(),
        "conversations.replies" if number == 2 => json(&json!({
            "ok": true, "messages": [{"ts": "1.1"}], "response_metadata": {"next_cursor": "more"},
        })),
        "conversations.replies" => json(&json!({"ok": true, "messages": [
            {"ts": "1.5", "metadata": {"event_type": "other", "event_payload": {}}},
            {"ts": "1.7", "user": "U0FORGER", "text": "not ours",
                "metadata": {"event_type": "infragpt_answer", "event_payload": {"answer_id": Uuid::nil()}}},
            {"ts": "1.9", "user": "U0BOT", "text": "plain", "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}, {"type": "markdown", "text": "what stands"}],
                "metadata": {"event_type": "infragpt_answer", "event_payload": {"answer_id": Uuid::nil()}}},
        ]})),
        other => panic!("{other}"),
    })
    .await;
    assert_eq!(
        post_as_json(&outbound, answer("hello", true)).await,
        Ok(json!({"posted_id": "1.9", "found": true, "text": "what stands"}))
    );
    let replies = slack.asked.lock().unwrap()[2].1.clone();
    assert!(
        replies.contains("include_all_metadata=true") && replies.contains("cursor=more"),
        "{replies}"
    );
}

#[tokio::test]
async fn only_the_missing_part_of_a_long_answer_is_posted() {
    let (outbound, slack) = outbound(|method, _, _| match method {
        "auth.test" => identity(),
        "conversations.replies" => json(&json!({"ok": true, "messages": [
            {"ts": "1.9", "user": "U0BOT", "metadata": {"event_type": "infragpt_answer",
                "event_payload": {"answer_id": Uuid::nil(), "part": 0, "parts": 2}}},
        ]})),
        _ => json(&json!({"ok": true, "ts": "2.0"})),
    })
    .await;
    let long = format!("{}\n\n{}", "a".repeat(9_000), "b".repeat(9_000));
    assert_eq!(
        post_as_json(&outbound, answer(&long, true)).await,
        Ok(posted("1.9", false))
    );
    let body: Value = serde_json::from_str(&slack.asked.lock().unwrap()[2].1).unwrap();
    assert_eq!(body["metadata"]["event_payload"]["part"], 1);
    assert_eq!(methods(&slack).len(), 3);
}

#[tokio::test]
async fn refused_blocks_leave_the_text() {
    let (outbound, slack) = outbound(|method, _, body| match method {
        "auth.test" => identity(),
        _ if body.contains("\"blocks\"") => json(&json!({"ok": false, "error": "invalid_blocks"})),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    assert_eq!(
        post_as_json(&outbound, answer("**bold**", false)).await,
        Ok(posted("2.2", false))
    );
    let body: Value = serde_json::from_str(&slack.asked.lock().unwrap()[2].1).unwrap();
    assert_eq!(body["text"], "*bold*");
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_handed_on() {
    let limited = |seconds: &'static str| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds)]).into_response();
    let (patient, _) = outbound(move |method, number, _| match (method, number) {
        ("auth.test", _) => identity(),
        (_, 2) => limited("0"),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    assert_eq!(
        post_as_json(&patient, answer("hello", false)).await,
        Ok(posted("2.2", false))
    );
    let (hurried, _) = outbound(move |method, _, _| {
        if method == "auth.test" {
            identity()
        } else {
            limited("60")
        }
    })
    .await;
    assert_eq!(post_as_json(&hurried, answer("hello", false)).await, Err(503));
}

#[tokio::test]
async fn failures_are_told_apart() {
    for (answering, code) in [
        (r#"{"ok":false,"error":"channel_not_found"}"#, 404),
        (r#"{"ok":false,"error":"invalid_auth"}"#, 401),
        (r#"{"ok":false,"error":"fatal_error"}"#, 504),
        ("<html>", 504),
    ] {
        let (outbound, _) = outbound(move |method, _, _| match method {
            "auth.test" => identity(),
            _ => ([("content-type", "application/json")], answering).into_response(),
        })
        .await;
        assert_eq!(
            post_as_json(&outbound, answer("hello", false)).await,
            Err(code),
            "{answering}"
        );
    }
}

#[tokio::test]
async fn a_failure_between_two_parts_makes_the_caller_look_first() {
    let (outbound, _) = outbound(|method, number, _| match (method, number) {
        ("auth.test", _) => identity(),
        (_, 2) => json(&json!({"ok": true, "ts": "2.2"})),
        _ => json(&json!({"ok": false, "error": "ratelimited"})),
    })
    .await;
    let long = format!("{}\n\n{}", "a".repeat(9_000), "b".repeat(9_000));
    assert_eq!(post_as_json(&outbound, answer(&long, false)).await, Err(504));
}

#[tokio::test]
async fn a_token_never_posts_into_another_workspace() {
    let (outbound, slack) = outbound(|_, _, _| identity()).await;
    let mut post = answer("hello", false);
    post.account = "T0OTHER".to_owned();
    assert_eq!(post_as_json(&outbound, post).await, Err(404));
    assert_eq!(methods(&slack), ["auth.test"]);
}

#[tokio::test]
async fn a_slack_that_is_away_is_a_503() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = WebApi::new("http://127.0.0.1:1/api", SecretString::from("xoxb-test")).unwrap();
    let outbound = Outbound {
        api,
        identity: OnceCell::new(),
    };
    assert_eq!(post_as_json(&outbound, answer("hello", false)).await, Err(503));
}

#[tokio::test]
async fn a_workspace_is_described_over_all_pages() {
    let (outbound, _) = outbound(|method, number, _| match (method, number) {
        ("auth.test", _) => identity(),
        (_, 2) => json(
            &json!({"ok": true, "channels": [{"id": "C1", "name": "ops", "is_private": false}],
            "response_metadata": {"next_cursor": "more"}}),
        ),
        _ => json(
            &json!({"ok": true, "channels": [{"id": "C2", "name": "incidents", "is_private": true}],
            "response_metadata": {"next_cursor": ""}}),
        ),
    })
    .await;
    let described = serde_json::to_value(outbound.describe().await.unwrap()).unwrap();
    assert_eq!(
        described,
        json!({
            "account": {"id": "T0ACME", "name": "Acme"},
            "bot_user": "U0BOT",
            "channels": [
                {"id": "C1", "name": "ops", "private": false},
                {"id": "C2", "name": "incidents", "private": true},
            ],
        })
    );
}
