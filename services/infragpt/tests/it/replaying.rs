//! Recorded facts through this build: what it would decide, against what was decided.

use infragpt::configuration::NatsUser;
use infragpt_nats::{Envelope, FactPublisher, RawSubject, Service, agent};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{harness::App, seeing::records};

async fn replay(app: &App, arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = app
        .installation
        .operate(&[&["replay", "--json"], arguments].concat())
        .await
        .unwrap();
    let mut shown = records(&output.stdout);
    assert!(!shown.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = shown.pop().unwrap();
    assert_eq!(summary["different"], shown.len());
    shown.push(summary);
    (output.status.code().unwrap(), shown)
}

/// A life with everything in it that handlers decide on.
async fn lived() -> App {
    let app = App::start().await;
    app.sign_up().await.unwrap();
    for (event, more) in [
        ("workflow_run", json!({ "action": "completed" })),
        ("push", json!({})),
        ("installation_repositories", json!({ "action": "added" })),
        ("star", json!({ "action": "created" })),
        (
            "release",
            json!({ "action": "published", "payload": { "no": "release" } }),
        ),
    ] {
        assert_eq!(app.webhook(event, more).await, 200, "{event}");
    }
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    let again =
        json!({ "text": "status", "via": "socket", "ts": said.ts, "kind": "app_mention", "event_id": "EvAgain" });
    app.say(again).await.unwrap();
    let lunch = json!({ "text": "lunch?", "via": "socket", "mention": false });
    app.say(lunch).await.unwrap();
    app.settled().await.unwrap();
    app
}

/// What PostgreSQL says to a statement.
fn query(app: &App, statement: &str) -> String {
    let psql = infragpt_local::find::postgres().unwrap().join("psql");
    let output = std::process::Command::new(psql)
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", statement])
        .arg(app.installation.endpoints.database_url.as_str())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_same_build_decides_the_same_and_appends_nothing() {
    let app = lived().await;
    let before = app.news("EVENTS").await.unwrap().len();
    let (code, shown) = replay(&app, &[]).await;
    assert_eq!(code, 0, "{shown:#?}");
    let facts = shown[0]["facts"].as_u64().unwrap();
    let mut stored = 0;
    for stream in ["RAW_SLACK", "RAW_GITHUB", "RAW_CLERK"] {
        stored += app.log.bounds(stream).await.unwrap().messages;
    }
    assert_eq!(facts, stored);
    assert_eq!(app.news("EVENTS").await.unwrap().len(), before);

    let checkpoint = app.directory().join("replayed.json");
    let checkpoint = checkpoint.to_str().unwrap();
    let (_, first) = replay(&app, &["--checkpoint", checkpoint]).await;
    let (_, second) = replay(&app, &["--checkpoint", checkpoint]).await;
    assert_eq!(
        (&first[0]["facts"], &second[0]["facts"]),
        (&json!(facts), &json!(0)),
        "it goes on where it was"
    );
    app.finish().await;
}

#[tokio::test]
async fn what_was_decided_otherwise_is_shown_fact_by_fact() {
    let app = lived().await;
    // As an earlier build would leave it that did not know this change.
    let changes = app.log.read("EVENTS", "events.change.>", 0).await.unwrap();
    let [failed, push] = &changes[..] else {
        panic!("{changes:?}")
    };
    let admin = app.installation.connect(NatsUser::Admin).await.unwrap();
    let delete = json!({ "seq": failed.sequence });
    let deleted: Value = admin
        .request(
            "$JS.API.STREAM.MSG.DELETE.EVENTS",
            &delete,
            std::time::Duration::from_secs(5),
        )
        .await
        .unwrap();
    assert_eq!(deleted["success"], true);
    let (code, shown) = replay(&app, &["--stream", "RAW_GITHUB"]).await;
    assert_eq!(code, 1);
    let [difference, summary] = &shown[..] else {
        panic!("{shown:#?}")
    };
    assert_eq!(summary["different"], 1);
    assert_eq!(difference["fact"]["id"], json!(failed.envelope.causation));
    assert_eq!(difference["changes"][0]["change"], "only_replayed");
    assert_eq!(difference["changes"][0]["event"]["id"], json!(failed.envelope.id));

    let fact = app.log.read("RAW_GITHUB", "raw.github.*.push.>", 0).await.unwrap();
    let place = format!("raw_github#{}", fact[0].sequence);
    let (code, shown) = replay(&app, &[&place]).await;
    assert_eq!(
        (code, &shown[0]["facts"]),
        (0, &json!(1)),
        "{} is decided as before",
        push.subject
    );
    let people = app.installation.operate(&["replay"]).await.unwrap();
    let people = String::from_utf8(people.stdout).unwrap();
    assert!(
        people.contains("  + change.recorded: was not appended, and would be"),
        "{people}"
    );
    assert!(people.contains("this build decides differently on 1 of"), "{people}");
    app.finish().await;
}

#[tokio::test]
async fn a_dead_letter_that_this_build_can_handle_is_said() {
    let app = App::start().await;
    let github = app.installation.connect(NatsUser::Github).await.unwrap();
    let (payload, subject) = (json!({ "ref": 7 }), RawSubject::github(Some(4242), "push", None));
    let envelope = |id: &str| Envelope {
        id: id.to_owned(),
        source: "https://github.com/acme".to_owned(),
        kind: "com.github.push".to_owned(),
        ..Envelope::default()
    };
    let publisher = FactPublisher::new(&github);
    publisher
        .publish(&subject, &envelope("poison"), payload.to_string().into())
        .await
        .unwrap();
    app.until("the dead letter", async || {
        Ok(app.log.read("DEAD_LETTERS", ">", 0).await?.into_iter().next())
    })
    .await
    .unwrap();
    app.settled().await.unwrap();
    let (code, shown) = replay(&app, &["--stream", "RAW_GITHUB"]).await;
    assert_eq!(code, 0, "this build can't handle it either: {shown:#?}");
    app.finish().await;
}

#[tokio::test]
async fn a_question_is_asked_this_build_s_agent_again() {
    let mut app = App::start_without_roles(|_| {}).await;
    // Another agent answered then.
    let connection = app.installation.connect(NatsUser::Agent).await.unwrap();
    let without_agent = [
        "slack",
        "github",
        "handlers",
        "conversations",
        "integrations",
        "projections",
        "queries",
        "api",
    ];
    app.installation.roles = Some(app.installation.spawn_roles(&without_agent).await.unwrap());
    app.connect_acme().await;
    let stop = CancellationToken::new();
    let pong = Service::new(&connection, "agent", "0.0.1", "pong").frames(agent::SUBJECT, |_, frames| async move {
        frames.answer("pong").await;
    });
    let answering = tokio::spawn(pong.run(stop.clone()));
    let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    assert_eq!(app.answer(&said).await.unwrap().markdown(), "pong");
    app.settled().await.unwrap();
    stop.cancel();
    answering.await.unwrap().unwrap();

    let asked = app
        .log
        .read("EVENTS", "events.conversation.*.*.answer_requested", 0)
        .await
        .unwrap();
    let case = asked[0].envelope.correlation.clone().unwrap();
    let (code, shown) = replay(&app, &["--answers", &case]).await;
    assert_eq!(code, 1);
    let change = &shown[0]["changes"][0];
    assert_eq!(change["path"], "/text", "{change:#}");
    assert_eq!(change["recorded"], "pong");
    assert!(
        change["replayed"].as_str().unwrap().contains("what changed"),
        "{change:#}"
    );
    assert_eq!(
        app.control.posted(&said.channel, &said.ts).await.unwrap().len(),
        1,
        "nothing was posted"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_case_in_a_file_is_replayed_without_any_server() {
    let app = lived().await;
    let answered = app
        .log
        .read("EVENTS", "events.conversation.*.*.answer_posted", 0)
        .await
        .unwrap();
    let case = answered[0].envelope.correlation.clone().unwrap();
    let file = app.directory().join("case.bundle");
    let file = file.to_str().unwrap().to_owned();
    let export = ["bundle", "export", "--trace", &case, "--output", &file];
    app.installation.infragpt(&export).await.unwrap();
    let again = app.installation.operate(&export).await.unwrap();
    assert_eq!(again.status.code(), Some(2), "what is there already is not overwritten");
    let unknown = [
        "bundle",
        "export",
        "--trace",
        "Ev0NOBODYSEVENT",
        "--output",
        "nothing.bundle",
    ];
    assert_eq!(app.installation.operate(&unknown).await.unwrap().status.code(), Some(1));

    let anywhere = tempfile::tempdir().unwrap();
    let alone = async |arguments: &[&str]| {
        tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
            .args(arguments)
            .env_clear()
            .current_dir(anywhere.path())
            .output()
            .await
            .unwrap()
    };
    let shown = alone(&["bundle", "import", "--json", &file]).await;
    let kinds: Vec<String> = records(&shown.stdout)
        .iter()
        .map(|event| event["type"].to_string())
        .collect();
    assert!(kinds.iter().any(|kind| kind.contains("answer_posted")), "{kinds:?}");
    assert!(
        kinds.iter().any(|kind| kind.contains("integration.authorized")),
        "whose account it was: {kinds:?}"
    );
    let replayed = alone(&["replay", "--json", "--bundle", &file]).await;
    let shown = records(&replayed.stdout);
    assert_eq!(replayed.status.code(), Some(0), "{shown:#?}");
    // Slack told of it three times.
    assert_eq!(shown[0]["facts"], 3);

    // Without what came of it, it is decided anew.
    let text = std::fs::read_to_string(&file).unwrap();
    let (header, events) = text.split_once('\n').unwrap();
    let kept: Vec<&str> = events
        .lines()
        .filter(|line| !line.contains("answer_requested"))
        .collect();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["events"] = kept.len().into();
    let other = anywhere.path().join("other.bundle");
    std::fs::write(&other, format!("{header}\n{}\n", kept.join("\n"))).unwrap();
    let replayed = alone(&["replay", "--bundle", other.to_str().unwrap()]).await;
    let shown = String::from_utf8_lossy(&replayed.stdout);
    assert_eq!(replayed.status.code(), Some(1));
    assert!(
        shown.contains("+ conversation.answer_requested: was not appended, and would be"),
        "{shown}"
    );
    std::fs::write(&other, "no bundle").unwrap();
    let replayed = alone(&["replay", "--bundle", other.to_str().unwrap()]).await;
    assert_eq!(replayed.status.code(), Some(2));
    app.finish().await;
}

/// Cases that were exported once. Where this build is to decide otherwise, the difference that this prints belongs into the
/// changelog, and `infragpt bundle export` makes the file anew.
#[test]
fn cases_that_were_kept_are_decided_as_they_were() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures");
    let mut replayed = 0;
    for file in std::fs::read_dir(fixtures).unwrap() {
        let file = file.unwrap().path();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
            .args(["replay", "--json", "--bundle"])
            .arg(&file)
            .env_clear()
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {said}", file.display());
        let summary = records(said.as_bytes()).pop().unwrap();
        assert_eq!(summary["facts"], 2, "{}", file.display());
        replayed += 1;
    }
    assert_eq!(replayed, 2);
}

#[tokio::test]
async fn a_history_of_its_own_leaves_everything_else_alone() {
    let app = lived().await;
    let before = app.news("EVENTS").await.unwrap().len();
    let into = async |arguments: &[&str]| {
        let arguments = [&["replay", "--json", "--into"], arguments].concat();
        app.installation.operate(&arguments).await.unwrap()
    };
    let done = into(&["march"]).await;
    let branched = &records(&done.stdout)[0]["branched"];
    assert_eq!(
        branched["decided"], branched["replaced"],
        "the same build decides the same: {branched}"
    );
    assert_eq!(app.news("EVENTS").await.unwrap().len(), before);
    let tail = [
        "tail",
        "--no-follow",
        "--json",
        "--stream",
        "REPLAY_MARCH",
        "-n",
        "1000",
    ];
    let shown = app
        .installation
        .operate(&[&tail[..], &["--type", "answer_posted"]].concat())
        .await
        .unwrap();
    assert_eq!(records(&shown.stdout).len(), 1);
    let shown = app
        .installation
        .operate(&[&tail[..], &["--subject", "events.change.acme.>"]].concat())
        .await
        .unwrap();
    let copies = records(&shown.stdout);
    let originals = app.log.read("EVENTS", "events.change.>", 0).await.unwrap();
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].to_string()).collect::<Vec<_>>();
    assert_eq!(copies.len(), originals.len());
    assert_eq!(
        ids(&copies),
        originals
            .iter()
            .map(|event| format!("{:?}", event.envelope.id))
            .collect::<Vec<_>>()
    );

    app.rows().await.unwrap();
    let columns = "organization_id, id, document FROM";
    let differing = format!(
        "SELECT count(*) FROM (SELECT {columns} infragpt_replay_march.changes EXCEPT SELECT {columns} changes) AS differing"
    );
    assert_eq!(query(&app, &differing), "0");
    let counted = query(&app, "SELECT count(*) FROM infragpt_replay_march.changes");
    assert_eq!(counted, originals.len().to_string());

    assert_eq!(
        into(&["march"]).await.status.code(),
        Some(1),
        "what is there is not mixed with"
    );
    assert_eq!(into(&["March"]).await.status.code(), Some(2));
    app.installation.infragpt(&["replay", "--drop", "march"]).await.unwrap();
    let gone = app.installation.operate(&["replay", "--drop", "march"]).await.unwrap();
    assert_eq!(gone.status.code(), Some(1));
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'infragpt_replay%'";
    assert_eq!(query(&app, left), "0");

    // What was before its beginning is as it was.
    let last = originals.last().unwrap().published;
    let since = (last - chrono::Duration::milliseconds(1)).to_rfc3339();
    let done = into(&["april", "--since", &since]).await;
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let counted = query(&app, "SELECT count(*) FROM infragpt_replay_april.changes");
    assert_eq!(counted, originals.len().to_string());
    app.finish().await;
}

#[tokio::test]
async fn what_can_not_be_replayed_is_named() {
    let app = App::start().await;
    for (arguments, code, expected) in [
        (
            &["replay", "--stream", "DEAD_LETTERS"][..],
            2,
            "what can be replayed is in RAW_SLACK",
        ),
        (&["replay", "EVENTS#999999"], 1, "EVENTS#999999"),
        (&["replay", "--where", ".["], 2, "can't be read at character"),
    ] {
        let output = app.installation.operate(arguments).await.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(expected), "{complaint}");
        assert_eq!(output.status.code(), Some(code), "{complaint}");
    }
    app.finish().await;
}
