use serde_json::{Value, json};

use super::{World, app::App};

/// The payload of an interaction that came as a form.
fn payload(app: &App, index: usize) -> Value {
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&app.requests()[index].body).unwrap();
    assert_eq!(form[0].0, "payload");
    serde_json::from_str(&form[0].1).unwrap()
}

#[tokio::test]
async fn a_status_goes_when_the_app_answers() {
    let world = World::start().await;
    let said = world
        .control("message", json!({ "text": "hi", "timeout_ms": 0, "channel": "C0OPS" }))
        .await;
    let thread = |status: &str| json!({ "channel_id": "C0OPS", "thread_ts": said["ts"], "status": status });
    let set = async |arguments: Value| world.slack("assistant.threads.setStatus", arguments).await;
    assert_eq!(set(thread("is thinking…")).await["ok"], true);
    let state = world.control("state", json!({})).await;
    let expected = json!([{ "channel": "C0OPS", "thread_ts": said["ts"], "status": "is thinking…" }]);
    assert_eq!(state["statuses"], expected);

    assert_eq!(set(thread("")).await["ok"], true);
    assert_eq!(world.control("state", json!({})).await["statuses"], json!([]));
    set(thread("is typing…")).await;
    let elsewhere = json!({ "channel": "C0OPS", "text": "elsewhere" });
    world.slack("chat.postMessage", elsewhere).await;
    assert_ne!(world.control("state", json!({})).await["statuses"], json!([]));
    let answer = json!({ "channel": "C0OPS", "thread_ts": said["ts"], "text": "there" });
    world.slack("chat.postMessage", answer).await;
    assert_eq!(world.control("state", json!({})).await["statuses"], json!([]));

    let without = json!({ "channel_id": "C0OPS", "thread_ts": said["ts"] });
    assert_eq!(set(without).await["error"], "invalid_arguments");
    let odd = json!({ "channel_id": "C0OPS", "thread_ts": "now", "status": "is lost" });
    assert_eq!(set(odd).await["error"], "invalid_thread_ts");
    let many =
        json!({ "channel_id": "C0OPS", "thread_ts": said["ts"], "status": "a", "loading_messages": vec!["b"; 11] });
    assert_eq!(set(many).await["error"], "invalid_arguments");
}

#[tokio::test]
async fn a_reaction_is_told_once_in_each_direction() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let posted = world
        .slack("chat.postMessage", json!({ "channel": "C0OPS", "text": "answer" }))
        .await;
    let react = async |removed: bool| {
        let reaction = json!({ "ts": posted["ts"], "name": ":x:", "user": "U0TOM", "removed": removed, "url": url });
        world.control("reaction", reaction).await["changed"].clone()
    };
    assert_eq!(
        [react(false).await, react(false).await, react(true).await],
        [json!(true), json!(false), json!(true)]
    );
    let events: Vec<Value> = app.requests().iter().map(|it| it.json()["event"].clone()).collect();
    let item = json!({ "type": "message", "channel": "C0OPS", "ts": posted["ts"] });
    let kinds = ["reaction_added", "reaction_removed"];
    for (event, kind) in events.iter().zip(kinds) {
        assert_eq!(
            (
                &event["type"],
                &event["reaction"],
                &event["user"],
                &event["item_user"],
                &event["item"]
            ),
            (&json!(kind), &json!("x"), &json!("U0TOM"), &json!("U0INFRAGPT"), &item)
        );
    }
    assert_eq!(events.len(), 2);
    assert_eq!(world.control("state", json!({})).await["reactions"], json!([]));
}

#[tokio::test]
async fn a_pressed_button_tells_everything_and_opens_one_modal() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let button = json!({ "type": "button", "action_id": "approve", "value": "a1", "text": { "type": "plain_text", "text": "Approve" } });
    let blocks = json!([{ "type": "actions", "elements": [button] }]);
    let arguments = json!({ "channel": "C0OPS", "thread_ts": "1.000001", "text": "may I?", "blocks": blocks });
    let posted = world.slack("chat.postMessage", arguments).await;
    let press = json!({ "ts": posted["ts"], "action_id": "approve", "user": "U0TOM", "url": url });
    let pressed = world.control("press", press).await;
    assert_eq!(pressed["acked"], true);
    let told = payload(&app, 0);
    assert_eq!(told["type"], "block_actions");
    let container = json!({
        "type": "message", "message_ts": posted["ts"], "channel_id": "C0OPS", "is_ephemeral": false, "thread_ts": "1.000001",
    });
    assert_eq!(told["container"], container);
    assert_eq!(
        (&told["user"]["id"], &told["message"]["text"]),
        (&json!("U0TOM"), &json!("may I?"))
    );
    let action = &told["actions"][0];
    assert_eq!(
        (&action["type"], &action["block_id"], &action["value"]),
        (&json!("button"), &json!("b0"), &json!("a1"))
    );
    assert!(action["action_ts"].is_string());
    let (status, _) = world
        .control_raw("press", json!({ "ts": posted["ts"], "action_id": "other" }).to_string())
        .await;
    assert_eq!(status, 400);

    let field = json!({ "type": "plain_text_input", "action_id": "comment", "multiline": true });
    let input = json!({ "type": "input", "block_id": "why", "label": { "type": "plain_text", "text": "Why?" }, "element": field });
    let view = json!({
        "type": "modal", "callback_id": "feedback", "private_metadata": "m1",
        "title": { "type": "plain_text", "text": "Feedback" }, "blocks": [input],
    });
    let open = json!({ "trigger_id": told["trigger_id"], "view": view });
    assert_eq!(world.slack("views.open", open.clone()).await["ok"], true);
    assert_eq!(world.slack("views.open", open).await["error"], "exchanged_trigger_id");
    let strange = json!({ "trigger_id": "1.2.3", "view": view });
    assert_eq!(world.slack("views.open", strange).await["error"], "invalid_trigger_id");

    let submit = json!({ "callback_id": "feedback", "user": "U0TOM", "values": { "why": { "comment": "too short" } }, "url": url });
    assert_eq!(world.control("submit", submit).await["acked"], true);
    let told = payload(&app, 1);
    assert_eq!(
        (&told["type"], &told["view"]["private_metadata"]),
        (&json!("view_submission"), &json!("m1"))
    );
    let values = json!({ "why": { "comment": { "type": "plain_text_input", "value": "too short" } } });
    assert_eq!(told["view"]["state"]["values"], values);
    assert_eq!(world.control("state", json!({})).await["modals"], json!([]));
}

