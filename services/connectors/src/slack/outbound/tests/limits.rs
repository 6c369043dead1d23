//! What is said, and what is not, while Slack wants fewer requests.

use super::{
    drafts::{completed, drafting},
    *,
};

fn limited(seconds: &'static str) -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds)]).into_response()
}

#[tokio::test]
async fn a_draft_is_left_out_and_the_answer_waits() {
    let (mut session, slack) = session(|method, number, _| match (method, number) {
        ("chat.appendStream", _) => limited("60"),
        ("chat.stopStream", 3) => limited("1"),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    let draft = session.draft(&drafting("one two", &json!({}))).await.unwrap();
    let next = json!({ "draft": draft });
    for text in ["one two three", "one two three four"] {
        assert_eq!(session.draft(&drafting(text, &next)).await.unwrap(), draft);
    }
    assert_eq!(
        methods(&slack),
        ["chat.startStream", "chat.appendStream"],
        "it is asked once"
    );
    let mut later = session_like(&session);
    assert_eq!(
        post_as_json(&mut later, completed("one two three four", &draft)).await,
        Ok(posted("2.2", false))
    );
    assert_eq!(methods(&slack)[2..], ["chat.stopStream"; 2]);
}

#[tokio::test]
async fn a_first_draft_under_a_limit_is_not_posted_another_way() {
    let (mut session, slack) = session(|_, _, _| limited("60")).await;
    for _ in 0..2 {
        let error = session.draft(&drafting("one two", &json!({}))).await.unwrap_err();
        assert_eq!(error.code, 503, "nothing was posted");
    }
    assert_eq!(methods(&slack), ["chat.startStream"]);
}

#[tokio::test]
async fn a_limit_of_one_channel_is_not_one_of_another() {
    let (mut session, slack) = session(|_, _, body| {
        if body.contains("C0OPS") {
            limited("60")
        } else {
            json(&json!({"ok": true, "ts": "2.2"}))
        }
    })
    .await;
    for _ in 0..2 {
        assert_eq!(post_as_json(&mut session, answer("hello", false)).await, Err(503));
    }
    let mut elsewhere = answer("hello", false);
    elsewhere.channel = "C0DEPLOYS".to_owned();
    post_as_json(&mut session, elsewhere).await.unwrap();
    assert_eq!(methods(&slack).len(), 2);
}

#[tokio::test]
async fn messages_come_one_by_one_after_a_limit_of_their_channel() {
    let (mut session, slack) = session(|_, number, _| match number {
        11 => limited("1"),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    for _ in 0..10 {
        post_as_json(&mut session, answer("hello", false)).await.unwrap();
    }
    let began = std::time::Instant::now();
    for _ in 0..2 {
        post_as_json(&mut session, answer("hello", false)).await.unwrap();
    }
    assert!(began.elapsed() >= Duration::from_millis(1_900), "{:?}", began.elapsed());
    assert_eq!(methods(&slack).len(), 13, "one of them was refused");
}

#[tokio::test]
async fn a_status_is_not_worth_waiting_for() {
    let (mut session, slack) = session(|_, _, _| limited("1")).await;
    let request = json!({ "channel": "C0OPS", "thread": "1.1", "message": "1.2", "text": "is looking" });
    for _ in 0..3 {
        let status = serde_json::from_value(request.clone()).unwrap();
        assert_eq!(session.status(&status).await.unwrap_err().code, 503);
    }
    assert_eq!(methods(&slack), ["assistant.threads.setStatus"]);
}
