//! What operators find by what somebody pasted, and what they are shown of it.

use std::process::{Output, Stdio};

use infragpt::{
    configuration::NatsUser,
    environment::{Posted, Said},
};
use infragpt_operations::{Finder, Reference, Trace};
use infragpt_projections as projections;
use serde_json::{Value, json};

use crate::harness::App;

/// The variable of the database, without which everything is looked for in the log.
const DATABASE: &str = "INFRAGPT_DATABASE_URL";

/// A command as an operator types it, with the database at `database`, or with the installation's.
async fn infragpt(app: &App, arguments: &[&str], database: Option<&str>) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"));
    command
        .args(arguments)
        .envs(app.installation.environment())
        .env("INFRAGPT_LOG_LEVEL", "error")
        .current_dir(app.directory());
    match database {
        Some("") => command.env_remove(DATABASE),
        Some(url) => command.env(DATABASE, url),
        None => &mut command,
    };
    command.output().await.unwrap()
}

fn out(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn json_of(app: &App, arguments: &[&str], database: Option<&str>) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let output = infragpt(app, &arguments, database).await;
    serde_json::from_str(&out(&output)).unwrap()
}

/// The subjects' last tokens of a trace's steps, without audit records, which are written when there is time for it.
fn names(trace: &Value) -> Vec<String> {
    let steps = trace["steps"].as_array().unwrap().iter();
    let subjects = steps.map(|step| step["event"]["subject"].as_str().unwrap());
    subjects
        .filter(|subject| !subject.starts_with("events.audit."))
        .map(|subject| subject.rsplit('.').next().unwrap().to_owned())
        .collect()
}

fn permalink(channel: &str, ts: &str) -> String {
    let digits = ts.replace('.', "");
    format!("https://acme.slack.com/archives/{channel}/p{digits}?thread_ts={ts}&cid={channel}")
}

async fn asked(app: &mut App, text: &str) -> (Said, Posted, String) {
    let said = app.say(json!({ "text": text, "via": "socket" })).await.unwrap();
    let answer = app.answer(&said).await.unwrap();
    let events = app.take("EVENTS", 2).await.unwrap();
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    (said, answer, events[0].envelope.id.clone())
}

#[tokio::test]
async fn an_answer_is_found_by_whatever_somebody_has_of_it() {
    let mut app = App::start().await;
    let (said, answer, requested) = asked(&mut app, "what changed today?").await;
    let shown = json_of(&app, &["show", &requested], None).await;
    let event = &shown["event"];
    let conversation = shown["aggregate"]["id"].as_str().unwrap();
    assert_eq!(shown["aggregate"]["version"], 1);
    assert_eq!(shown["aggregate"]["versions"], 2);
    assert!(
        shown["words"].as_str().unwrap().ends_with("asked: what changed today?"),
        "{shown}"
    );
    assert_eq!(shown["caused_by"][0]["id"], event["causation"]);
    assert_eq!(shown["caused"][0]["type"], "dev.infragpt.conversation.answer_posted.v1");
    let place = format!("EVENTS#{}", event["sequence"]);
    let case = event["correlation"].as_str().unwrap();
    let answer_id = event["data"]["answer_id"].as_str().unwrap();
    let sandbox = format!(
        "http://127.0.0.1:9/archives/{}/p{}",
        said.channel,
        said.ts.replace('.', "")
    );
    // Slack tells of it twice; what comes first decides.
    let told = ["answer_requested", "answer_posted"];
    for (reference, database) in [
        (requested.as_str(), None),
        (&requested[..8], None),
        (&place, None),
        (case, None),
        (conversation, None),
        (answer_id, None),
        (&permalink(&said.channel, &said.ts), None),
        (&permalink(&said.channel, &answer.ts), None),
        (&sandbox, None),
        // Without a database, and with one that does not answer.
        (requested.as_str(), Some("")),
        (&requested[..8], Some("")),
        (&place, Some("")),
        (case, Some("")),
        (conversation, Some("")),
        (answer_id, Some("")),
        (&permalink(&said.channel, &said.ts), Some("")),
        (
            &permalink(&said.channel, &answer.ts),
            Some("postgres://nobody@127.0.0.1:1/nothing"),
        ),
    ] {
        let trace = json_of(&app, &["trace", reference], database).await;
        let names = names(&trace);
        assert_eq!(names.len(), 4, "{reference} {database:?}: {trace}");
        assert_eq!(names[1..3], told, "{reference} {database:?}: {trace}");
        let steps = trace["steps"].as_array().unwrap();
        let milliseconds = |index: usize, name: &str| steps[index][name].as_f64().unwrap();
        assert_eq!((&steps[1]["cause"], &steps[2]["cause"]), (&json!(0), &json!(1)));
        let sum = milliseconds(1, "since_cause_ms") + milliseconds(2, "since_cause_ms");
        assert!(
            (sum - milliseconds(2, "since_start_ms")).abs() < 0.01 && sum > 0.0,
            "{trace}"
        );
        let again = steps.last().unwrap();
        assert!(
            again["notes"][0].as_str().unwrap().contains("told of the same message"),
            "{again}"
        );
    }
    let by_answer = json_of(&app, &["show", &permalink(&said.channel, &answer.ts)], None).await;
    assert_eq!(by_answer["event"]["data"]["posted_id"], answer.ts.as_str());
    let moments = out(&infragpt(&app, &["timeline", conversation], None).await);
    let lines: Vec<&str> = moments.lines().collect();
    assert!(lines[0].ends_with("asked: what changed today?"), "{moments}");
    assert!(
        lines[1..].iter().any(|line| line.contains("answered after ")),
        "{moments}"
    );
    let without = infragpt(&app, &["trace", &place], Some("")).await;
    let complaint = String::from_utf8_lossy(&without.stderr);
    assert!(complaint.contains("no database is configured"), "{complaint}");
    app.finish().await;
}

