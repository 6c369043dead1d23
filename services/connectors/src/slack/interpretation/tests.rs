use bytes::Bytes;
use chrono::DateTime;
use infragpt_nats::Envelope;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}

fn received(payload: &str) -> Received {
    Received {
        envelope: Envelope {
            id: "Ev1".to_owned(),
            kind: "com.slack.message".to_owned(),
            ..Envelope::default()
        },
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        stream: "RAW_SLACK".to_owned(),
        subject: "raw.slack.T0ACME.message".to_owned(),
        sequence: 1,
        published: DateTime::UNIX_EPOCH,
        delivered: 1,
    }
}

fn changed(fixture: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(fixture).unwrap();
    change(&mut value);
    value.to_string()
}

fn meaning(payload: &str) -> Interpretation {
    interpret(&received(payload)).unwrap()
}

fn action(payload: &str) -> Action {
    match meaning(payload) {
        Interpretation::Act { accounts, action, .. } => {
            assert_eq!(accounts, ["T0ACME"]);
            *action
        }
        Interpretation::Nothing(reason) => panic!("nothing: {reason}"),
    }
}

fn conversation(payload: &str) -> (Place, Message, Addressed, bool) {
    match action(payload) {
        Action::Converse {
            command:
                ConversationCommand::ReceiveMessage {
                    place,
                    message,
                    addressed,
                },
            root,
        } => (place, message, addressed, root),
        other => panic!("{other:?}"),
    }
}

fn nothing(payload: &str) -> &'static str {
    match meaning(payload) {
        Interpretation::Nothing(reason) => reason,
        acted @ Interpretation::Act { .. } => panic!("{acted:?}"),
    }
}

#[test]
fn a_mention_is_a_question() {
    let (place, message, addressed, root) = conversation(fixture!("app_mention"));
    assert_eq!((place.account.as_str(), place.channel.as_str()), ("T0ACME", "C0OPS"));
    assert_eq!(place.thread, "1732280000.123456");
    assert_eq!(message.id, "1732280000.123456");
    assert_eq!(
        message.text,
        "what changed in acme/payments (https://github.com/acme/payments) today & why?"
    );
    assert_eq!(message.author.id, "U0ANN");
    assert_eq!(message.sent_at.to_rfc3339(), "2024-11-22T12:53:20.123456+00:00");
    assert_eq!(addressed, Addressed::Mention);
    assert!(root);
}

#[test]
fn the_message_of_a_mention_is_the_same_gesture() {
    assert_eq!(
        conversation(fixture!("message.channels")),
        conversation(fixture!("app_mention"))
    );
}

#[test]
fn a_mention_without_authorizations_is_a_question_too() {
    let payload = changed(fixture!("app_mention"), |value| value["authorizations"] = json!([]));
    let (_, message, addressed, _) = conversation(&payload);
    assert_eq!(
        message.text,
        "what changed in acme/payments (https://github.com/acme/payments) today & why?"
    );
    assert_eq!(addressed, Addressed::Mention);
}

#[test]
fn a_reply_belongs_to_its_thread() {
    let (place, message, addressed, root) = conversation(fixture!("message.thread"));
    assert_eq!(place.thread, "1732280000.123456");
    assert_eq!(message.id, "1732280060.000200");
    assert_eq!(addressed, Addressed::Thread);
    assert!(!root);
}

#[test]
fn a_direct_message_is_for_us() {
    let (place, _, addressed, root) = conversation(fixture!("message.im"));
    assert_eq!(place.channel, "D0ANN");
    assert_eq!(addressed, Addressed::Direct);
    assert!(root);
}

#[test]
fn bots_edits_and_ourselves_are_never_answered() {
    assert_eq!(nothing(fixture!("message.bot")), "a bot wrote it");
    assert_eq!(nothing(fixture!("message.changed")), "nobody wrote it");
    let message = fixture!("message.channels");
    for (key, value) in [
        ("user", json!("U0BOT")),
        ("user", json!("USLACKBOT")),
        ("bot_id", json!("B1")),
        ("hidden", json!(true)),
        ("subtype", json!("message_deleted")),
        ("subtype", json!("channel_join")),
        ("subtype", json!("of_tomorrow")),
        ("text", json!("<@U0SOMEBODY> hello")),
        ("text", Value::Null),
    ] {
        let payload = changed(message, |payload| payload["event"][key] = value.clone());
        nothing(&payload);
    }
}

#[test]
fn files_and_broadcasts_are_messages() {
    for subtype in ["file_share", "thread_broadcast"] {
        let payload = changed(fixture!("message.channels"), |value| {
            value["event"]["subtype"] = json!(subtype);
        });
        assert_eq!(conversation(&payload).2, Addressed::Mention);
    }
}

