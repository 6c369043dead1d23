//! Every operation against the simulator, which checks shapes and scopes as Slack does.

use super::*;

/// A connected workspace, to say things in.
struct Workspace {
    world: World,
    operations: Vec<Operation>,
    _installation: Installation,
}

impl Workspace {
    async fn new() -> Self {
        let (world, installation) = (World::start().await, Installation::start().await);
        let (slack, vault) = (world.slack(), installation.vault().await);
        let authorization = connect(&world, &*slack, "workspace").await;
        store(&vault, &*slack, authorization.credential.as_ref().unwrap()).await;
        let operations = Arc::clone(&slack).operations(vault);
        Self {
            world,
            operations,
            _installation: installation,
        }
    }

    async fn ask(&self, name: &'static str, mut request: Value) -> Result<Value, u16> {
        for (field, value) in [("organization", "acme"), ("account", "T0ACME"), ("channel", "C0OPS")] {
            if request.get(field).is_none() {
                request[field] = value.into();
            }
        }
        let operation = self.operations.iter().find(|operation| operation.name == name);
        let call = Call {
            payload: request.to_string().into(),
            subject: format!("connector.v1.slack.{name}"),
        };
        (operation.unwrap().run)(call).await.map_err(|error| error.code)
    }

    /// Somebody asks; the question's `ts`.
    async fn question(&self) -> String {
        let body = json!({"text": "what changed?", "mention": true, "timeout_ms": 1, "via": "usual"});
        let said = self.world.control("message", body).await;
        said["ts"].as_str().unwrap().to_owned()
    }

    /// What we said in a thread.
    async fn said(&self, thread: &str) -> Vec<Value> {
        let state = self
            .world
            .control("state", json!({"channel": "C0OPS", "thread_ts": thread}))
            .await;
        let messages = state["messages"].as_array().unwrap().iter();
        let ours = messages.filter(|message| message["bot_id"].is_string() && message["ephemeral_to"].is_null());
        ours.cloned().collect()
    }

    async fn state(&self, what: &str) -> Value {
        self.world.control("state", json!({})).await[what].clone()
    }
}

fn part_of(message: &Value) -> (&Value, &Value) {
    (
        &message["metadata"]["event_type"],
        &message["metadata"]["event_payload"],
    )
}

#[tokio::test]
async fn an_answer_grows_and_is_one_message() {
    let workspace = Workspace::new().await;
    let (thread, answer) = (workspace.question().await, Uuid::now_v7());
    let steps = json!([{"id": "1", "title": "reads changes", "state": "running"}]);
    let mut request = json!({
        "thread": thread, "answer_id": answer, "recipient": {"user": "U0ANN", "team": "T0ACME"},
        "text": "Two changes", "steps": steps, "draft": null,
    });
    let first = workspace.ask("draft", request.clone()).await.unwrap();
    assert_eq!(first["way"], "stream");
    request["draft"] = first;
    request["text"] = "Two changes since @here today".into();
    let draft = workspace.ask("draft", request).await.unwrap();
    let post = json!({
        "thread": thread, "answer_id": answer, "message": thread, "draft": draft,
        "text": "Two changes since @here today: one and two.", "footer": "in 2 s",
    });
    let posted = workspace.ask("post", post.clone()).await.unwrap();
    assert_eq!(
        (&posted["posted_id"], &posted["found"]),
        (&draft["posted_id"], &json!(false))
    );
    let said = workspace.said(&thread).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["text"], "Two changes since @\u{200B}here today: one and two.");
    assert_eq!(said[0]["blocks"].as_array().unwrap().len(), 2, "footer and feedback");
    assert_eq!(
        part_of(&said[0]),
        (&json!("infragpt_answer"), &json!({"answer_id": answer}))
    );
    assert!(!said[0]["streaming"].as_bool().unwrap_or_default());

    let mut again = post;
    again["look_first"] = true.into();
    let found = workspace.ask("post", again).await.unwrap();
    assert_eq!(
        (&found["posted_id"], &found["found"]),
        (&draft["posted_id"], &json!(true))
    );
    assert_eq!(workspace.said(&thread).await.len(), 1);
}

#[tokio::test]
async fn what_was_left_behind_is_made_whole() {
    let workspace = Workspace::new().await;
    for streams in [true, false] {
        let (thread, answer) = (workspace.question().await, Uuid::now_v7());
        let mut request = json!({"thread": thread, "answer_id": answer, "text": "Two changes ", "draft": null});
        if streams {
            // In a channel a stream is for somebody.
            request["recipient"] = json!({"user": "U0ANN", "team": "T0ACME"});
        }
        let draft = workspace.ask("draft", request).await.unwrap();
        assert_eq!(draft["way"], if streams { "stream" } else { "edit" });
        let post = json!({
            "thread": thread, "answer_id": answer, "message": thread, "text": "Nothing failed.", "look_first": true,
        });
        let posted = workspace.ask("post", post).await.unwrap();
        assert_eq!(
            (&posted["posted_id"], &posted["found"]),
            (&draft["posted_id"], &json!(false))
        );
        let said = workspace.said(&thread).await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["blocks"][0]["text"], "Nothing failed.");
        assert_eq!(part_of(&said[0]).1, &json!({"answer_id": answer}));
        assert!(!said[0]["streaming"].as_bool().unwrap_or_default());
    }
}

