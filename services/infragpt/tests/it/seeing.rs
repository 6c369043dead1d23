//! What operators see of the log, with `infragpt tail` and `infragpt grep`.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::harness::App;

/// What was printed, one JSON object a line.
pub fn records(stdout: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn asked() -> App {
    let app = App::start().await;
    assert_eq!(app.webhook("workflow_run", json!({ "action": "completed" })).await, 200);
    let secret = "xoxb-1234567890-1234567890-abcdefghijklmnop";
    let said = app
        .say(json!({ "text": format!("status of \u{1b}[31mred {secret}"), "via": "socket" }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    app
}

#[tokio::test]
async fn every_filter_narrows_what_is_shown_and_no_secret_is() {
    let app = asked().await;
    let find = async |arguments: &[&str]| {
        let arguments = [&["tail", "--no-follow", "--json", "-n", "1000"], arguments].concat();
        let output = app.installation.operate(&arguments).await.unwrap();
        let shown = records(&output.stdout);
        (output.status.code().unwrap(), shown)
    };
    let (_, all) = find(&[]).await;
    let times: Vec<&str> = all.iter().map(|event| event["stored_at"].as_str().unwrap()).collect();
    assert!(
        times.is_sorted(),
        "events of several streams come in the order of storing"
    );
    for (arguments, expected) in [
        (
            &["--stream", "raw_github"][..],
            &["com.github.workflow_run.completed"][..],
        ),
        (&["--subject", "events.change.>"], &["dev.infragpt.change.recorded.v1"]),
        (
            &["--type", "answer_posted"],
            &["dev.infragpt.conversation.answer_posted.v1"],
        ),
        (
            &["--type", "change.recorded", "--organization", "acme"],
            &["dev.infragpt.change.recorded.v1"],
        ),
        (
            &[
                "--connector",
                "github",
                "--stream",
                "EVENTS",
                "--type",
                "recorded",
                "--subject",
                "events.change.>",
            ],
            &["dev.infragpt.change.recorded.v1"],
        ),
        (
            &["--actor", "role:conversations"],
            &["dev.infragpt.conversation.answer_posted.v1"],
        ),
        (
            &["--where", ".data.workflow_run.conclusion != null"],
            &["com.github.workflow_run.completed"],
        ),
    ] {
        let (code, shown) = find(arguments).await;
        let kinds: Vec<&str> = shown.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!((code, &kinds[..]), (0, expected), "{arguments:?}");
    }
    let (_, of_globex) = find(&["--organization", "globex"]).await;
    assert!(
        of_globex
            .iter()
            .all(|event| event["stream"] == "RAW_CLERK" || event["organization"] == "globex"),
        "{of_globex:?}"
    );
    let answered = &find(&["--type", "answer_posted"]).await.1[0];
    let correlation = answered["correlation"].as_str().unwrap();
    let (_, case) = find(&["--correlation", correlation]).await;
    let kinds: Vec<&str> = case.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert!(kinds[0].starts_with("com.slack."), "{kinds:?}");
    assert!(
        kinds.contains(&"dev.infragpt.conversation.answer_posted.v1"),
        "{kinds:?}"
    );

    let everything = serde_json::to_string(&all).unwrap();
    assert!(
        everything.contains("[redacted]") && !everything.contains("xoxb-"),
        "no secret is shown"
    );
    let people = app
        .installation
        .operate(&["tail", "--no-follow", "--payload", "-n", "1000"])
        .await
        .unwrap();
    let people = String::from_utf8(people.stdout).unwrap();
    assert!(people.contains("[redacted]") && !people.contains("xoxb-"));
    assert!(
        !people.contains('\u{1b}'),
        "nobody who writes a message steers a terminal"
    );
    app.finish().await;
}

#[tokio::test]
async fn ranges_begin_and_end_where_they_say() {
    let app = asked().await;
    let sequences = async |arguments: &[&str]| {
        let arguments = [&["tail", "--no-follow", "--json", "--stream", "EVENTS"], arguments].concat();
        let output = app.installation.operate(&arguments).await.unwrap();
        let shown = records(&output.stdout);
        shown
            .iter()
            .map(|event| event["sequence"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let all = sequences(&["--from-seq", "1"]).await;
    assert_eq!(sequences(&["--from-seq", "3", "--to-seq", "5"]).await, [3, 4, 5]);
    assert_eq!(sequences(&["--to-seq", "2"]).await, [1, 2]);
    // Audit records may still come.
    let last = sequences(&["-n", "3"]).await;
    assert_eq!(last, [last[0], last[0] + 1, last[0] + 2]);
    assert!(last[2] >= all[all.len() - 1]);
    assert!(sequences(&["--since", "1h"]).await.starts_with(&all));
    assert_eq!(sequences(&["--until", "1h"]).await, Vec::<u64>::new());
    let events = app.log.read("EVENTS", ">", 0).await.unwrap();
    let fourth = events[3].published.to_rfc3339();
    assert_eq!(sequences(&["--until", &fourth]).await, [1, 2, 3]);
    assert_eq!(sequences(&["--since", &fourth]).await[0], 4);
    app.finish().await;
}

#[tokio::test]
async fn what_comes_is_shown_when_it_comes_until_the_reader_goes() {
    let app = App::start().await;
    let mut tail = app
        .installation
        .command(&["tail", "--json", "-n", "0", "--type", "answer_posted"]);
    let mut tail = tail.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    // It follows once a question that is asked after its start is shown.
    let mut asked = 0;
    let line = loop {
        let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
        app.answer(&said).await.unwrap();
        asked += 1;
        if let Ok(line) = tokio::time::timeout(Duration::from_millis(500), lines.next_line()).await {
            break line.unwrap().unwrap();
        }
        assert!(asked < 20, "nothing was shown");
    };
    assert!(line.contains("answer_posted"), "{line}");
    drop(lines);
    let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), tail.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(
        ended.success(),
        "it ends without a complaint when nobody reads: {ended}"
    );
    app.finish().await;
}

#[tokio::test]
async fn grep_finds_in_payloads_and_says_when_there_is_nothing() {
    let app = asked().await;
    let grep = async |arguments: &[&str]| {
        let output = app
            .installation
            .operate(&[&["grep"], arguments].concat())
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, found, _) = grep(&["--json", "STATUS of", "-i"]).await;
    let found = records(found.as_bytes());
    assert_eq!(code, 0);
    assert!(found.iter().any(|event| event["stream"] == "RAW_SLACK"), "{found:?}");
    assert!(
        found
            .iter()
            .any(|event| event["type"] == "dev.infragpt.conversation.answer_requested.v2")
    );
    let (code, count, _) = grep(&["--count", "-F", "status of", "--stream", "EVENTS"]).await;
    assert_eq!((code, count.trim()), (0, "1"));
    let (code, _, complaint) = grep(&["no such thing"]).await;
    assert_eq!(
        (code, complaint.trim()),
        (1, "infragpt: nothing matches `no such thing`")
    );
    let (code, _, complaint) = grep(&["x", "--type", "anwser_posted"]).await;
    assert_eq!(code, 1);
    assert!(complaint.contains("did you mean `answer_posted`?"), "{complaint}");
    for (arguments, expected) in [
        (&["a(b"][..], "the pattern can't be read"),
        (&["x", "--where", ".data ="], "can't be read at character"),
        (&["x", "--stream", "EVENT"], "did you mean EVENTS?"),
        (&["x", "--from-seq", "3"], "sequences belong to one stream"),
        (&["x", "--since", "yesterday"], "`yesterday` is no time"),
        (&["x", "--until", "2999-01-01"], "lies ahead"),
        (&["x", "--since", "1h", "--until", "2h"], "ends before it begins"),
    ] {
        let (code, _, complaint) = grep(arguments).await;
        assert_eq!(code, 2, "{complaint}");
        assert!(complaint.contains(expected), "{complaint}");
    }
    app.finish().await;
}