#[test]
fn an_organization_wide_message_without_a_team_belongs_to_the_enterprise() {
    let payload = changed(fixture!("app_mention"), |value| {
        value["team_id"] = Value::Null;
        value["authorizations"][0]["team_id"] = Value::Null;
        value["authorizations"][0]["enterprise_id"] = json!("E0CORP");
    });
    let Interpretation::Act { accounts, .. } = meaning(&payload) else {
        panic!("an action")
    };
    assert_eq!(accounts, ["E0CORP"]);
}

#[test]
fn an_organization_wide_message_is_looked_up_by_team_and_enterprise() {
    let payload = changed(fixture!("app_mention"), |value| {
        value["authorizations"][0]["enterprise_id"] = json!("E0CORP");
    });
    let Interpretation::Act { accounts, .. } = meaning(&payload) else {
        panic!("an action")
    };
    assert_eq!(accounts, ["T0ACME", "E0CORP"]);
}

#[test]
fn a_shared_channels_message_belongs_to_the_workspace_that_installed_us() {
    let payload = changed(fixture!("app_mention"), |value| value["team_id"] = json!("T0THEIRS"));
    assert_eq!(conversation(&payload).0.account, "T0ACME");
}

#[test]
fn our_joining_a_channel_grants_it() {
    assert_eq!(
        action(fixture!("member_joined_channel")),
        Action::Join(resource("C0OPS", "C0OPS", false))
    );
    let somebody = changed(fixture!("member_joined_channel"), |value| {
        value["event"]["user"] = json!("U0ANN");
    });
    assert_eq!(nothing(&somebody), "somebody else joined or left");
    let left = changed(fixture!("member_joined_channel"), |value| {
        value["event"]["type"] = json!("member_left_channel");
    });
    assert_eq!(action(&left), withdraw("C0OPS"));
}

#[test]
fn a_channels_new_name_is_told() {
    let expected = Action::Rename {
        id: "C0OPS".to_owned(),
        name: "operations".to_owned(),
    };
    assert_eq!(action(fixture!("channel_rename")), expected);
}

#[test]
fn the_end_of_a_connection_is_told() {
    assert_eq!(
        action(fixture!("app_uninstalled")),
        disconnect("The app was uninstalled in Slack")
    );
    assert_eq!(
        action(fixture!("tokens_revoked")),
        disconnect("The bot's token was revoked in Slack")
    );
    let users = changed(fixture!("tokens_revoked"), |value| {
        value["event"]["tokens"] = json!({"oauth": ["U0ANN"]});
    });
    assert_eq!(nothing(&users), "only tokens of users were revoked");
}

#[test]
fn unknown_types_and_other_payloads_do_no_harm() {
    let unknown = changed(fixture!("app_mention"), |value| {
        value["event"] = json!({"type": "of_tomorrow", "x": [1]});
    });
    assert_eq!(nothing(&unknown), "its type means nothing to us");
    assert_eq!(
        nothing(r#"{"type":"block_actions","team":{"id":"T1"},"actions":[]}"#),
        "it carries no event"
    );
    assert_eq!(
        nothing(r#"{"command":"/infragpt","team_id":"T1"}"#),
        "it carries no event"
    );
}

#[test]
fn malformed_payloads_say_what_is_wrong_and_nothing_of_their_content() {
    for (payload, problem) in [
        ("{\"event\":", "it ends too early (line 1, column 9)"),
        ("hush", "it isn't valid JSON (line 1, column 1)"),
        (r#"{"event":{"type":"message","channel":"hush"}}"#, "missing field `ts`"),
        (
            r#"{"event":{"type":"message","channel":{"hush":1},"ts":"1.2"}}"#,
            "a field has another type than documented",
        ),
        (
            r#"{"event":{"type":"app_mention","channel":"C1","ts":"hush","user":"U1","text":""},"team_id":"T1"}"#,
            "`ts` isn't a timestamp",
        ),
    ] {
        let malformed = interpret(&received(payload)).unwrap_err().to_string();
        assert!(malformed.contains(problem), "{malformed}");
        assert!(!malformed.contains("hush"), "{malformed}");
    }
}

#[test]
fn a_conversation_keeps_its_order() {
    assert_eq!(
        route_key(&received(fixture!("app_mention"))).unwrap(),
        "T0ACME:C0OPS:1732280000.123456"
    );
    assert_eq!(
        route_key(&received(fixture!("message.thread"))),
        route_key(&received(fixture!("app_mention")))
    );
    assert_eq!(route_key(&received(fixture!("app_uninstalled"))), None);
}

proptest! {
    #[test]
    fn any_payload_is_taken(payload in ".*") {
        let _ = interpret(&received(&payload));
        let _ = route_key(&received(&payload));
    }

    #[test]
    fn any_timestamp_is_taken(ts in ".*") {
        timestamp(&ts);
    }
}
