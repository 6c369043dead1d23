use bytes::Bytes;
use chrono::DateTime;
use infragpt_events::conversation::{FeedbackGiven, MessageDeleted, MessageEdited, Verdict};
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

fn written(payload: &str) -> (Place, Message, Address, bool) {
    match action(payload) {
        Action::Converse {
            place,
            message,
            address,
            root,
            ..
        } => (place, message, address, root),
        other => panic!("{other:?}"),
    }
}

fn conversation(payload: &str) -> (Place, Message, Addressed, bool) {
    match written(payload) {
        (place, message, Address::Ours(addressed), root) => (place, message, addressed, root),
        other => panic!("{other:?}"),
    }
}

fn is_shared(payload: &str) -> bool {
    match meaning(payload) {
        Interpretation::Act { shared, .. } => shared,
        Interpretation::Nothing(reason) => panic!("nothing: {reason}"),
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
    let message = fixture!("message.channels");
    for (key, value) in [
        ("user", json!("U0BOT")),
        ("user", json!("USLACKBOT")),
        ("hidden", json!(true)),
        ("subtype", json!("channel_join")),
        ("subtype", json!("of_tomorrow")),
    ] {
        let payload = changed(message, |payload| payload["event"][key] = value.clone());
        nothing(&payload);
    }
}

#[test]
fn what_names_nobody_is_for_the_channel_to_say() {
    for (key, value) in [("text", json!("<@U0SOMEBODY> hello")), ("text", Value::Null)] {
        let payload = changed(fixture!("message.channels"), |payload| {
            payload["event"][key] = value.clone();
        });
        assert_eq!(written(&payload).2, Address::Channel);
    }
}

#[test]
fn another_application_is_named_and_ours_is_not_answered() {
    let alert = |change: fn(&mut Value)| {
        changed(fixture!("message.channels"), |payload| {
            let event = &mut payload["event"];
            event["bot_id"] = json!("B1");
            event["subtype"] = json!("bot_message");
            event["user"] = Value::Null;
            event["text"] = json!("");
            event["blocks"] = json!([]);
            event["bot_profile"] = json!({ "name": "PagerDuty" });
            event["attachments"] =
                json!([{ "title": "Checkout is slow", "text": "p99 *3 s*", "fallback": "the same" }]);
            change(event);
        })
    };
    let (_, message, address, root) = written(&alert(|_| ()));
    assert_eq!(address, Address::App("PagerDuty".to_owned()));
    assert_eq!(message.text, "Checkout is slow\np99 *3 s*");
    assert_eq!((message.author.id.as_str(), root), ("B1", true));
    let blocks = alert(|event| {
        event["attachments"] = json!([]);
        event["blocks"] = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "disk full" } }]);
    });
    assert_eq!(written(&blocks).1.text, "disk full");
    let unnamed = alert(|event| event["bot_profile"] = Value::Null);
    assert_eq!(written(&unnamed).2, Address::App("B1".to_owned()));
    let reply = alert(|event| event["thread_ts"] = json!("1.1"));
    assert_eq!(nothing(&reply), "a bot wrote it");
    let ours = changed(&alert(|event| event["app_id"] = json!("A1")), |payload| {
        payload["api_app_id"] = json!("A1");
    });
    assert_eq!(nothing(&ours), "we wrote it");
}

#[test]
fn a_file_is_told_by_its_name_and_no_text_is_endless() {
    let payload = changed(fixture!("message.channels"), |payload| {
        payload["event"]["text"] = json!("");
        payload["event"]["blocks"] = json!([]);
        payload["event"]["files"] = json!([{ "name": "trace.txt" }, { "title": "no name" }, {}]);
    });
    assert_eq!(written(&payload).1.text, "[file: trace.txt]\n[file: no name]");
    let endless = changed(fixture!("message.channels"), |payload| {
        payload["event"]["text"] = json!("ä".repeat(50_000));
    });
    assert_eq!(written(&endless).1.text.chars().count(), 40_000);
}

#[test]
fn what_is_shared_with_another_company_is_said() {
    assert!(!is_shared(fixture!("message.channels")));
    let channel = changed(fixture!("message.channels"), |payload| {
        payload["is_ext_shared_channel"] = json!(true);
    });
    assert!(is_shared(&channel));
    let person = changed(fixture!("message.channels"), |payload| {
        payload["event"]["user_team"] = json!("T0THEIRS");
    });
    assert!(is_shared(&person));
}

#[test]
fn authors_change_and_take_back_what_they_wrote() {
    let version = |text: &str| json!({ "ts": "5.000100", "thread_ts": "4.000100", "user": "U0ANN", "text": text });
    let event = |event: Value| changed(fixture!("message.channels"), |payload| payload["event"] = event.clone());
    let change = json!({
        "type": "message", "subtype": "message_changed", "hidden": true, "channel": "C0OPS", "ts": "6.000100",
        "message": version("<@U0BOT> what failed?"), "previous_message": version("<@U0BOT> what changed?"),
    });
    let Action::Steer { place, command } = action(&event(change.clone())) else {
        panic!()
    };
    assert_eq!((place.channel.as_str(), place.thread.as_str()), ("C0OPS", "4.000100"));
    let edited = MessageEdited {
        message_id: "5.000100".to_owned(),
        text: "what failed?".to_owned(),
    };
    assert_eq!(command, ConversationCommand::EditMessage(edited));
    assert_eq!(
        route_key(&received(&event(change.clone()))).as_deref(),
        Some("T0ACME:C0OPS:4.000100")
    );
    let mut same = change.clone();
    same["message"] = same["previous_message"].clone();
    assert_eq!(nothing(&event(same)), "its text is what it was");
    let mut bots = change;
    bots["message"]["bot_id"] = json!("B1");
    assert_eq!(nothing(&event(bots)), "a bot wrote it");
    let deletion = json!({
        "type": "message", "subtype": "message_deleted", "hidden": true, "channel": "C0OPS", "ts": "6.000100",
        "deleted_ts": "5.000100", "previous_message": version("x"),
    });
    let Action::Steer { command, .. } = action(&event(deletion)) else {
        panic!()
    };
    let deleted = MessageDeleted {
        message_id: "5.000100".to_owned(),
    };
    assert_eq!(command, ConversationCommand::DeleteMessage(deleted));
}

