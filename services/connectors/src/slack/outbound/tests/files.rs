//! Answers that are too long for messages.

use super::*;

/// A Slack that takes files, except where `answering` says otherwise.
async fn with_files(answering: impl Fn(&str) -> Option<Value> + Send + Sync + 'static) -> (Session, Arc<Slack>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upload = format!("http://{}/api/upload", listener.local_addr().unwrap());
    let answering = move |method: &str, number: usize, _: &str| {
        json(&answering(method).unwrap_or_else(|| match method {
            "files.getUploadURLExternal" => json!({"ok": true, "upload_url": upload, "file_id": "F1"}),
            _ => json!({"ok": true, "ts": format!("2.{number}")}),
        }))
    };
    serve(listener, answering, None)
}

/// Five messages.
fn long() -> String {
    let paragraphs: Vec<String> = ["a", "b", "c", "d", "e"].map(|letter| letter.repeat(11_000)).into();
    format!("In short: nothing.\n\n{}", paragraphs.join("\n\n"))
}

#[tokio::test]
async fn a_long_answer_is_its_beginning_and_a_file() {
    let (mut session, slack) = with_files(|_| None).await;
    assert_eq!(
        post_as_json(&mut session, answer(&long(), false)).await,
        Ok(posted("2.3", false))
    );
    assert_eq!(
        methods(&slack),
        [
            "files.getUploadURLExternal",
            "upload",
            "chat.postMessage",
            "files.completeUploadExternal"
        ]
    );
    let length = format!("length={}", long().len());
    assert!(slack.asked.lock().unwrap()[0].1.contains(&length));
    assert_eq!(slack.asked.lock().unwrap()[1].1, long());
    assert_eq!(slack.tokens.lock().unwrap().len(), 3, "the address needs no token");
    let beginning = body(&slack, 2);
    assert!(
        beginning["blocks"][0]["text"]
            .as_str()
            .unwrap()
            .starts_with("In short: nothing.")
    );
    assert_eq!(beginning["blocks"][1]["type"], "context_actions");
    assert_eq!(beginning["metadata"]["event_payload"]["file"], true);
    assert_eq!(
        body(&slack, 3),
        json!({"files": [{"id": "F1", "title": "answer.md"}], "channel_id": "C0OPS", "thread_ts": "1.1"})
    );
}

#[tokio::test]
async fn where_slack_takes_no_files_there_are_messages() {
    let (mut session, slack) = with_files(|method| match method {
        "files.getUploadURLExternal" => Some(json!({"ok": false, "error": "missing_scope", "needed": "files:write"})),
        _ => None,
    })
    .await;
    post_as_json(&mut session, answer(&long(), false)).await.unwrap();
    assert_eq!(methods(&slack)[1..], ["chat.postMessage"; 5]);
}

#[tokio::test]
async fn a_beginning_whose_file_is_refused_becomes_the_first_message() {
    let (mut session, slack) = with_files(|method| match method {
        "files.completeUploadExternal" => Some(json!({"ok": false, "error": "posting_to_channel_denied"})),
        _ => None,
    })
    .await;
    assert_eq!(
        post_as_json(&mut session, answer(&long(), false)).await,
        Ok(posted("2.3", false))
    );
    let asked = methods(&slack);
    assert_eq!(asked[4], "chat.update");
    assert_eq!(asked[5..], ["chat.postMessage"; 4]);
    let first = body(&slack, 4);
    assert_eq!(
        (&first["ts"], &first["metadata"]["event_payload"]["parts"]),
        (&json!("2.3"), &json!(5))
    );
    assert_eq!(first["metadata"]["event_payload"].get("file"), None);
}

#[tokio::test]
async fn an_address_that_does_not_take_the_file_is_a_refusal_and_one_that_is_away_is_not() {
    for (upload_url, expected) in [
        ("file:///etc/passwd", 5),
        ("no address", 5),
        ("http://127.0.0.1:1/upload", 0),
    ] {
        let (mut session, slack) = with_files(move |method| match method {
            "files.getUploadURLExternal" => Some(json!({"ok": true, "upload_url": upload_url, "file_id": "F1"})),
            _ => None,
        })
        .await;
        let posted = post_as_json(&mut session, answer(&long(), false)).await;
        let messages = methods(&slack)
            .iter()
            .filter(|method| *method == "chat.postMessage")
            .count();
        assert_eq!(messages, expected, "{upload_url}");
        assert_eq!(posted.is_ok(), expected > 0, "{upload_url}");
        if expected == 0 {
            assert_eq!(posted, Err(503), "nothing was posted");
        }
    }
}

fn beginning(file: Option<&str>) -> Value {
    let mut messages = vec![json!({"ts": "1.9", "user": "U0BOT", "text": "In short", "metadata": {
        "event_type": "infragpt_answer", "event_payload": {"answer_id": Uuid::nil(), "file": true}}})];
    messages.extend(file.map(|name| json!({"ts": "2.0", "user": "U0BOT", "text": "", "files": [{"name": name}]})));
    json!({"ok": true, "messages": messages})
}

#[tokio::test]
async fn a_file_that_stands_already_is_found_and_a_missing_one_is_brought() {
    for (file, asked) in [
        (Some("answer-00000000.md"), 1),
        (Some("answer-of-somebody-else.md"), 4),
        (None, 4),
    ] {
        let (mut session, slack) = with_files(move |method| match method {
            "conversations.replies" => Some(beginning(file)),
            _ => None,
        })
        .await;
        let mut post = answer(&long(), true);
        post.message = "1.1".to_owned();
        let posted = post_as_json(&mut session, post).await.unwrap();
        assert_eq!(
            (&posted["posted_id"], &posted["found"]),
            (&json!("1.9"), &json!(asked == 1)),
            "{file:?}"
        );
        let methods = methods(&slack);
        assert_eq!(methods.len(), asked, "{methods:?}");
        assert!(!methods.contains(&"chat.postMessage".to_owned()) && !methods.contains(&"chat.update".to_owned()));
    }
}
