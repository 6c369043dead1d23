//! What is said besides answers.

use super::*;

#[tokio::test]
async fn who_is_not_in_the_channel_is_answered_alone() {
    let (mut session, slack) = session(|method, _, _| match method {
        "chat.postEphemeral" => json(&json!({"ok": false, "error": "not_in_channel"})),
        "conversations.open" => json(&json!({"ok": true, "channel": {"id": "D0ANN"}})),
        _ => json(&json!({"ok": true, "ts": "2.2"})),
    })
    .await;
    let post = serde_json::from_value(json!({
        "channel": "C0OPS", "thread": null, "answer_id": Uuid::nil(), "text": "psst", "audience": "U0ANN",
    }))
    .unwrap();
    assert_eq!(post_as_json(&mut session, post).await, Ok(posted("2.2", false)));
    assert_eq!(
        methods(&slack),
        ["chat.postEphemeral", "conversations.open", "chat.postMessage"]
    );
    assert_eq!(body(&slack, 2)["channel"], "D0ANN");
    let tell = serde_json::from_value(json!({ "channel": "C0OPS", "user": "U0ANN", "text": "psst" })).unwrap();
    assert_eq!(session.tell(&tell).await.unwrap().shown, "direct");
}

#[tokio::test]
async fn a_status_is_a_reaction_where_slack_shows_none() {
    let (mut session, slack) = session(|method, _, _| match method {
        "assistant.threads.setStatus" => {
            json(&json!({"ok": false, "error": "missing_scope", "needed": "assistant:write"}))
        }
        "reactions.add" => json(&json!({"ok": false, "error": "already_reacted"})),
        _ => json(&json!({"ok": true})),
    })
    .await;
    let status = |text: Option<&str>, shown: Option<&str>| {
        let request = json!({ "channel": "C0OPS", "thread": "1.1", "message": "1.2", "text": text, "shown": shown });
        serde_json::from_value(request).unwrap()
    };
    let shown = session.status(&status(Some("is looking"), None)).await.unwrap();
    assert_eq!(shown.shown, status::How::Reaction);
    for before in ["reaction", "nothing"] {
        let shown = session.status(&status(None, Some(before))).await.unwrap();
        assert_eq!(shown.shown, status::How::Nothing);
    }
    assert_eq!(
        methods(&slack),
        ["assistant.threads.setStatus", "reactions.add", "reactions.remove"]
    );
    assert_eq!(body(&slack, 2)["timestamp"], "1.2");
}

#[tokio::test]
async fn what_was_said_or_asked_before_is_found() {
    let (mut session, slack) = session(|method, _, _| match method {
        "conversations.replies" => json(&json!({"ok": true, "messages": [
            {"ts": "1.7", "user": "U0BOT", "metadata": {"event_type": "infragpt_note", "event_payload": {"note_id": "n"}}},
            {"ts": "1.8", "user": "U0BOT", "metadata": {"event_type": "infragpt_action", "event_payload": {"action_id": Uuid::nil()}}},
        ]})),
        other => panic!("{other}"),
    })
    .await;
    let say = json!({ "channel": "C0OPS", "thread": "1.1", "note_id": "n", "text": "quiet", "look_first": true });
    let said = session.say(&serde_json::from_value(say).unwrap()).await.unwrap();
    assert_eq!((said.id.as_str(), said.found), ("1.7", true));
    let propose = json!({
        "channel": "C0OPS", "thread": "1.1", "action_id": Uuid::nil(), "what": "a", "where": "b", "why": "c", "diff": null,
        "expires_at": "2026-11-22T00:00:00Z", "look_first": true,
    });
    let asked = session
        .propose(&serde_json::from_value(propose).unwrap())
        .await
        .unwrap();
    assert_eq!((asked.id.as_str(), asked.found), ("1.8", true));
    assert_eq!(methods(&slack).len(), 2);
}