#[tokio::test]
async fn app_home_is_each_persons_own() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let home = json!({ "user": "U0TOM", "url": url });
    assert_eq!(world.control("home", home.clone()).await["view"], Value::Null);
    let view = json!({ "type": "home", "blocks": [{ "type": "divider" }] });
    let publish = json!({ "user_id": "U0TOM", "view": view });
    let published = world.slack("views.publish", publish).await;
    assert_eq!(world.control("home", home).await["view"], published["view"]);
    let events: Vec<Value> = app.requests().iter().map(|it| it.json()["event"].clone()).collect();
    assert_eq!(
        (&events[0]["type"], &events[0]["tab"], &events[0]["channel"]),
        (&json!("app_home_opened"), &json!("home"), &json!("D0TOM"))
    );
    assert_eq!((events[0].get("view"), &events[1]["view"]), (None, &published["view"]));
    assert_eq!(
        world.control("home", json!({ "url": url })).await["view"],
        Value::Null,
        "maya's"
    );
    let wrong = json!({ "user_id": "U0TOM", "view": { "type": "modal", "blocks": [] } });
    assert_eq!(world.slack("views.publish", wrong).await["error"], "invalid_arguments");
}

#[tokio::test]
async fn a_conversation_with_the_app_begins_with_suggestions() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let begun = world.control("assistant", json!({ "from": "C0OPS", "url": url })).await;
    let thread = &app.requests()[0].json()["event"]["assistant_thread"];
    assert_eq!(
        (
            &thread["channel_id"],
            &thread["thread_ts"],
            &thread["context"]["channel_id"]
        ),
        (&json!("D0MAYA"), &begun["thread_ts"], &json!("C0OPS"))
    );
    let prompts = json!([{ "title": "What changed?", "message": "what changed today?" }]);
    let suggest =
        json!({ "channel_id": "D0MAYA", "thread_ts": begun["thread_ts"], "title": "Ask", "prompts": prompts });
    let set = async |arguments: Value| world.slack("assistant.threads.setSuggestedPrompts", arguments).await;
    assert_eq!(set(suggest).await["ok"], true);
    assert_eq!(
        world.control("state", json!({})).await["prompts"][0]["prompts"],
        prompts
    );
    let none = json!({ "channel_id": "D0MAYA", "thread_ts": begun["thread_ts"], "prompts": [] });
    assert_eq!(set(none).await["error"], "invalid_arguments");
    let opened = world.slack("conversations.open", json!({ "users": "U0MAYA" })).await;
    assert_eq!(
        (&opened["channel"]["id"], &opened["already_open"]),
        (&json!("D0MAYA"), &json!(true))
    );
    assert_eq!(
        world.slack("conversations.open", json!({})).await["error"],
        "users_list_not_supplied"
    );
}

#[tokio::test]
async fn a_file_is_uploaded_and_shared_in_a_thread() {
    let world = World::start().await;
    let asked = world
        .slack(
            "files.getUploadURLExternal",
            json!({ "filename": "report.md", "length": 5 }),
        )
        .await;
    let url = asked["upload_url"].as_str().unwrap();
    let complete = json!({
        "files": [{ "id": asked["file_id"], "title": "Report" }], "channel_id": "C0OPS", "thread_ts": "1.000001",
    });
    let too_early = world.slack("files.completeUploadExternal", complete.clone()).await;
    assert_eq!(too_early["error"], "file_not_found");
    let uploaded = world.client.post(url).body("# all").send().await.unwrap();
    assert_eq!(uploaded.text().await.unwrap(), "OK - 5");
    assert_eq!(
        world.slack("files.completeUploadExternal", complete.clone()).await["files"][0]["title"],
        "Report"
    );
    assert_eq!(
        world.slack("files.completeUploadExternal", complete).await["error"],
        "file_not_found"
    );
    let message = world.control("state", json!({})).await["messages"][0].clone();
    let file = &message["files"][0];
    assert_eq!(
        (&message["thread_ts"], &file["name"], &file["preview"]),
        (&json!("1.000001"), &json!("report.md"), &json!("# all"))
    );
    let address = file["url_private"].as_str().unwrap();
    let get = async |token: &str| world.client.get(address).bearer_auth(token).send().await.unwrap();
    assert_eq!(get("xoxb-other").await.status(), 403);
    assert_eq!(get("xoxb-sandbox").await.text().await.unwrap(), "# all");
}