#[test]
fn two_reactions_mean_something() {
    let reacted = |name: &str| {
        changed(fixture!("message.channels"), |payload| {
            payload["event"] = json!({
                "type": "reaction_added", "user": "U0ANN", "reaction": name,
                "item": { "type": "message", "channel": "C0OPS", "ts": "5.000100" },
            });
        })
    };
    for (name, meant) in [("x", Reaction::Stop), ("mag", Reaction::Explain)] {
        let Action::React {
            spot,
            message_id,
            reaction,
            by,
        } = action(&reacted(name))
        else {
            panic!()
        };
        assert_eq!(
            (spot.channel.as_str(), message_id.as_str(), by.as_str()),
            ("C0OPS", "5.000100", "U0ANN")
        );
        assert_eq!(reaction, meant);
    }
    assert_eq!(nothing(&reacted("tada")), "its reaction means nothing to us");
}

#[test]
fn buttons_are_what_they_are_called() {
    let answer = Uuid::from_u128(7);
    let pressed = |action_id: &str, value: String| {
        json!({
            "type": "block_actions", "user": { "id": "U0ANN", "team_id": "T0ACME" }, "team": { "id": "T0ACME" },
            "channel": { "id": "C0OPS" }, "container": { "type": "message", "thread_ts": "4.000100" },
            "message": { "ts": "5.000100" }, "actions": [{ "action_id": action_id, "value": value }],
        })
        .to_string()
    };
    let steered = |action_id: &str, value: String| match action(&pressed(action_id, value)) {
        Action::Steer { place, command } => {
            assert_eq!(place.thread, "4.000100");
            command
        }
        other => panic!("{other:?}"),
    };
    let by = || "U0ANN".to_owned();
    assert_eq!(
        steered("infragpt_stop", answer.to_string()),
        ConversationCommand::Stop {
            by: by(),
            answer_id: Some(answer)
        }
    );
    assert_eq!(
        steered("infragpt_feedback", format!("bad:{answer}")),
        ConversationCommand::GiveFeedback(FeedbackGiven {
            answer_id: answer,
            by: by(),
            verdict: Verdict::Bad,
            comment: None,
        })
    );
    let Action::Decide {
        action: id, approve, ..
    } = action(&pressed("infragpt_deny", answer.to_string()))
    else {
        panic!()
    };
    assert_eq!((id, approve), (answer, false));
    for (action_id, value) in [
        ("infragpt_approve", "not an identity".to_owned()),
        ("infragpt_feedback", format!("so-so:{answer}")),
        ("another_app", answer.to_string()),
    ] {
        assert_eq!(nothing(&pressed(action_id, value)), "its button means nothing to us");
    }
    let theirs =
        pressed("infragpt_approve", answer.to_string()).replace(r#""team_id":"T0ACME""#, r#""team_id":"T0THEIRS""#);
    assert!(is_shared(&theirs));
}

#[test]
fn commands_watch_or_ask() {
    let typed = |text: &str| {
        let command = json!({
            "command": "/infragpt", "team_id": "T0ACME", "channel_id": "C0OPS", "user_id": "U0ANN", "text": text,
        });
        action(&command.to_string())
    };
    let spot = || spot("T0ACME", "C0OPS");
    let (app, by) = (Some("PagerDuty EU".to_owned()), "U0ANN".to_owned());
    assert_eq!(
        typed(" watch  PagerDuty EU "),
        Action::Watch(
            spot(),
            ChannelCommand::Watch {
                spot: spot(),
                app,
                by: by.clone()
            }
        )
    );
    assert_eq!(
        typed("Unwatch"),
        Action::Watch(
            spot(),
            ChannelCommand::Unwatch {
                spot: spot(),
                app: None,
                by
            }
        )
    );
    for (text, question) in [
        ("", "help"),
        ("ask what failed?", "what failed?"),
        ("status", "status"),
        ("why now?", "why now?"),
    ] {
        let Action::Converse {
            message,
            address,
            is_private,
            ..
        } = typed(text)
        else {
            panic!()
        };
        assert_eq!((message.text.as_str(), message.id.as_str()), (question, "Ev1"));
        assert_eq!((address, is_private), (Address::Ours(Addressed::Command), Some(true)));
    }
}

#[test]
fn what_is_opened_is_told() {
    let opened = |tab: &str| {
        changed(fixture!("message.channels"), |payload| {
            payload["event"] = json!({ "type": "app_home_opened", "user": "U0ANN", "channel": "D0ANN", "tab": tab });
        })
    };
    let user = "U0ANN".to_owned();
    assert_eq!(action(&opened("home")), Action::Open(Opened::Home { user }));
    assert_eq!(nothing(&opened("messages")), "another tab was opened");
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
        nothing(r#"{"type":"view_submission","team":{"id":"T1"}}"#),
        "it carries no event"
    );
    assert_eq!(
        nothing(r#"{"type":"block_actions","user":{"id":"U1"},"team":{"id":"T1"},"actions":[]}"#),
        "it was pressed outside of a message"
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
