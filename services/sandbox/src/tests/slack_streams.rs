use serde_json::{Value, json};

use super::World;

fn beginning(more: &Value) -> Value {
    let mut arguments = json!({
        "channel": "C0OPS",
        "thread_ts": "1.000001",
        "recipient_team_id": "T0ACME",
        "recipient_user_id": "U0MAYA",
    });
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

fn step(status: &str) -> Value {
    json!({ "type": "task_update", "id": "look", "title": "Look", "status": status })
}

#[tokio::test]
async fn a_stream_grows_until_it_is_stopped() {
    let world = World::start().await;
    let started = world
        .slack("chat.startStream", beginning(&json!({ "markdown_text": "a" })))
        .await;
    let piece = json!({ "channel": "C0OPS", "ts": started["ts"], "markdown_text": "b" });
    assert_eq!(world.slack("chat.appendStream", piece.clone()).await["ok"], true);
    let stop = json!({ "channel": "C0OPS", "ts": started["ts"], "markdown_text": "c" });
    assert_eq!(world.slack("chat.stopStream", stop).await["message"]["text"], "abc");
    assert_eq!(
        world.slack("chat.appendStream", piece).await["error"],
        "message_not_in_streaming_state"
    );
}

#[tokio::test]
async fn steps_change_in_place_and_the_text_goes_on() {
    let world = World::start().await;
    let started = world
        .slack(
            "chat.startStream",
            beginning(&json!({ "chunks": [step("in_progress")] })),
        )
        .await;
    let text = json!({ "type": "markdown_text", "text": "**done**" });
    let plan = json!({ "type": "plan_update", "title": "Plan" });
    let more = json!({ "channel": "C0OPS", "ts": started["ts"], "chunks": [step("complete"), plan, text] });
    assert_eq!(world.slack("chat.appendStream", more).await["ok"], true);
    let blocks = json!([{ "type": "divider" }]);
    let stop = json!({ "channel": "C0OPS", "ts": started["ts"], "blocks": blocks });
    assert_eq!(world.slack("chat.stopStream", stop).await["ok"], true);
    let message = world.control("state", json!({})).await["messages"][0].clone();
    assert_eq!(
        message["tasks"],
        json!([{ "id": "look", "title": "Look", "status": "complete" }])
    );
    assert_eq!(
        (&message["text"], &message["blocks"]),
        (&json!("**done**"), &json!([{ "type": "divider" }]))
    );
    assert_eq!(message.get("streaming"), None);
}

#[tokio::test]
async fn what_slack_refuses_of_a_stream_is_refused() {
    let world = World::start().await;
    let refused = async |method: &str, arguments: Value| world.slack(method, arguments).await["error"].clone();
    let start = |leave_out: &str| {
        let mut arguments = beginning(&json!({}));
        arguments.as_object_mut().unwrap().remove(leave_out);
        arguments
    };
    for (name, word) in [
        ("recipient_team_id", "missing_recipient_team_id"),
        ("recipient_user_id", "missing_recipient_user_id"),
        ("thread_ts", "invalid_thread_ts"),
    ] {
        assert_eq!(refused("chat.startStream", start(name)).await, word);
    }
    let direct = json!({ "channel": "D0MAYA", "thread_ts": "1.000001" });
    assert_eq!(world.slack("chat.startStream", direct).await["ok"], true);
    let odd = beginning(&json!({ "chunks": [step("done")] }));
    assert_eq!(refused("chat.startStream", odd).await, "invalid_chunks");
    let long = beginning(&json!({ "markdown_text": "a".repeat(12_001) }));
    assert_eq!(refused("chat.startStream", long).await, "msg_too_long");

    // The first piece decides how all of them come.
    let started = world
        .slack("chat.startStream", beginning(&json!({ "markdown_text": "a" })))
        .await;
    let mixed = json!({ "channel": "C0OPS", "ts": started["ts"], "chunks": [step("pending")] });
    assert_eq!(refused("chat.appendStream", mixed).await, "streaming_mode_mismatch");
}

#[tokio::test]
async fn a_stream_that_waits_too_long_is_over() {
    let world = World::start().await;
    let started = world
        .slack("chat.startStream", beginning(&json!({ "markdown_text": "a" })))
        .await;
    world.control("stream_timeout", json!({ "idle_ms": -1 })).await;
    let piece = json!({ "channel": "C0OPS", "ts": started["ts"], "markdown_text": "b" });
    for _ in 0..2 {
        let answer = world.slack("chat.appendStream", piece.clone()).await;
        assert_eq!(answer["error"], "message_not_in_streaming_state");
    }
    let state = world.control("state", json!({})).await;
    let message = &state["messages"][0];
    assert_eq!((&message["text"], message.get("streaming")), (&json!("a"), None));
    let update = json!({ "channel": "C0OPS", "ts": started["ts"], "text": "ab" });
    assert_eq!(world.slack("chat.update", update).await["ok"], true);
}