#[tokio::test]
async fn an_alert_of_another_app_has_no_text_and_no_mention() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let attachments = json!([{ "color": "danger", "title": "Error rate", "text": "5 %" }]);
    let alert = json!({
        "subtype": "bot_message", "bot_id": "B0ALERTS", "app_id": "A0ALERTS", "username": "Alerts",
        "attachments": attachments, "shared": true, "url": url,
    });
    world.control("message", alert).await;
    let body = app.requests()[0].json();
    let event = &body["event"];
    assert_eq!(
        (
            &event["text"],
            &event["attachments"],
            event.get("blocks"),
            event.get("user")
        ),
        (&json!(""), &attachments, None, None)
    );
    assert_eq!(
        (&event["bot_profile"]["app_id"], &event["bot_profile"]["name"]),
        (&json!("A0ALERTS"), &json!("Alerts"))
    );
    assert_eq!(body["is_ext_shared_channel"], true);
    let channel = world.slack("conversations.info", json!({ "channel": "C0OPS" })).await;
    assert_eq!(channel["channel"]["is_ext_shared"], true);
    assert_eq!(world.control_raw("message", "{}".into()).await.0, 400);
}

#[tokio::test]
async fn a_private_channel_is_listed_as_one() {
    let world = World::start().await;
    let made = json!({ "name": "board", "id": "C0BOARD", "private": true });
    world.control("create_channel", made).await;
    let names = async |types: &str| {
        let listed = world.slack("conversations.list", json!({ "types": types })).await;
        let names: Vec<String> = listed["channels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect();
        names
    };
    assert_eq!(names("public_channel").await, ["ops", "deploys"]);
    assert_eq!(names("private_channel").await, ["board"]);
    let (app, url) = App::start().await;
    world
        .control(
            "message",
            json!({ "text": "hush", "channel": "board", "mention": false, "url": url }),
        )
        .await;
    assert_eq!(app.requests()[0].json()["event"]["channel_type"], "group");
}

#[tokio::test]
async fn a_response_url_answers_five_times_and_can_replace_the_message() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let button = json!({ "type": "button", "action_id": "go", "text": { "type": "plain_text", "text": "Go" } });
    let blocks = json!([{ "type": "actions", "elements": [button] }]);
    let posted = world
        .slack(
            "chat.postMessage",
            json!({ "channel": "C0OPS", "text": "?", "blocks": blocks }),
        )
        .await;
    let press = json!({ "ts": posted["ts"], "action_id": "go", "user": "U0TOM", "url": url });
    world.control("press", press).await;
    let address = payload(&app, 0)["response_url"].as_str().unwrap().to_owned();
    let answer = async |body: Value| world.client.post(&address).json(&body).send().await.unwrap().status();
    assert_eq!(answer(json!({ "replace_original": true, "text": "gone" })).await, 200);
    assert_eq!(answer(json!({ "text": "only you" })).await, 200);
    let state = world.control("state", json!({})).await;
    assert_eq!(
        (&state["messages"][0]["text"], state["messages"][0].get("blocks")),
        (&json!("gone"), None)
    );
    assert_eq!(state["messages"][1]["ephemeral_to"], "U0TOM");
    for expected in [200, 200, 200, 404] {
        assert_eq!(answer(json!({ "text": "again" })).await, expected);
    }
}

#[tokio::test]
async fn guests_and_strangers_are_known_as_such() {
    let mut configuration = crate::Configuration::default();
    configuration.slack.guests = vec!["U0TOM".into()];
    configuration.slack.private_channels = vec![crate::Named::new("C0BOARD", "board")];
    let world = World::with(configuration).await;
    let user = async |id: &str| world.slack("users.info", json!({ "user": id })).await["user"].clone();
    assert_eq!(user("U0TOM").await["is_restricted"], true);
    assert_eq!(user("U0MAYA").await["is_restricted"], false);
    assert_eq!(user("U0GUS").await, Value::Null);
    let said = json!({ "text": "hi", "user": "U0GUS", "user_team": "T0GLOBEX", "shared": true, "timeout_ms": 0 });
    world.control("message", said).await;
    let stranger = user("U0GUS").await;
    assert_eq!(
        (&stranger["team_id"], &stranger["is_stranger"]),
        (&json!("T0GLOBEX"), &json!(true))
    );
    let board = world.slack("conversations.info", json!({ "channel": "board" })).await;
    assert_eq!(board["channel"]["is_private"], true);
}
