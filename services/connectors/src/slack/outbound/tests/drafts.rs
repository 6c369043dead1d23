//! Answers while they are being found.

use super::*;

pub fn drafting(text: &str, more: &Value) -> draft::Drafting {
    let mut request = json!({
        "channel": "C0OPS", "thread": "1.1", "answer_id": Uuid::nil(), "text": text,
        "recipient": { "user": "U0ANN", "team": "T0ACME" },
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

pub fn completed(text: &str, draft: &draft::Draft) -> post::Post {
    serde_json::from_value(json!({
        "channel": "C0OPS", "thread": "1.1", "answer_id": Uuid::nil(), "text": text, "draft": draft,
    }))
    .unwrap()
}

#[tokio::test]
async fn an_answer_streams_and_ends_as_one_message() {
    let (mut session, slack) = session(|_, _, _| json(&json!({"ok": true, "ts": "2.2"}))).await;
    let steps = json!({ "steps": [{ "id": "1", "title": "reads changes", "state": "running" }] });
    let draft = session.draft(&drafting("two chan", &steps)).await.unwrap();
    assert_eq!(body(&slack, 0)["recipient_team_id"], "T0ACME");
    assert_eq!(body(&slack, 0)["chunks"][0]["type"], "task_update");
    assert_eq!(body(&slack, 0)["chunks"][1]["text"], "two");
    let same = json!({ "steps": steps["steps"], "draft": draft });
    assert_eq!(session.draft(&drafting("two chan", &same)).await.unwrap(), draft);
    let draft = session.draft(&drafting("two changes @here and", &same)).await.unwrap();
    assert_eq!(
        body(&slack, 1)["chunks"],
        json!([{ "type": "markdown_text", "text": " changes @\u{200B}here" }])
    );
    let posted = post_as_json(&mut session, completed("two changes @here and more", &draft)).await;
    assert_eq!(posted.unwrap()["posted_id"], "2.2");
    assert_eq!(
        methods(&slack),
        ["chat.startStream", "chat.appendStream", "chat.stopStream"]
    );
    let end = body(&slack, 2);
    assert_eq!(end["chunks"][0]["text"], " and more");
    assert_eq!(end["metadata"]["event_payload"]["answer_id"], Uuid::nil().to_string());
    assert_eq!(end["blocks"][0]["type"], "context_actions");
}

#[tokio::test]
async fn where_slack_streams_nothing_the_message_is_changed() {
    let (mut session, slack) = session(|method, _, _| match method {
        "chat.startStream" => json(&json!({"ok": false, "error": "unknown_method"})),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    let draft = session.draft(&drafting("two changes", &json!({}))).await.unwrap();
    assert_eq!(draft.way, draft::Way::Edit);
    let next = json!({ "draft": draft });
    let draft = session.draft(&drafting("two changes today", &next)).await.unwrap();
    post_as_json(&mut session, completed("two changes today", &draft))
        .await
        .unwrap();
    assert_eq!(
        methods(&slack),
        ["chat.startStream", "chat.postMessage", "chat.update", "chat.update"]
    );
    assert_eq!(body(&slack, 1)["metadata"]["event_payload"]["draft"], true);
    let end = body(&slack, 3);
    assert_eq!(
        (&end["ts"], &end["blocks"][0]["text"]),
        (&json!("2.2"), &json!("two changes today"))
    );
    assert_eq!(end["metadata"]["event_payload"].get("draft"), None);
}

#[tokio::test]
async fn a_stream_that_slack_ended_becomes_a_message_that_is_changed() {
    let (mut session, slack) = session(|method, _, _| match method {
        "chat.appendStream" | "chat.stopStream" => {
            json(&json!({"ok": false, "error": "message_not_in_streaming_state"}))
        }
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    let draft = session.draft(&drafting("one two", &json!({}))).await.unwrap();
    let changed = session
        .draft(&drafting("one two three", &json!({ "draft": draft })))
        .await
        .unwrap();
    assert_eq!(changed.way, draft::Way::Edit);
    post_as_json(&mut session, completed("one two three", &draft))
        .await
        .unwrap();
    assert_eq!(
        methods(&slack),
        [
            "chat.startStream",
            "chat.appendStream",
            "chat.update",
            "chat.stopStream",
            "chat.update"
        ]
    );
}

#[tokio::test]
async fn an_answer_that_is_another_than_what_was_streamed_takes_its_place() {
    let (mut session, slack) = session(|_, _, _| json(&json!({"ok": true, "ts": "2.2"}))).await;
    let draft = session.draft(&drafting("I think that", &json!({}))).await.unwrap();
    post_as_json(&mut session, completed("Nothing failed.", &draft))
        .await
        .unwrap();
    assert_eq!(methods(&slack), ["chat.startStream", "chat.stopStream", "chat.update"]);
    assert_eq!(body(&slack, 1).get("chunks"), None);
    assert_eq!(body(&slack, 2)["blocks"][0]["text"], "Nothing failed.");
}

#[tokio::test]
async fn what_somebody_left_behind_is_made_whole_and_not_said_again() {
    for left in [
        json!({"ts": "1.9", "user": "U0BOT", "text": "two"}),
        json!({"ts": "1.9", "user": "U0BOT", "text": "two …", "metadata": {"event_type": "infragpt_answer",
            "event_payload": {"answer_id": Uuid::nil(), "draft": true}}}),
    ] {
        let (mut session, slack) = session(move |method, _, _| match method {
            "conversations.replies" => json(&json!({"ok": true, "messages": [
                {"ts": "1.0", "user": "U0BOT", "text": "older than the question"},
                {"ts": "1.7", "user": "U0BOT", "text": "a note",
                    "metadata": {"event_type": "infragpt_note", "event_payload": {"note_id": "n"}}},
                left,
            ]})),
            _ => json(&json!({"ok": true, "ts": "9.9"})),
        })
        .await;
        let mut post = serde_json::to_value(json!({
            "channel": "C0OPS", "thread": "1.1", "answer_id": Uuid::nil(), "text": "two changes", "look_first": true,
        }))
        .unwrap();
        post["message"] = "1.1".into();
        let post = serde_json::from_value(post).unwrap();
        assert_eq!(post_as_json(&mut session, post).await, Ok(posted("1.9", false)));
        assert_eq!(methods(&slack), ["conversations.replies", "chat.update"]);
    }
}

/// A Slack with one message that streams: appending is refused with `word`, changing it while it streams too.
fn streaming(word: &'static str) -> impl Fn(&str, usize, &str) -> Response + Send + Sync + 'static {
    let open = std::sync::atomic::AtomicBool::new(true);
    move |method, _, _| match method {
        "conversations.replies" => {
            json(&json!({"ok": true, "messages": [{"ts": "1.9", "user": "U0BOT", "text": "two"}]}))
        }
        "chat.appendStream" => json(&json!({"ok": false, "error": word})),
        "chat.stopStream" => {
            open.store(false, std::sync::atomic::Ordering::SeqCst);
            json(&json!({"ok": true}))
        }
        "chat.update" if open.load(std::sync::atomic::Ordering::SeqCst) => {
            json(&json!({"ok": false, "error": "streaming_state_conflict"}))
        }
        _ => json(&json!({"ok": true, "ts": "1.9"})),
    }
}

#[tokio::test]
async fn a_stream_that_goes_on_is_broken_off_before_its_message_is_changed() {
    let (mut session, slack) = session(streaming("msg_too_long")).await;
    let draft = session.draft(&drafting("one two", &json!({}))).await.unwrap();
    let next = json!({ "draft": draft });
    let draft = session.draft(&drafting("one two three", &next)).await.unwrap();
    assert_eq!(draft.way, draft::Way::Edit);
    assert_eq!(
        methods(&slack)[1..],
        ["chat.appendStream", "chat.update", "chat.stopStream", "chat.update"]
    );
    assert_eq!(body(&slack, 3).get("metadata"), None, "it isn't a whole answer");
}

#[tokio::test]
async fn a_stream_that_somebody_left_open_is_made_whole() {
    let (mut session, slack) = session(streaming("")).await;
    let mut post = answer("two changes", true);
    post.message = "1.1".to_owned();
    assert_eq!(post_as_json(&mut session, post).await, Ok(posted("1.9", false)));
    assert_eq!(
        methods(&slack),
        ["conversations.replies", "chat.update", "chat.stopStream", "chat.update"]
    );
}

#[tokio::test]
async fn what_may_have_been_appended_is_not_appended_again() {
    let (mut session, slack) = session(|method, _, _| match method {
        "chat.appendStream" => json(&json!({"ok": false, "error": "fatal_error"})),
        "chat.update" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]).into_response(),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    let first = session.draft(&drafting("one two", &json!({}))).await.unwrap();
    let next = json!({ "draft": first });
    let draft = session.draft(&drafting("one two three", &next)).await.unwrap();
    assert_eq!((draft.way, &draft.said), (draft::Way::Edit, &first.said));
    assert_eq!(
        methods(&slack),
        ["chat.startStream", "chat.appendStream", "chat.update"]
    );
}

#[tokio::test]
async fn a_refused_end_leaves_the_answer() {
    let (mut session, slack) = session(|method, _, _| match method {
        "chat.stopStream" | "chat.update" => json(&json!({"ok": false, "error": "cant_update_message"})),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    let draft = session.draft(&drafting("one two", &json!({}))).await.unwrap();
    let posted = post_as_json(&mut session, completed("one two three", &draft)).await;
    assert_eq!(posted.unwrap()["posted_id"], "2.2");
    assert_eq!(
        methods(&slack)[1..],
        ["chat.stopStream", "chat.update", "chat.postMessage"]
    );
}

#[tokio::test]
async fn nothing_is_sent_where_nothing_is_new() {
    let (mut session, slack) = session(|_, _, _| json(&json!({"ok": true, "ts": "2.2"}))).await;
    let steps = json!([{ "id": "1", "title": "reads", "state": "done" }]);
    let draft = session.draft(&drafting("", &json!({ "steps": steps }))).await.unwrap();
    let fewer = json!({ "draft": draft, "steps": [] });
    let draft = session.draft(&drafting("", &fewer)).await.unwrap();
    assert_eq!(draft.way, draft::Way::Stream);
    assert_eq!(methods(&slack), ["chat.startStream"]);
}