#[tokio::test]
async fn a_very_long_answer_is_a_file() {
    let workspace = Workspace::new().await;
    let (thread, answer) = (workspace.question().await, Uuid::now_v7());
    let paragraphs: Vec<String> = ["a", "b", "c", "d", "e"].map(|letter| letter.repeat(11_000)).into();
    let text = format!("In short: nothing.\n\n{}", paragraphs.join("\n\n"));
    let mut post = json!({"thread": thread, "answer_id": answer, "message": thread, "text": text});
    let posted = workspace.ask("post", post.clone()).await.unwrap();
    let said = workspace.said(&thread).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0]["ts"], posted["posted_id"]);
    assert_eq!(part_of(&said[0]).1, &json!({"answer_id": answer, "file": true}));
    assert_eq!(said[1]["files"][0]["title"], "answer.md");
    assert_eq!(said[1]["files"][0]["size"], text.len());

    post["look_first"] = true.into();
    let found = workspace.ask("post", post).await.unwrap();
    assert_eq!(
        (&found["posted_id"], &found["found"]),
        (&posted["posted_id"], &json!(true))
    );
    assert_eq!(workspace.said(&thread).await.len(), 2);
}

#[tokio::test]
async fn notes_statuses_and_pages_are_shown() {
    let workspace = Workspace::new().await;
    let thread = workspace.question().await;
    let status = |text: Value| json!({"thread": thread, "message": thread, "text": text});
    let shown = workspace.ask("status", status("is looking".into())).await.unwrap();
    assert_eq!(shown, json!({"shown": "status"}));
    assert_eq!(workspace.state("statuses").await[0]["status"], "is looking");
    workspace.ask("status", status(Value::Null)).await.unwrap();
    assert_eq!(workspace.state("statuses").await, json!([]));

    let note = json!({"thread": thread, "note_id": "n1", "text": "**Quiet** <@U0ANN>", "look_first": true});
    let first = workspace.ask("say", note.clone()).await.unwrap();
    let again = workspace.ask("say", note).await.unwrap();
    assert_eq!(
        (&first["posted_id"], &again["found"]),
        (&again["posted_id"], &json!(true))
    );
    assert_eq!(workspace.said(&thread).await[0]["text"], "*Quiet* <@U0ANN>");

    let tell = json!({"thread": null, "user": "U0ANN", "text": "psst"});
    assert_eq!(workspace.ask("tell", tell).await, Ok(json!({"shown": "ephemeral"})));
    let button = json!({"text": "Open", "url": "https://infragpt.example.com"});
    let home = json!({"user": "U0ANN", "sections": [{"title": "Connected", "text": "nothing", "button": button}]});
    assert_eq!(workspace.ask("home", home).await, Ok(json!({})));
    assert!(workspace.state("homes").await.to_string().contains("infragpt_link"));
    let prompts = json!({
        "thread": thread, "title": "For example:",
        "prompts": [{"title": "Status", "message": "status"}],
    });
    assert_eq!(workspace.ask("prompts", prompts).await, Ok(json!({})));
    assert_eq!(workspace.state("prompts").await[0]["prompts"][0]["message"], "status");
}

#[tokio::test]
async fn people_are_asked_once_and_told_what_came_of_it() {
    let workspace = Workspace::new().await;
    let (thread, action) = (workspace.question().await, Uuid::now_v7());
    let mut request = json!({
        "thread": thread, "answer_id": Uuid::now_v7(), "action_id": action, "title": "Re-run CI", "what": "Re-run run 7",
        "where": "acme/payments", "why": "It timed out, <!channel>", "diff": "- a\n+ b", "expires_at": now(), "look_first": true,
    });
    let asked = workspace.ask("propose", request.clone()).await.unwrap();
    let again = workspace.ask("propose", request.clone()).await.unwrap();
    assert_eq!(
        (&asked["posted_id"], &again["found"]),
        (&again["posted_id"], &json!(true))
    );
    let blocks = workspace.said(&thread).await[0]["blocks"].clone();
    assert_eq!(
        blocks.as_array().unwrap().last().unwrap()["elements"][0]["value"],
        json!(action)
    );

    request["posted_id"] = asked["posted_id"].clone();
    request["by"] = "U0ANN".into();
    request["outcome"] = "Approved. Run 7 is on its way.".into();
    let decided = workspace.ask("decided", request).await;
    assert_eq!(decided, Ok(json!({"posted_id": asked["posted_id"]})));
    let said = workspace.said(&thread).await;
    assert_eq!(said.len(), 1);
    let text = said[0]["blocks"].to_string();
    assert!(text.contains("<@U0ANN>: Approved.") && !text.contains("infragpt_approve") && !text.contains("<!channel>"));
}

#[tokio::test]
async fn a_workspace_that_allowed_less_is_answered_all_the_same() {
    let workspace = Workspace::new().await;
    let thread = workspace.question().await;
    for method in [
        "assistant.threads.setStatus",
        "reactions.add",
        "files.getUploadURLExternal",
        "chat.startStream",
    ] {
        let fault = json!({"method": method, "kind": "error", "error": "missing_scope", "times": 9});
        workspace.world.control("fault", fault).await;
    }
    let status = json!({"thread": thread, "message": thread, "text": "is looking"});
    assert_eq!(workspace.ask("status", status).await, Ok(json!({"shown": "nothing"})));
    let answer = Uuid::now_v7();
    let request = json!({"thread": thread, "answer_id": answer, "text": "Two changes ", "draft": null});
    let draft = workspace.ask("draft", request).await.unwrap();
    assert_eq!(draft["way"], "edit");
    let paragraphs: Vec<String> = ["a", "b", "c", "d", "e"].map(|letter| letter.repeat(11_000)).into();
    let post = json!({
        "thread": thread, "answer_id": answer, "message": thread, "draft": draft, "text": paragraphs.join("\n\n"),
    });
    workspace.ask("post", post).await.unwrap();
    assert_eq!(workspace.said(&thread).await.len(), 5);
}
