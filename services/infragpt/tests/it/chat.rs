//! What people do in Slack besides asking: watch an answer come, stop it, quiet a thread, judge, decide.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use infragpt::{
    configuration::NatsUser,
    environment::{Posted, Said},
};
use infragpt_nats::{
    FrameSink, Service,
    agent::{self, Ask, Proposal},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::App;

/// An installation whose agent follows a script.
pub struct Scripted {
    pub app: App,
    stop: CancellationToken,
    serving: Vec<tokio::task::JoinHandle<()>>,
    /// How often the action was done.
    done: Arc<AtomicUsize>,
}

const ROLES: [&str; 8] = [
    "slack",
    "github",
    "handlers",
    "conversations",
    "integrations",
    "projections",
    "queries",
    "api",
];

const WHY: &str = "Checkout began to fail at **10:14**, four minutes after `payments 4.2.0` was deployed. Between the two nothing \
                   else changed. The failed run of `CI` on `main` shows the same error: `card_declined` is retried twice. Roll it \
                   back to `4.1.0`, or fix the retry.";

fn restart() -> Proposal {
    Proposal {
        title: "Restart payments".to_owned(),
        tool: "tool.v1.infragpt.restart".to_owned(),
        arguments: json!({ "service": "payments" }),
        reason: "It does not answer, @channel".to_owned(),
        target: Some("payments in production".to_owned()),
        diff: None,
    }
}

/// What an agent does with a question that begins so.
async fn script(ask: Ask, frames: FrameSink) {
    let step = |state: &str| json!({ "id": "1", "title": "reads what changed", "state": state });
    match ask.question.split_whitespace().next().unwrap_or_default() {
        "slowly" => {
            frames.step(&step("running")).await;
            for word in ["One ", "two ", "three ", "four ", "five ", "six "] {
                frames.delta(word).await;
                tokio::time::sleep(Duration::from_millis(600)).await;
            }
            frames.step(&step("done")).await;
            frames.answer("One two three four five six seven.").await;
        }
        "why" => {
            for (id, title) in [
                ("1", "reads what changed in acme/payments"),
                ("2", "reads the failed runs"),
            ] {
                for state in ["running", "done"] {
                    frames.step(&json!({ "id": id, "title": title, "state": state })).await;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
            for piece in WHY.split_inclusive(". ") {
                frames.delta(piece).await;
                tokio::time::sleep(Duration::from_millis(1500)).await;
            }
            frames.answer(WHY).await;
        }
        "never" => {
            frames.delta("I am thinking about ").await;
            tokio::time::sleep(Duration::from_mins(1)).await;
            frames.answer("too late").await;
        }
        "restart" => {
            frames.proposal(&restart()).await;
            frames.answer("I would restart it.").await;
        }
        "everything" => frames.answer(&"a line of a very long answer\n\n".repeat(3_000)).await,
        "both" => {
            for word in ["One ", "two ", "three ", "four. "] {
                frames.delta(word).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            frames.proposal(&restart()).await;
            frames.answer("One two three four.").await;
        }
        "history" => frames.answer(&format!("`{}`", json!(ask.history))).await,
        _ => frames.answer(&format!("You said: {}", ask.question)).await,
    }
}

impl Scripted {
    pub async fn start() -> Self {
        let mut app = App::start_without_roles(|_| {}).await;
        app.installation.roles = Some(app.installation.spawn_roles(&ROLES).await.unwrap());
        app.connect_acme().await;
        let stop = CancellationToken::new();
        let done = Arc::new(AtomicUsize::new(0));
        let agents = app.installation.connect(NatsUser::Agent).await.unwrap();
        let answering = Service::new(&agents, "script", "0.1.0", "Follows a script").frames(
            agent::SUBJECT,
            |call, frames| async move {
                match call.json::<Ask>() {
                    Ok(ask) => script(ask, frames).await,
                    Err(error) => frames.error(&error.message).await,
                }
            },
        );
        // Whoever owns a tool does once for each action what people approved.
        let tools = app.installation.connect(NatsUser::Queries).await.unwrap();
        let counted = Arc::clone(&done);
        let acting =
            Service::new(&tools, "restarts", "0.1.0", "Restarts").endpoint("tool.v1.infragpt.restart", move |call| {
                let counted = Arc::clone(&counted);
                async move {
                    let arguments: Value = call.json()?;
                    assert_eq!(arguments["service"], "payments");
                    counted.fetch_add(1, Ordering::SeqCst);
                    Ok(json!({ "outcome": "payments runs again." }))
                }
            });
        let mut serving = Vec::new();
        for service in [answering, acting] {
            let stop = stop.clone();
            serving.push(tokio::spawn(async move { service.run(stop).await.unwrap() }));
        }
        Self {
            app,
            stop,
            serving,
            done,
        }
    }

    pub async fn finish(self) {
        self.app.settled().await.unwrap();
        self.stop.cancel();
        for serving in self.serving {
            serving.abort();
        }
        self.app.finish().await;
    }

    async fn say(&self, text: &str) -> Said {
        self.app.say(json!({ "text": text, "via": "socket" })).await.unwrap()
    }

    async fn reply(&self, said: &Said, text: &str) -> Said {
        let reply = json!({ "text": text, "via": "socket", "mention": false, "thread_ts": said.thread() });
        self.app.say(reply).await.unwrap()
    }

    /// The payloads of the events of this kind.
    async fn events(&self, aggregate: &str, name: &str) -> Vec<Value> {
        let filter = format!("events.{aggregate}.*.*.{name}");
        let events = self.app.log.read("EVENTS", &filter, 0).await.unwrap();
        events
            .iter()
            .map(|event| serde_json::from_slice(&event.payload).unwrap())
            .collect()
    }

    async fn until_event(&self, aggregate: &str, name: &str, count: usize) -> Vec<Value> {
        self.app
            .until(&format!("{count} {aggregate}.{name}"), async || {
                let events = self.events(aggregate, name).await;
                Ok((events.len() >= count).then_some(events))
            })
            .await
            .unwrap()
    }

    /// What the bot has said in a thread once it has said so much.
    async fn answers(&self, said: &Said, count: usize) -> Vec<Posted> {
        let within = Duration::from_secs(20);
        self.app
            .control
            .replies(&said.channel, said.thread(), count, within)
            .await
            .unwrap()
    }

    async fn messages(&self) -> Vec<Value> {
        let state = self.app.control.call("state", &json!({})).await.unwrap();
        state["messages"].as_array().unwrap().clone()
    }

    async fn until_message(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.app
            .until(what, async || Ok(self.messages().await.into_iter().find(&is_it)))
            .await
            .unwrap()
    }

    async fn press(&self, message: &Value, action_id: &str, user: &str) -> Value {
        let press = json!({
            "ts": message["ts"], "channel": message["channel"], "action_id": action_id, "user": user, "via": "socket",
        });
        self.app.control.call("press", &press).await.unwrap()
    }
}

fn text_of(message: &Value) -> String {
    format!("{} {} {}", message["text"], message["markdown"], message["blocks"])
}

#[tokio::test]
async fn an_answer_is_seen_while_it_comes_and_is_one_message_in_the_end() {
    let it = Scripted::start().await;
    let said = it.say("slowly please").await;
    it.app
        .until("a status", async || {
            let state = it.app.control.call("state", &json!({})).await?;
            let statuses = state["statuses"].as_array().cloned().unwrap_or_default();
            Ok(statuses
                .iter()
                .any(|status| status["thread_ts"] == *said.thread())
                .then_some(()))
        })
        .await
        .unwrap();
    let streaming = it
        .until_message("the first words", |message| {
            message["streaming"] == true && text_of(message).contains("One")
        })
        .await;
    assert!(!text_of(&streaming).contains("seven"), "{streaming}");
    let answers = it.answers(&said, 1).await;
    assert_eq!(answers.len(), 1);
    let whole = it
        .until_message("the whole answer", |message| {
            message["ts"] == streaming["ts"] && message["streaming"] != true
        })
        .await;
    assert!(
        text_of(&whole).contains("One two three four five six seven."),
        "{whole}"
    );
    assert!(text_of(&whole).contains("infragpt_feedback"), "{whole}");
    assert_eq!(whole["metadata"]["event_type"], "infragpt_answer");
    let posted = it.until_event("conversation", "answer_posted", 1).await;
    assert_eq!(posted[0]["posted_id"], whole["ts"]);
    assert_eq!(
        it.events("conversation", "answer_drafted").await[0]["posted_id"],
        whole["ts"]
    );
    it.finish().await;
}

#[tokio::test]
async fn an_answer_is_seen_where_slack_streams_nothing() {
    let it = Scripted::start().await;
    let refuse = json!({ "method": "chat.startStream", "kind": "error", "error": "unknown_method", "times": 100 });
    it.app.control.call("fault", &refuse).await.unwrap();
    let said = it.say("slowly please").await;
    let draft = it
        .until_message("the first words", |message| text_of(message).contains("infragpt_stop"))
        .await;
    let whole = it
        .until_message("the whole answer", |message| text_of(message).contains("six seven."))
        .await;
    assert_eq!(draft["ts"], whole["ts"]);
    assert!(!text_of(&whole).contains("infragpt_stop"), "{whole}");
    assert_eq!(it.answers(&said, 1).await.len(), 1);
    it.finish().await;
}

#[tokio::test]
async fn an_answer_is_stopped_by_a_word_a_reaction_and_a_button() {
    let it = Scripted::start().await;
    let asked = it.say("never mind").await;
    it.until_message("the first words", |message| text_of(message).contains("I am thinking"))
        .await;
    let began = tokio::time::Instant::now();
    it.reply(&asked, "stop").await;
    it.until_message("the end", |message| text_of(message).contains("_Stopped._"))
        .await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let failed = it.until_event("conversation", "answer_failed", 1).await;
    assert!(failed[0]["reason"].as_str().unwrap().contains("I am thinking about"));

    let asked = it.say("never again").await;
    it.until_event("conversation", "answer_requested", 2).await;
    let reaction = json!({ "ts": asked.ts, "channel": asked.channel, "name": "x", "via": "socket" });
    it.app.control.call("reaction", &reaction).await.unwrap();
    it.until_event("conversation", "stopped", 2).await;
    it.until_event("conversation", "answer_failed", 2).await;
    assert_eq!(it.answers(&asked, 1).await.len(), 1);

    let refuse = json!({ "method": "chat.startStream", "kind": "error", "error": "unknown_method", "times": 1 });
    it.app.control.call("fault", &refuse).await.unwrap();
    let asked = it.say("never ever").await;
    let draft = it
        .until_message("a button", |message| {
            message["thread_ts"] == *asked.thread() && text_of(message).contains("infragpt_stop")
        })
        .await;
    it.press(&draft, "infragpt_stop", "U0MAYA").await;
    it.until_event("conversation", "answer_failed", 3).await;
    // Nobody answers what was stopped, and the thread goes on.
    it.reply(&asked, "hello").await;
    let answers = it.answers(&asked, 2).await;
    assert!(answers[1].markdown().contains("You said: hello"));
    it.finish().await;
}

#[tokio::test]
async fn a_muted_thread_is_quiet_until_somebody_names_the_bot() {
    let it = Scripted::start().await;
    let asked = it.say("hello").await;
    it.answers(&asked, 1).await;
    it.reply(&asked, "mute").await;
    let said = it.answers(&asked, 2).await;
    assert!(said[1].text.contains("I'm quiet here now"), "{:?}", said[1]);
    it.reply(&asked, "just talking").await;
    it.app.settled().await.unwrap();
    assert_eq!(it.answers(&asked, 2).await.len(), 2);
    let named = json!({ "text": "are you there?", "via": "socket", "thread_ts": asked.thread() });
    it.app.say(named).await.unwrap();
    assert_eq!(it.answers(&asked, 3).await.len(), 3);
    it.reply(&asked, "unmute").await;
    it.answers(&asked, 4).await;
    it.reply(&asked, "and now?").await;
    assert_eq!(it.answers(&asked, 5).await.len(), 5);
    it.finish().await;
}

#[tokio::test]
async fn feedback_is_kept_and_an_answer_says_where_it_came_from() {
    let it = Scripted::start().await;
    let asked = it.say("hello").await;
    it.answers(&asked, 1).await;
    let answer = it
        .until_message("the answer", |message| text_of(message).contains("infragpt_feedback"))
        .await;
    let bad = json!({
        "ts": answer["ts"], "channel": answer["channel"], "action_id": "infragpt_feedback", "user": "U0MAYA", "via": "socket",
        "value": format!("bad:{}", answer["metadata"]["event_payload"]["answer_id"].as_str().unwrap()),
    });
    for _ in 0..2 {
        it.app.control.call("press", &bad).await.unwrap();
    }
    it.until_message("a question", |message| {
        message["ephemeral_to"] == "U0MAYA" && text_of(message).contains("What was wrong")
    })
    .await;
    let word = json!({
        "text": "feedback: that was last week", "via": "socket", "mention": false, "thread_ts": asked.thread(), "user": "U0MAYA",
    });
    it.app.say(word).await.unwrap();
    let given = it.until_event("conversation", "feedback_given", 2).await;
    assert_eq!(
        (&given[0]["verdict"], &given[1]["verdict"]),
        (&json!("bad"), &json!("bad"))
    );
    assert_eq!(given[1]["comment"], "that was last week");

    let reaction = json!({ "ts": answer["ts"], "channel": answer["channel"], "name": "mag", "via": "socket" });
    it.app.control.call("reaction", &reaction).await.unwrap();
    let note = it
        .until_message("an explanation", |message| {
            text_of(message).contains("Where this answer came from")
        })
        .await;
    assert!(text_of(&note).contains("infragpt trace"), "{note}");
    it.app.settled().await.unwrap();
    assert_eq!(it.events("conversation", "feedback_given").await.len(), 2);
    it.finish().await;
}

#[tokio::test]
async fn a_channel_is_watched_and_so_are_alerts_of_one_application() {
    let it = Scripted::start().await;
    let everybody = |text: &str| json!({ "text": text, "via": "socket", "mention": false });
    let alert = |app: &str| {
        json!({
            "text": "", "via": "socket", "mention": false, "bot_id": "B0ALERTS", "app_id": "A0ALERTS", "subtype": "bot_message",
            "username": app, "attachments": [{ "title": format!("{app}: checkout is slow") }],
        })
    };
    let command = |text: &str| json!({ "text": text, "via": "socket", "user": "U0MAYA" });
    for quiet in [everybody("lunch?"), alert("PagerDuty")] {
        it.app.say(quiet).await.unwrap();
    }
    it.app.settled().await.unwrap();
    assert!(it.events("conversation", "answer_requested").await.is_empty());

    it.app.control.call("command", &command("watch")).await.unwrap();
    it.app
        .control
        .call("command", &command("watch PagerDuty"))
        .await
        .unwrap();
    it.until_event("channel", "alerts_watched", 1).await;
    it.until_message("a word to who did it", |message| {
        message["ephemeral_to"] == "U0MAYA" && text_of(message).contains("pagerduty")
    })
    .await;
    let said = it.app.say(everybody("is checkout slow?")).await.unwrap();
    assert!(
        it.answers(&said, 1).await[0]
            .markdown()
            .contains("You said: is checkout slow?")
    );
    let said = it.app.say(alert("PagerDuty")).await.unwrap();
    assert!(
        it.answers(&said, 1).await[0]
            .markdown()
            .contains("PagerDuty: checkout is slow")
    );
    it.app.say(alert("Grafana")).await.unwrap();
    it.app.control.call("command", &command("unwatch")).await.unwrap();
    it.until_event("channel", "unwatched", 1).await;
    it.app.say(everybody("lunch again?")).await.unwrap();
    it.app.settled().await.unwrap();
    assert_eq!(it.events("conversation", "answer_requested").await.len(), 2);
    it.finish().await;
}

#[tokio::test]
async fn a_command_is_answered_to_its_author_alone() {
    let it = Scripted::start().await;
    let asked = json!({ "text": "ask what is up", "via": "socket", "user": "U0MAYA" });
    it.app.control.call("command", &asked).await.unwrap();
    it.until_message("an answer", |message| {
        message["ephemeral_to"] == "U0MAYA" && text_of(message).contains("You said: what is up")
    })
    .await;
    let requested = it.events("conversation", "answer_requested").await;
    assert_eq!(
        (&requested[0]["audience"], &requested[0]["is_private"]),
        (&json!("author"), &json!(true))
    );
    it.finish().await;
}

#[tokio::test]
async fn other_companies_are_answered_only_where_the_organization_allows_it() {
    let it = Scripted::start().await;
    let shared =
        || json!({ "text": "hello", "via": "socket", "shared": true, "user": "U0STRANGER", "user_team": "T0THEIRS" });
    it.app.say(shared()).await.unwrap();
    it.app.settled().await.unwrap();
    assert!(it.events("conversation", "answer_requested").await.is_empty());
    allow(&it.app, &json!({ "shared_channels": true })).await;
    let said = it.app.say(shared()).await.unwrap();
    it.answers(&said, 1).await;
    it.finish().await;
}

/// An administrator says what the organization allows.
async fn allow(app: &App, rules: &Value) {
    let connection = app.installation.connect(NatsUser::Api).await.unwrap();
    let identity = app.installation.spawn_roles(&["identity"]).await.unwrap();
    let request = json!({ "organization": "acme", "rules": rules, "actor": "user:user_maya" });
    app.until("the rules to be set", async || {
        let set = connection
            .request::<Value, Value>("organization.v1.set_rules", &request, Duration::from_secs(5))
            .await;
        Ok(set.ok())
    })
    .await
    .unwrap();
    identity.stop().await.unwrap();
}

#[tokio::test]
async fn what_people_approve_is_done_once_and_says_so() {
    let it = Scripted::start().await;
    let asked = it.say("restart payments").await;
    let card = it
        .until_message("a proposal", |message| text_of(message).contains("infragpt_approve"))
        .await;
    assert!(
        text_of(&card).contains("payments in production") && !text_of(&card).contains("<!channel>"),
        "{card}"
    );
    assert!(!text_of(&card).contains("@channel"), "{card}");
    // Two people press at once, and one of them twice.
    let (first, second, third) = tokio::join!(
        it.press(&card, "infragpt_approve", "U0MAYA"),
        it.press(&card, "infragpt_approve", "U0TOM"),
        it.press(&card, "infragpt_approve", "U0MAYA"),
    );
    assert!([first, second, third].iter().all(|pressed| pressed["acked"] == true));
    it.until_event("action", "executed", 1).await;
    let decided = it
        .until_message("the outcome", |message| {
            text_of(message).contains("payments runs again.")
        })
        .await;
    assert_eq!(decided["ts"], card["ts"]);
    assert!(!text_of(&decided).contains("infragpt_approve"), "{decided}");
    it.app.settled().await.unwrap();
    assert_eq!(it.done.load(Ordering::SeqCst), 1);
    assert_eq!(it.events("action", "approved").await.len(), 1);
    assert_eq!(it.answers(&asked, 2).await.len(), 2);
    it.finish().await;
}

#[tokio::test]
async fn what_is_denied_or_decided_by_somebody_else_is_not_done() {
    let it = Scripted::start().await;
    allow(&it.app, &json!({ "approvers": { "listed": ["U0MAYA"] } })).await;
    it.say("restart payments").await;
    let card = it
        .until_message("a proposal", |message| text_of(message).contains("infragpt_approve"))
        .await;
    it.press(&card, "infragpt_approve", "U0TOM").await;
    it.until_message("a refusal", |message| {
        message["ephemeral_to"] == "U0TOM" && text_of(message).contains("Only the people")
    })
    .await;
    it.press(&card, "infragpt_deny", "U0MAYA").await;
    it.until_message("the outcome", |message| {
        text_of(message).contains("Denied. Nothing was done.")
    })
    .await;
    it.app.settled().await.unwrap();
    assert_eq!(it.done.load(Ordering::SeqCst), 0);
    assert_eq!(it.events("action", "refused").await.len(), 1);
    it.finish().await;
}

#[tokio::test]
async fn what_authors_change_or_take_back_is_honoured() {
    let it = Scripted::start().await;
    let asked = it.say("the first words").await;
    it.answers(&asked, 1).await;
    let edit =
        json!({ "ts": asked.ts, "channel": asked.channel, "text": "<@U0INFRAGPT> other words", "via": "socket" });
    it.app.control.call("edit", &edit).await.unwrap();
    let secret = it.reply(&asked, "the password is swordfish").await;
    it.answers(&asked, 2).await;
    let delete = json!({ "ts": secret.ts, "channel": secret.channel, "via": "socket" });
    it.app.control.call("delete", &delete).await.unwrap();
    it.until_event("conversation", "message_edited", 1).await;
    it.until_event("conversation", "message_deleted", 1).await;
    it.reply(&asked, "history").await;
    let answers = it.answers(&asked, 3).await;
    let told = answers[2].markdown();
    assert!(told.contains("other words"), "{told}");
    assert!(
        !told.contains(r#""text":"the first words""#) && !told.contains("swordfish"),
        "{told}"
    );
    it.finish().await;
}

#[tokio::test]
async fn killed_while_an_answer_streams_there_is_one_answer_and_it_is_whole() {
    let mut it = Scripted::start().await;
    let said = it.say("slowly please").await;
    it.until_message("the first words", |message| message["streaming"] == true)
        .await;
    it.app.installation.kill_roles().await.unwrap();
    it.app.installation.roles = Some(it.app.installation.spawn_roles(&ROLES).await.unwrap());
    it.until_event("conversation", "answer_posted", 1).await;
    let posted: Vec<Value> = it
        .messages()
        .await
        .into_iter()
        .filter(|message| message["thread_ts"] == *said.thread() && !message["bot_id"].is_null())
        .collect();
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert!(text_of(&posted[0]).contains("six seven."), "{posted:?}");
    it.finish().await;
}

#[tokio::test]
async fn the_page_shows_what_is_connected_and_a_new_thread_what_can_be_asked() {
    let it = Scripted::start().await;
    let asked = it.say("hello").await;
    it.answers(&asked, 1).await;
    it.app.rows().await.unwrap();
    it.app
        .control
        .call("home", &json!({ "user": "U0MAYA", "via": "socket" }))
        .await
        .unwrap();
    it.app
        .until("the page", async || {
            let state = it.app.control.call("state", &json!({})).await?;
            Ok((state["homes"].to_string().contains("Connected")).then_some(state["homes"].to_string()))
        })
        .await
        .unwrap();
    it.app
        .control
        .call("assistant", &json!({ "user": "U0MAYA", "via": "socket" }))
        .await
        .unwrap();
    it.app
        .until("suggestions", async || {
            let state = it.app.control.call("state", &json!({})).await?;
            Ok(state["prompts"]
                .to_string()
                .contains("What changed today?")
                .then_some(()))
        })
        .await
        .unwrap();
    it.finish().await;
}

#[tokio::test]
async fn whatever_people_write_gets_one_answer_or_one_sentence() {
    let it = Scripted::start().await;
    let long = format!("tell {}", "very long words ".repeat(2_600));
    let odd = [
        "@infragpt",
        "  @infragpt  ",
        "מה השתנה היום?",
        "🔥🔥🔥",
        "```\nlet x = `y`;\n```",
        "<https://example.com|a link> & <#C0OPS> *bold* _it_",
        long.as_str(),
    ];
    let mut asked = Vec::new();
    for text in odd {
        asked.push(it.say(text).await);
    }
    let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "only a block" } }]);
    for more in [
        json!({ "text": "", "blocks": blocks }),
        json!({ "text": "see this", "subtype": "file_share", "files": [{ "name": "trace.txt", "content": "x" }] }),
    ] {
        let mut message = json!({ "via": "socket", "mention": false, "channel": "D0MAYA" });
        for (key, value) in more.as_object().unwrap() {
            message[key] = value.clone();
        }
        asked.push(it.app.say(message).await.unwrap());
    }
    for said in &asked {
        assert!(!it.answers(said, 1).await.is_empty(), "{said:?}");
    }
    it.app.settled().await.unwrap();
    assert!(it.app.news("DEAD_LETTERS").await.unwrap().is_empty());
    let requested = it.events("conversation", "answer_requested").await;
    assert_eq!(requested.len(), asked.len());
    let last = requested.last().unwrap()["message"]["text"].as_str().unwrap();
    assert_eq!(last, "see this\n[file: trace.txt]");
    it.finish().await;
}

#[tokio::test]
async fn an_answer_that_can_not_be_posted_is_given_up_with_the_reason() {
    let it = Scripted::start().await;
    for (number, word) in [
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "missing_scope",
        "msg_too_long",
    ]
    .into_iter()
    .enumerate()
    {
        let refuse = json!({ "method": "chat.postMessage", "kind": "error", "error": word, "times": 1 });
        it.app.control.call("fault", &refuse).await.unwrap();
        it.say("hello").await;
        let failed = it.until_event("conversation", "answer_failed", number + 1).await;
        let reason = failed[number]["reason"].as_str().unwrap();
        assert!(reason.contains(word) || reason.contains("did not allow"), "{reason}");
    }
    it.app.settled().await.unwrap();
    assert!(it.app.news("DEAD_LETTERS").await.unwrap().is_empty());
    it.finish().await;
}

#[tokio::test]
async fn the_same_conversation_works_over_http() {
    let it = Scripted::start().await;
    let events = it.app.slack_url();
    let door = |name: &str| events.replace("/events", name);
    let verify =
        json!({ "url": events, "commands_url": door("/commands"), "interactivity_url": door("/interactions") });
    it.app.control.call("url_verification", &verify).await.unwrap();
    let http = |mut body: Value| {
        body["via"] = "http".into();
        body
    };
    let asked = it.app.say(http(json!({ "text": "restart payments" }))).await.unwrap();
    let card = it
        .until_message("a proposal", |message| text_of(message).contains("infragpt_approve"))
        .await;
    let press = http(json!({
        "ts": card["ts"], "channel": card["channel"], "action_id": "infragpt_approve", "user": "U0MAYA",
    }));
    let pressed = it.app.control.call("press", &press).await.unwrap();
    assert_eq!(pressed["acked"], true, "{pressed}");
    it.until_message("the outcome", |message| {
        text_of(message).contains("payments runs again.")
    })
    .await;
    let command = http(json!({ "text": "ask what is up", "user": "U0MAYA" }));
    let typed = it.app.control.call("command", &command).await.unwrap();
    assert_eq!(typed["acked"], true, "{typed}");
    it.until_message("an answer", |message| {
        message["ephemeral_to"] == "U0MAYA" && text_of(message).contains("You said: what is up")
    })
    .await;
    let reaction = http(json!({ "ts": it.answers(&asked, 1).await[0].ts, "channel": asked.channel, "name": "mag" }));
    it.app.control.call("reaction", &reaction).await.unwrap();
    it.until_message("an explanation", |message| {
        text_of(message).contains("Where this answer came from")
    })
    .await;
    it.finish().await;
}

#[tokio::test]
async fn a_very_long_answer_is_a_file_below_its_beginning() {
    let it = Scripted::start().await;
    let said = it.say("everything").await;
    let answers = it.answers(&said, 1).await;
    assert!(
        answers[0].markdown().contains("The whole answer is in the file below"),
        "{}",
        answers[0].markdown().len()
    );
    let file = it
        .until_message("a file", |message| {
            message["thread_ts"] == *said.thread() && !message["files"].is_null()
        })
        .await;
    assert!(
        file["files"][0]["name"].as_str().unwrap().starts_with("answer-"),
        "{file}"
    );
    it.finish().await;
}

/// Whatever Slack was being asked when everything was killed: it had been done, and nobody heard of it.
#[tokio::test]
async fn killed_at_every_step_there_is_one_answer_and_one_action() {
    let mut it = Scripted::start().await;
    for (round, method) in [
        "assistant.threads.setStatus",
        "chat.startStream",
        "chat.appendStream",
        "chat.stopStream",
        "chat.postMessage",
        "chat.update",
    ]
    .into_iter()
    .enumerate()
    {
        let is_late = method == "chat.update";
        let before = it.calls(method).await;
        if !is_late {
            it.app.let_hang(method).await.unwrap();
        }
        let said = it.say("both please").await;
        if !is_late {
            it.kill_after(method, before).await;
        }
        it.until_event("action", "presented", round + 1).await;
        let card = it
            .until_message("a proposal", |message| {
                message["thread_ts"] == *said.thread() && text_of(message).contains("infragpt_approve")
            })
            .await;
        if is_late {
            it.app.let_hang(method).await.unwrap();
        }
        let before = it.calls(method).await;
        it.press(&card, "infragpt_approve", "U0MAYA").await;
        if is_late {
            it.kill_after(method, before).await;
        }
        it.until_event("action", "executed", round + 1).await;
        it.until_event("conversation", "answer_posted", round + 1).await;
        it.app.settled().await.unwrap();
        let ours: Vec<Value> = it
            .messages()
            .await
            .into_iter()
            .filter(|message| message["thread_ts"] == *said.thread() && !message["bot_id"].is_null())
            .collect();
        assert_eq!(ours.len(), 2, "{method}: {ours:#?}");
        assert!(
            ours.iter()
                .any(|message| text_of(message).contains("One two three four.")),
            "{method}: {ours:#?}"
        );
        assert!(
            ours.iter()
                .any(|message| text_of(message).contains("payments runs again.")),
            "{method}: {ours:#?}"
        );
        assert!(
            ours.iter().all(|message| message["streaming"] != true),
            "{method}: {ours:#?}"
        );
        assert_eq!(it.events("action", "proposed").await.len(), round + 1, "{method}");
    }
    it.finish().await;
}

impl Scripted {
    async fn calls(&self, method: &str) -> usize {
        let state = self.app.control.call("state", &json!({})).await.unwrap();
        let calls = state["calls"].as_array().unwrap().iter();
        calls.filter(|call| call["method"] == method).count()
    }

    /// Kills every role once Slack was asked for a method again, and starts them anew.
    async fn kill_after(&mut self, method: &str, before: usize) {
        self.app
            .until(&format!("{method} to hang"), async || {
                Ok((self.calls(method).await > before).then_some(()))
            })
            .await
            .unwrap();
        self.app.installation.kill_roles().await.unwrap();
        self.app.installation.roles = Some(self.app.installation.spawn_roles(&ROLES).await.unwrap());
    }
}
