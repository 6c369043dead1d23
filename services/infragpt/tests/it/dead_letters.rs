//! What can't be handled, and what operators do about it.

use std::{process::Stdio, time::Duration};

use infragpt::configuration::NatsUser;
use infragpt_nats::{Envelope, FactPublisher, RawSubject, Received};
use serde_json::{Value, json};

use crate::{harness::App, seeing::records};

/// Runs `dead-letters` and returns its exit code, what it printed and what it complained of.
async fn dead_letters(app: &App, arguments: &[&str]) -> (i32, String, String) {
    let arguments = [&["dead-letters"], arguments].concat();
    let output = app.installation.operate(&arguments).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

async fn json_of(app: &App, arguments: &[&str]) -> Vec<Value> {
    let (_, printed, _) = dead_letters(app, &[arguments, &["--json"]].concat()).await;
    records(printed.as_bytes())
}

/// A GitHub delivery that no build can handle, past the webhook: what is said of it is whatever `payload` says.
async fn deliver(app: &App, id: &str, payload: &str) -> u64 {
    let github = app.installation.connect(NatsUser::Github).await.unwrap();
    let envelope = Envelope {
        id: id.to_owned(),
        source: "https://github.com/acme".to_owned(),
        kind: "com.github.push".to_owned(),
        datacontenttype: Some("application/json".to_owned()),
        ..Envelope::default()
    };
    let subject = RawSubject::github(Some(4242), "push", None);
    let published = FactPublisher::new(&github)
        .publish(&subject, &envelope, payload.to_owned().into())
        .await
        .unwrap();
    github.drain().await;
    published.sequence
}

async fn letters(app: &App, count: usize) {
    app.until("dead letters", async || {
        let letters = app.log.read("DEAD_LETTERS", ">", 0).await?;
        Ok((letters.len() == count).then_some(()))
    })
    .await
    .unwrap();
}

/// The audit's records of what operators did: what, on what, and why.
async fn audited(app: &App) -> Vec<(String, String, String)> {
    let records = app.log.read("EVENTS", "events.audit.>", 0).await.unwrap();
    let told = |record: &Received| {
        let payload: Value = serde_json::from_slice(&record.payload).unwrap();
        let text = |key: &str| payload[key].as_str().unwrap_or_default().to_owned();
        let is_operators = record
            .envelope
            .actor
            .as_deref()
            .is_some_and(|actor| actor.starts_with("operator:"));
        (is_operators && !text("reason").is_empty()).then(|| (text("action"), text("purpose"), text("reason")))
    };
    records.iter().filter_map(told).collect()
}

#[tokio::test]
async fn letters_are_grouped_by_cause_and_narrowed_by_every_filter() {
    let app = App::start().await;
    let (code, printed, _) = dead_letters(&app, &["list"]).await;
    assert_eq!((code, printed.as_str()), (0, "no dead letters, as it should be\n"));
    deliver(
        &app,
        "p-1",
        r#"{"ref": 7, "said": "xoxb-1234567890-1234567890-abcdefghijklmnop"}"#,
    )
    .await;
    deliver(&app, "p-2", r#"{"more": "words", "ref": 12345}"#).await;
    deliver(&app, "p-3", r#"{"ref": "#).await;
    letters(&app, 3).await;
    let groups = json_of(&app, &["list"]).await;
    let told: Vec<(&Value, &Value)> = groups
        .iter()
        .map(|group| (&group["count"], &group["consumer"]))
        .collect();
    let handler = json!("github_handler");
    assert_eq!(told, [(&json!(2), &handler), (&json!(1), &handler)], "{groups:#?}");
    let first = groups[0]["cause"].as_str().unwrap();
    assert!(first.contains('…') && !first.contains("12345"), "{first}");
    let (_, people, _) = dead_letters(&app, &["list"]).await;
    assert!(people.starts_with("COUNT  CONSUMER"), "{people}");
    for (filter, expected) in [
        (&["--consumer", "github_handler"][..], 3),
        (&["--consumer", "slack_handler"], 0),
        (&["--cause", "too early"], 1),
        (&["--cause", "TOO EARLY", "--ignore-case"], 1),
        (&["--type", "com.github.push"], 3),
        (&["--type", "com.github.release"], 0),
        (&["--stream", "RAW_GITHUB"], 3),
        (&["--stream", "EVENTS"], 0),
        (&["--subject", "raw.github.4242.>"], 3),
        (&["--organization", "acme"], 3),
        (&["--organization", "globex"], 0),
        (&["--where", ".data.ref == 12345"], 1),
        (&["--since", "1h"], 3),
        (&["--until", "1h"], 0),
    ] {
        let found = json_of(&app, &[&["list", "--each"], filter].concat()).await;
        assert_eq!(found.len(), expected, "{filter:?}");
    }
    let (_, shown, _) = dead_letters(&app, &["show", "DEAD_LETTERS#1"]).await;
    for part in [
        "github_handler, after 1 try",
        "RAW_GITHUB#",
        "dead-letters retry 1",
        "\"ref\": 7",
        "[redacted]",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("xoxb-"), "{shown}");
    let (code, _, complaint) = dead_letters(&app, &["show", "9"]).await;
    assert!(
        code == 1 && complaint.contains("there is no DEAD_LETTERS#9"),
        "{complaint}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_letter_is_retried_as_it_is_and_then_edited_as_a_new_fact() {
    let app = App::start().await;
    assert_eq!(app.webhook("push", json!({ "repository": "acme/payments" })).await, 200);
    app.settled().await.unwrap();
    let good = app.log.read("RAW_GITHUB", "raw.github.*.push.>", 0).await.unwrap();
    let payload: Value = serde_json::from_slice(&good[0].payload).unwrap();
    let mut broken = payload.clone();
    broken["ref"] = json!(7);
    let original = deliver(&app, "poison", &broken.to_string()).await;
    letters(&app, 1).await;

    let (code, printed, complaint) = dead_letters(&app, &["retry", "1", "--reason", "is it still so?"]).await;
    assert!(
        code == 1 && printed.contains("DEAD_LETTERS#1  stays: "),
        "{printed}{complaint}"
    );
    letters(&app, 1).await;

    let file = app.directory().join("edited.json");
    let path = file.to_str().unwrap();
    let edit = async |text: &str| {
        std::fs::write(&file, text).unwrap();
        dead_letters(&app, &["retry", "1", "--payload", path, "--reason", "a ref is a text"]).await
    };
    let (code, _, complaint) = edit("{\"ref\": ").await;
    assert!(code == 2 && complaint.contains("is no JSON"), "{complaint}");
    let (code, _, complaint) = edit(&broken.to_string()).await;
    assert!(code == 2 && complaint.contains("edit it"), "{complaint}");
    letters(&app, 1).await;

    let mut mended = payload.clone();
    mended["ref"] = json!("refs/heads/main");
    mended["before"] = json!("0".repeat(40));
    let before = app.log.read("EVENTS", "events.change.>", 0).await.unwrap().len();
    let (code, printed, complaint) = edit(&mended.to_string()).await;
    assert!(code == 0 && printed.contains("is the new fact"), "{printed}{complaint}");
    letters(&app, 0).await;
    app.settled().await.unwrap();
    let facts = app
        .log
        .read("RAW_GITHUB", "raw.github.4242.push.-", original)
        .await
        .unwrap();
    let [fact] = facts.as_slice() else {
        panic!("one new fact: {facts:#?}")
    };
    assert_eq!(fact.envelope.extensions["originid"], "poison");
    assert_eq!(fact.envelope.causation.as_deref(), Some("poison"));
    assert!(fact.envelope.actor.as_deref().unwrap().starts_with("operator:"));
    let changes = app.log.read("EVENTS", "events.change.>", 0).await.unwrap();
    assert_eq!(changes.len(), before + 1, "the mended push is a change");
    let replayed = app
        .installation
        .operate(&["replay", "--stream", "RAW_GITHUB"])
        .await
        .unwrap();
    let said = String::from_utf8(replayed.stdout).unwrap();
    assert!(said.contains("decides the same"), "neither build can handle it: {said}");
    let traced = app.installation.infragpt(&["trace", "poison"]).await.unwrap();
    for part in [
        "dead letter retried for RAW_GITHUB#",
        ": a ref is a text",
        "pushed to acme/payments",
    ] {
        assert!(traced.contains(part), "{part}: {traced}");
    }
    let place = format!("RAW_GITHUB#{original}");
    let record = |action: &str, reason: &str| (action.to_owned(), place.clone(), reason.to_owned());
    assert_eq!(
        audited(&app).await,
        [
            record("dead_letter_retried", "is it still so?"),
            record("dead_letter_retried", "a ref is a text")
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn many_are_discarded_at_once_if_somebody_means_it() {
    let app = App::start().await;
    for number in 0..5 {
        deliver(&app, &format!("p-{number}"), r#"{"ref": 7}"#).await;
    }
    letters(&app, 5).await;
    for (arguments, code, says) in [
        (&["discard", "--reason", "x"][..], 2, "say which letters"),
        (
            &["discard", "--all", "--reason", "x"],
            2,
            "this would discard 5 letters",
        ),
        (&["discard", "--all", "--yes"], 2, "--reason"),
        (&["discard", "1", "--reason", " "], 2, "`--reason` has to say why"),
        (
            &["discard", "EVENTS#1", "--reason", "x"],
            2,
            "EVENTS has no dead letters",
        ),
        (
            &[
                "discard",
                "--all",
                "--yes",
                "--cause",
                "nothing like it",
                "--reason",
                "x",
            ],
            1,
            "no such dead letter",
        ),
        (
            &["discard", "--all", "--yes", "--rate", "0", "--reason", "x"],
            2,
            "`--rate` is how many a second",
        ),
    ] {
        let (found, _, complaint) = dead_letters(&app, arguments).await;
        assert!(found == code && complaint.contains(says), "{arguments:?}: {complaint}");
    }
    letters(&app, 5).await;
    // Killed between two letters, and done again.
    let slow = [
        "dead-letters",
        "discard",
        "--all",
        "--yes",
        "--rate",
        "2",
        "--reason",
        "a test",
    ];
    let mut killed = app.installation.command(&slow).stdout(Stdio::null()).spawn().unwrap();
    app.until("the first to be gone", async || {
        let left = app.log.read("DEAD_LETTERS", ">", 0).await?;
        Ok((left.len() < 5).then_some(()))
    })
    .await
    .unwrap();
    killed.kill().await.unwrap();
    let left = app.log.read("DEAD_LETTERS", ">", 0).await.unwrap().len();
    assert!(left > 0, "it was killed in the middle");
    let (code, printed, complaint) = dead_letters(&app, &["discard", "--all", "--yes", "--reason", "a test"]).await;
    assert_eq!(code, 0, "{printed}{complaint}");
    letters(&app, 0).await;
    let audited = audited(&app).await;
    assert!(audited.len() >= 5, "{audited:#?}");
    assert!(
        audited
            .iter()
            .all(|(action, _, reason)| action == "dead_letter_discarded" && reason == "a test")
    );
    app.finish().await;
}

#[tokio::test]
async fn without_the_role_that_handles_it_a_letter_stays_and_the_sentence_says_so() {
    let mut app = App::start().await;
    deliver(&app, "poison", r#"{"ref": 7}"#).await;
    letters(&app, 1).await;
    app.installation.roles.take().unwrap().stop().await.unwrap();
    let (code, printed, complaint) = dead_letters(&app, &["retry", "1", "--reason", "x"]).await;
    assert!(
        code == 1 && printed.contains("with the role `identity`"),
        "{printed}{complaint}"
    );
    app.installation.roles = Some(app.installation.spawn_roles(&["identity"]).await.unwrap());
    app.until("the role `identity`", async || {
        let (code, printed, _) = dead_letters(&app, &["retry", "1", "--reason", "x"]).await;
        assert_eq!(code, 1, "{printed}");
        Ok(printed.contains("nobody handles `github_handler` now").then_some(()))
    })
    .await
    .unwrap();
    letters(&app, 1).await;
    app.finish().await;
}

#[tokio::test]
async fn what_was_handled_is_handled_again_for_real_at_a_pace_and_goes_on_where_it_stopped() {
    let app = App::start().await;
    for _ in 0..3 {
        assert_eq!(app.webhook("push", json!({ "repository": "acme/payments" })).await, 200);
    }
    app.settled().await.unwrap();
    let before = app.news("EVENTS").await.unwrap().len();
    let live = async |arguments: &[&str]| {
        let arguments = [&["replay", "--live", "--json"], arguments].concat();
        let output = app.installation.operate(&arguments).await.unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), records(&output.stdout), complaint)
    };
    for (arguments, says) in [
        (&["--since", "1h"][..], "--reason"),
        (&["--reason", "x"], "would handle everything again"),
        (
            &["--reason", "x", "--stream", "DEAD_LETTERS", "--since", "1h"],
            "nobody handles what DEAD_LETTERS has",
        ),
        (&["--reason", "x", "--since", "1h", "--answers"], "cannot be used with"),
    ] {
        let (code, _, complaint) = live(arguments).await;
        assert!(code == 2 && complaint.contains(says), "{arguments:?}: {complaint}");
    }
    let checkpoint = app.directory().join("checkpoint.json");
    let path = checkpoint.to_str().unwrap();
    let pushes = [
        "--subject",
        "raw.github.*.push.>",
        "--reason",
        "a test",
        "--checkpoint",
        path,
    ];
    let slow = [&["replay", "--live", "--rate", "2"], &pushes[..]].concat();
    let mut killed = app.installation.command(&slow).stdout(Stdio::null()).spawn().unwrap();
    app.until("the first", async || Ok(checkpoint.exists().then_some(())))
        .await
        .unwrap();
    killed.kill().await.unwrap();
    let (code, done, complaint) = live(&pushes).await;
    assert_eq!(code, 0, "{complaint}");
    let (summary, again) = done.split_last().unwrap();
    assert_eq!(summary["failed"], 0);
    assert!((1..=2).contains(&again.len()), "the first was done before: {done:#?}");
    assert!(
        again
            .iter()
            .all(|one| one["consumer"] == "github_handler" && one["handled"] == true)
    );
    let (code, done, _) = live(&pushes).await;
    assert_eq!((code, done.len()), (0, 1), "nothing is left: {done:#?}");
    tokio::time::timeout(Duration::from_secs(20), app.settled())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        app.news("EVENTS").await.unwrap().len(),
        before,
        "nothing is appended twice"
    );
    let audited = audited(&app).await;
    assert_eq!(audited.len(), 2, "{audited:#?}");
    assert!(
        audited
            .iter()
            .all(|(action, target, _)| action == "redelivered" && target.starts_with("RAW_GITHUB#"))
    );
    app.finish().await;
}
