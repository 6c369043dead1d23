//! The outbound half against a Slack made for each test.

mod drafts;
mod files;
mod limits;
mod notes;

use std::sync::Mutex;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{BoxFuture, http::Client, slack::web_api::WebApi};

type Answering = dyn Fn(&str, usize, &str) -> Response + Send + Sync;

/// What Slack was asked, and how it answers: by method, number of the request and body.
struct Slack {
    asked: Mutex<Vec<(String, String)>>,
    tokens: Mutex<Vec<String>>,
    answering: Box<Answering>,
}

async fn respond(
    State(slack): State<Arc<Slack>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(bearer) = headers.get("authorization") {
        let bearer = bearer.to_str().unwrap().trim_start_matches("Bearer ");
        slack.tokens.lock().unwrap().push(bearer.to_owned());
    }
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

fn token(access_token: &str) -> Token {
    Token {
        access: access_token.into(),
        refresh: None,
        account: "T0ACME".to_owned(),
        bot_user: "U0BOT".to_owned(),
        organization_wide: false,
    }
}

fn session_at(api_url: &str, renewed: Option<Token>) -> Session {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = WebApi::new(Client::new("slack", || chrono::DateTime::UNIX_EPOCH).unwrap(), api_url);
    let renew = move || -> BoxFuture<Result<Token, ServiceError>> {
        Box::pin(async move { renewed.ok_or_else(|| ServiceError::new(401, "there is no other")) })
    };
    Session::new(api, token("xoxb-first"), Box::new(renew))
}

/// Another request to the same Slack, by the same process.
fn session_like(session: &Session) -> Session {
    let renew = || -> BoxFuture<Result<Token, ServiceError>> { Box::pin(async { panic!("the token is good") }) };
    Session::new(session.api.clone(), token("xoxb-first"), Box::new(renew))
}

async fn slack(
    answering: impl Fn(&str, usize, &str) -> Response + Send + Sync + 'static,
    renewed: Option<Token>,
) -> (Session, Arc<Slack>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve(listener, answering, renewed)
}

fn serve(
    listener: tokio::net::TcpListener,
    answering: impl Fn(&str, usize, &str) -> Response + Send + Sync + 'static,
    renewed: Option<Token>,
) -> (Session, Arc<Slack>) {
    let slack = Arc::new(Slack {
        asked: Mutex::default(),
        tokens: Mutex::default(),
        answering: Box::new(answering),
    });
    let router = Router::new()
        .route("/api/{method}", axum::routing::post(respond))
        .with_state(Arc::clone(&slack));
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (session_at(&format!("http://{address}/api"), renewed), slack)
}

async fn session(answering: impl Fn(&str, usize, &str) -> Response + Send + Sync + 'static) -> (Session, Arc<Slack>) {
    slack(answering, None).await
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

fn body(slack: &Slack, number: usize) -> Value {
    serde_json::from_str(&slack.asked.lock().unwrap()[number].1).unwrap()
}

fn posted(id: &str, found: bool) -> Value {
    json!({"posted_id": id, "found": found})
}

async fn post_as_json(session: &mut Session, post: post::Post) -> Result<Value, u16> {
    let posted = session.post(&post).await.map_err(|error| error.code)?;
    Ok(serde_json::to_value(posted).unwrap())
}

#[tokio::test]
async fn an_answer_is_posted_in_its_thread_and_nothing_else_is_asked() {
    let (mut session, slack) = session(|_, _, _| json(&json!({"ok": true, "ts": "2.2"}))).await;
    assert_eq!(
        post_as_json(&mut session, answer("hello @here", false)).await,
        Ok(posted("2.2", false))
    );
    assert_eq!(methods(&slack), ["chat.postMessage"]);
    let body: Value = serde_json::from_str(&slack.asked.lock().unwrap()[0].1).unwrap();
    assert_eq!(body["thread_ts"], "1.1");
    assert_eq!(body["blocks"][0]["text"], "hello @\u{200B}here");
    assert_eq!(body["metadata"]["event_payload"]["answer_id"], Uuid::nil().to_string());
}

#[tokio::test]
async fn an_answer_that_stands_already_is_found_on_a_later_page() {
    let (mut session, slack) = session(|method, number, _| match method {
        "conversations.replies" if number == 1 => json(&json!({
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
        post_as_json(&mut session, answer("hello", true)).await,
        Ok(json!({"posted_id": "1.9", "found": true, "text": "what stands"}))
    );
    let replies = slack.asked.lock().unwrap()[1].1.clone();
    assert!(
        replies.contains("include_all_metadata=true") && replies.contains("cursor=more"),
        "{replies}"
    );
}

#[tokio::test]
async fn only_the_missing_part_of_a_long_answer_is_posted() {
    let (mut session, slack) = session(|method, _, _| match method {
        "conversations.replies" => json(&json!({"ok": true, "messages": [
            {"ts": "1.9", "user": "U0BOT", "metadata": {"event_type": "infragpt_answer",
                "event_payload": {"answer_id": Uuid::nil(), "part": 0, "parts": 2}}},
        ]})),
        _ => json(&json!({"ok": true, "ts": "2.0"})),
    })
    .await;
    let long = format!("{}\n\n{}", "a".repeat(9_000), "b".repeat(9_000));
    assert_eq!(
        post_as_json(&mut session, answer(&long, true)).await,
        Ok(posted("1.9", false))
    );
    let body: Value = serde_json::from_str(&slack.asked.lock().unwrap()[1].1).unwrap();
    assert_eq!(body["metadata"]["event_payload"]["part"], 1);
    assert_eq!(methods(&slack).len(), 2);
}

#[tokio::test]
async fn refused_blocks_leave_the_text() {
    let (mut session, slack) = session(|_, _, body| {
        if body.contains("\"blocks\"") {
            json(&json!({"ok": false, "error": "invalid_blocks"}))
        } else {
            json(&json!({"ok": true, "ts": "2.2"}))
        }
    })
    .await;
    assert_eq!(
        post_as_json(&mut session, answer("**bold**", false)).await,
        Ok(posted("2.2", false))
    );
    let body: Value = serde_json::from_str(&slack.asked.lock().unwrap()[1].1).unwrap();
    assert_eq!(body["text"], "*bold*");
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_handed_on() {
    let limited = |seconds: &'static str| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds)]).into_response();
    let (mut patient, _) = session(move |_, number, _| match number {
        1 => limited("0"),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    assert_eq!(
        post_as_json(&mut patient, answer("hello", false)).await,
        Ok(posted("2.2", false))
    );
    let (mut hurried, _) = session(move |_, _, _| limited("60")).await;
    assert_eq!(post_as_json(&mut hurried, answer("hello", false)).await, Err(503));
}

#[tokio::test]
async fn failures_are_told_apart() {
    for (answering, code) in [
        (r#"{"ok":false,"error":"channel_not_found"}"#, 404),
        (r#"{"ok":false,"error":"invalid_auth"}"#, 401),
        (r#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#, 401),
        (r#"{"ok":false,"error":"fatal_error"}"#, 504),
        ("<html>", 504),
        (r#"{"ok":true,"#, 504),
        ("", 504),
    ] {
        let (mut session, slack) =
            session(move |_, _, _| ([("content-type", "application/json")], answering).into_response()).await;
        assert_eq!(
            post_as_json(&mut session, answer("hello", false)).await,
            Err(code),
            "{answering}"
        );
        assert_eq!(
            methods(&slack),
            ["chat.postMessage"],
            "{answering}: it isn't posted twice"
        );
    }
}

#[tokio::test]
async fn a_failure_between_two_parts_makes_the_caller_look_first() {
    let (mut session, _) = session(|_, number, _| match number {
        1 => json(&json!({"ok": true, "ts": "2.2"})),
        _ => json(&json!({"ok": false, "error": "ratelimited"})),
    })
    .await;
    let long = format!("{}\n\n{}", "a".repeat(9_000), "b".repeat(9_000));
    assert_eq!(post_as_json(&mut session, answer(&long, false)).await, Err(504));
}

#[tokio::test]
async fn a_token_never_posts_into_another_workspace() {
    let (session, slack) = session(|method, _, _| panic!("{method}")).await;
    assert!(session.check_account("T0ACME").is_ok());
    assert_eq!(session.check_account("T0OTHER").unwrap_err().code, 404);
    assert_eq!(methods(&slack), [""; 0]);
}

#[tokio::test]
async fn a_slack_that_is_away_is_a_503() {
    let mut session = session_at("http://127.0.0.1:1/api", None);
    assert_eq!(post_as_json(&mut session, answer("hello", false)).await, Err(503));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_only_the_refused_part_is_said_again() {
    for word in ["invalid_auth", "token_expired", "token_revoked"] {
        let (mut session, slack) = slack(
            move |_, number, _| match number {
                2 => json(&json!({"ok": false, "error": word})),
                number => json(&json!({"ok": true, "ts": format!("2.{number}")})),
            },
            Some(token("xoxb-second")),
        )
        .await;
        let long = format!("{}\n\n{}", "a".repeat(9_000), "b".repeat(9_000));
        assert_eq!(
            post_as_json(&mut session, answer(&long, false)).await,
            Ok(posted("2.1", false)),
            "{word}"
        );
        let parts: Vec<Value> = slack
            .asked
            .lock()
            .unwrap()
            .iter()
            .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["metadata"]["event_payload"]["part"].clone())
            .collect();
        assert_eq!(parts, [json!(0), json!(1), json!(1)]);
        assert_eq!(
            *slack.tokens.lock().unwrap(),
            ["xoxb-first", "xoxb-first", "xoxb-second"]
        );
    }
}

#[tokio::test]
async fn a_renewed_token_that_is_refused_too_is_a_401() {
    let refused = |_: &str, _: usize, _: &str| json(&json!({"ok": false, "error": "token_revoked"}));
    let (mut session, asked) = slack(refused, Some(token("xoxb-second"))).await;
    assert_eq!(post_as_json(&mut session, answer("hello", false)).await, Err(401));
    assert_eq!(methods(&asked).len(), 2);
}

#[tokio::test]
async fn a_footer_stands_below_the_last_message() {
    let (mut session, slack) = session(|_, number, _| json(&json!({"ok": true, "ts": format!("2.{number}")}))).await;
    let long = format!("{}\n\n{}", "a".repeat(9_000), "b".repeat(9_000));
    let mut post = answer(&long, false);
    post.footer = Some("in 2 s, **3** steps".to_owned());
    post_as_json(&mut session, post).await.unwrap();
    assert_eq!(body(&slack, 0)["blocks"].as_array().unwrap().len(), 1);
    assert_eq!(body(&slack, 1)["blocks"][1]["elements"][0]["text"], "in 2 s, *3* steps");
}