/// The audit record is written a second later, and names the answer as its case.
#[tokio::test]
async fn what_was_recorded_of_an_answer_is_part_of_its_case() {
    let mut app = App::start().await;
    let (_, _, requested) = asked(&mut app, "status").await;
    let recorded = app
        .until("the audit record", async || {
            let trace = json_of(&app, &["trace", &requested], None).await;
            let steps = trace["steps"].as_array().unwrap().clone();
            let audit = |step: &Value| {
                step["event"]["subject"]
                    .as_str()
                    .unwrap()
                    .starts_with("events.audit.acme.")
            };
            let Some(record) = steps.iter().find(|step| audit(step)) else {
                return Ok(None);
            };
            let cause = usize::try_from(record["cause"].as_u64().unwrap()).unwrap();
            Ok(Some((record.clone(), steps[cause].clone())))
        })
        .await
        .unwrap();
    assert_eq!(recorded.1["event"]["id"], requested.as_str());
    assert!(
        recorded.0["words"].as_str().unwrap().contains("credential read"),
        "{recorded:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_delivery_is_found_by_its_guid_and_its_dead_letter_says_why() {
    let mut app = App::start().await;
    let url = app.github_url();
    let push = json!({ "url": url, "event": "push", "repository": "acme/payments" });
    let good = app.control.github_webhook(&push).await.unwrap();
    app.take("EVENTS", 1).await.unwrap();
    let broken = json!({ "url": url, "event": "push", "raw_body": "{\"ref\": " });
    let bad = app.control.github_webhook(&broken).await.unwrap();
    app.take("DEAD_LETTERS", 1).await.unwrap();
    for database in [None, Some("")] {
        let trace = json_of(&app, &["trace", &good.guid], database).await;
        assert_eq!(names(&trace), ["-", "recorded"], "{trace}");
        let trace = json_of(&app, &["trace", &bad.guid], database).await;
        let reason = trace["steps"][1]["verdict"]["reason"].as_str().unwrap();
        assert!(!reason.is_empty(), "{trace}");
        assert_eq!(trace["steps"][1]["cause"], 0);
    }
    let letter = out(&infragpt(&app, &["show", "DEAD_LETTERS#1"], None).await);
    assert!(
        letter.contains("! dead after") && letter.contains("Caused by\n  "),
        "{letter}"
    );
    assert!(letter.contains(&bad.guid), "{letter}");
    let timeline = out(&infragpt(&app, &["timeline", "acme"], None).await);
    assert!(
        timeline.contains("connected to slack") && timeline.contains("pushed to acme/payments"),
        "{timeline}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_page_has_neither_what_somebody_injected_nor_what_they_leaked() {
    let mut app = App::start().await;
    let secret = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy";
    let text = format!("status <script>alert(1)</script> \u{1b}[2J {secret}");
    let (_, _, requested) = asked(&mut app, &text).await;
    let page = app.directory().join("page.html");
    let path = page.to_str().unwrap();
    let written = infragpt(&app, &["trace", &requested, "--format", "html", "--output", path], None).await;
    assert_eq!(out(&written), "");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("&lt;script&gt;") && page.contains("[redacted]"), "{page}");
    assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
    for arguments in [
        &["trace", requested.as_str()][..],
        &["trace", &requested, "--json"],
        &["trace", &requested, "--format", "mermaid"],
        &["show", &requested],
        &["show", &requested, "--json"],
        &["timeline", &requested],
        &["timeline", "acme", "--json"],
    ] {
        let shown = out(&infragpt(&app, arguments, None).await);
        assert!(
            !shown.contains("pdFZKVeTuE8sk7oOcBrzbqgy") && !shown.contains('\u{1b}'),
            "{shown}"
        );
        assert!(shown.contains("redacted"), "{arguments:?}: {shown}");
    }
    assert!(!page.contains("pdFZKVeTuE8sk7oOcBrzbqgy"));
    app.finish().await;
}

/// What the projector has not written yet is found as well.
#[tokio::test]
async fn what_is_not_indexed_yet_is_looked_for_in_the_log() {
    let mut app = App::start().await;
    app.rows().await.unwrap();
    for stream in ["EVENTS", "RAW_SLACK"] {
        let far = "2099-01-01T00:00:00Z".parse().unwrap();
        app.log.pause(stream, "projections", far).await.unwrap();
    }
    let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    let answer = app.answer(&said).await.unwrap();
    let requested = app.take("EVENTS", 2).await.unwrap()[0].envelope.id.clone();
    for reference in [&requested, &permalink(&said.channel, &answer.ts)] {
        let trace = json_of(&app, &["trace", reference], None).await;
        // Slack tells of a mention twice, and either comes first.
        let steps = names(&trace);
        assert!(["app_mention", "message"].contains(&steps[0].as_str()), "{trace}");
        assert_eq!(steps[1..3], ["answer_requested", "answer_posted"], "{trace}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is_nearest() {
    let app = App::start().await;
    app.rows().await.unwrap();
    let authorized = json_of(&app, &["show", "EVENTS#1"], None).await["event"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let similar = format!("{}-0000-5000-8000-000000000000", &authorized[..8]);
    for (arguments, database, code, expected) in [
        (&["show", similar.as_str()][..], None, 1, authorized.as_str()),
        (
            &["trace", "00000000-0000-4000-8000-000000000000"],
            None,
            1,
            "these are the newest",
        ),
        (&["trace", "nobody"], Some(""), 1, "these are the newest"),
        (&["trace", "EVENTS#4711"], None, 1, "the stream has #1 to #"),
        (
            &["show", &permalink("C0NOWHERE", "1717000000.000100")],
            None,
            1,
            "nothing has `message 1717000000.000100 of channel C0NOWHERE`",
        ),
        (&["trace", "what is wrong?"], None, 2, "give an id"),
        (&["trace", "https://example.com/archives"], None, 2, "is no permalink"),
        (&["show", "EVENT#1"], None, 2, "did you mean `EVENTS#1`"),
        (&["show", "acme"], None, 2, "infragpt timeline acme"),
        (&["trace", "acme"], None, 2, "infragpt timeline acme"),
        (&["trace", "EVENTS#1", "--format", "picture"], None, 2, "mermaid"),
        (
            &["trace", "EVENTS#1", "--output", "no/such/folder"],
            None,
            2,
            "can't be written",
        ),
        (
            &["timeline", "acme", "--since", "2h", "--type", "imagined"],
            None,
            1,
            "in that range",
        ),
    ] {
        let output = infragpt(&app, arguments, database).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    app.finish().await;
}

#[tokio::test]
async fn somebody_who_reads_no_further_is_no_failure() {
    let app = App::start().await;
    for arguments in [["timeline", "acme"], ["trace", "EVENTS#1"], ["show", "EVENTS#1"]] {
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
            .args(arguments)
            .envs(app.installation.environment())
            .env("INFRAGPT_LOG_LEVEL", "error")
            .current_dir(app.directory())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().await.unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
    app.finish().await;
}

/// A thread of many questions is a case of many beginnings.
#[tokio::test]
async fn a_conversation_is_a_case_of_many_beginnings() {
    let mut app = App::start().await;
    let root = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    for _ in 0..11 {
        let next = json!({ "text": "help", "via": "socket", "thread_ts": root.ts });
        app.say(next).await.unwrap();
    }
    let events = app.take("EVENTS", 24).await.unwrap();
    let conversation = events[0].token(3).unwrap().to_owned();
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    let connection = app.installation.connect(NatsUser::Operator).await.unwrap();
    let database = app.installation.endpoints.database_url.clone().into();
    let pool = projections::connect(&database, "infragpt test").unwrap();
    let finder = Finder::new(&connection, Some(pool.clone()));
    let reference = Reference::parse(&conversation).unwrap();
    let infragpt_operations::Target::Aggregate(aggregate) = finder.resolve(&reference).await.unwrap() else {
        panic!("{conversation} is a conversation")
    };
    let events = finder.events_of(&aggregate).await.unwrap();
    let trace = Trace::build(&finder.case(events).await.unwrap());
    let is = |name: &str| {
        trace
            .steps
            .iter()
            .filter(|step| step.event.subject.ends_with(name))
            .count()
    };
    assert_eq!(
        (is(".app_mention"), is(".answer_requested"), is(".answer_posted")),
        (12, 12, 12)
    );
    // What Slack told as a message is the second telling of each, and begins nothing.
    let told_again = trace
        .steps
        .iter()
        .filter(|step| step.notes.iter().any(|note| note.contains("the same message")));
    assert_eq!(told_again.count(), 12);
    assert!(!trace.is_cut);
    pool.close().await;
    connection.drain().await;
    app.finish().await;
}
