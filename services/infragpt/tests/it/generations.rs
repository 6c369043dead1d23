//! Generations of the read models, as an operator handles them under everybody's feet.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use infragpt_projections::{
    self as projections,
    generation::{self, State},
};
use serde_json::{Value, json};

use crate::{
    api::Caller,
    harness::{App, until},
};

async fn pushes(app: &App, count: usize) {
    for _ in 0..count {
        assert_eq!(app.webhook("push", json!({ "repository": "acme/payments" })).await, 200);
    }
    app.settled().await.unwrap();
}

fn lines(printed: &str) -> Vec<Value> {
    printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_api_reads_on_through_a_rebuild_that_is_killed_and_goes_on() {
    // One person reads as fast as they can.
    let app = App::start_with(&[
        ("INFRAGPT_API_RATE_PER_MINUTE", "1000000"),
        ("INFRAGPT_API_RATE_BURST", "1000000"),
    ])
    .await;
    app.sign_up().await.unwrap();
    pushes(&app, 5).await;
    let before = app.rows().await.unwrap();
    let reader = Caller::new(&app, "user_maya", "acme").await;
    let over = Arc::new(AtomicBool::new(false));
    let reading = {
        let over = Arc::clone(&over);
        tokio::spawn(async move {
            let mut reads = 0_u32;
            while !over.load(Ordering::Relaxed) {
                let page = reader.get("/changes").await.expect(200).json();
                let seen = page["data"].as_array().map_or(0, Vec::len);
                assert!(seen >= 5, "{seen} of 5 changes after {reads} reads: {page}");
                reads += 1;
            }
            reads
        })
    };

    let url = app.installation.endpoints.database_url.clone().into();
    let pool = projections::connect(&url, "generations test").unwrap();
    let mut rebuilding = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
        .args(["projections", "rebuild"])
        .envs(app.installation.environment())
        .current_dir(app.directory())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the rebuild to be under way", async || {
        let generations = generation::list(&pool).await.ok()?;
        generations
            .iter()
            .any(|generation| generation.state == State::Building)
            .then_some(())
    })
    .await;
    // SIGKILL: it has no time to say good-bye.
    rebuilding.kill().await.unwrap();
    pool.close().await;
    let printed = until("PostgreSQL to have noticed", async || {
        app.installation
            .infragpt(&["projections", "rebuild", "--json"])
            .await
            .ok()
    })
    .await;
    let rebuilt = &lines(&printed)[0];
    assert_eq!(rebuilt["swapped"], json!(true));
    assert_eq!(rebuilt["tables"], json!(before));
    let printed = app
        .installation
        .infragpt(&["projections", "generations", "--json"])
        .await
        .unwrap();
    let states: Vec<_> = lines(&printed)
        .iter()
        .map(|generation| (generation["id"].clone(), generation["state"].clone()))
        .collect();
    assert_eq!(
        states,
        [(json!(1), json!("previous")), (json!(2), json!("active"))],
        "it went on with what the killed one left"
    );
    // The roles write into it as into the old one.
    pushes(&app, 1).await;
    assert_eq!(app.rows().await.unwrap()["changes"].count, before["changes"].count + 1);
    app.installation.infragpt(&["projections", "rollback"]).await.unwrap();
    assert_eq!(app.rows().await.unwrap()["changes"].count, before["changes"].count + 1);
    over.store(true, Ordering::Relaxed);
    assert!(reading.await.unwrap() > 0);
    app.finish().await;
}

#[tokio::test]
async fn an_operator_pauses_compares_and_looks_back() {
    let app = App::start().await;
    pushes(&app, 2).await;
    app.rows().await.unwrap();
    let run = async |arguments: &[&str]| {
        let all: Vec<&str> = ["projections"].iter().chain(arguments).copied().collect();
        app.installation.infragpt(&all).await
    };
    let printed = run(&["pause", "--for", "1h", "--reason", "looking", "--json"])
        .await
        .unwrap();
    let until_when = lines(&printed)[0]["paused_until"].clone();
    assert!(until_when.is_string());
    for stream in lines(&run(&["status", "--json"]).await.unwrap()) {
        assert!(stream["paused_until"].is_string(), "{stream}");
        assert_eq!(stream["active_projectors"], json!(1));
        assert_eq!(stream["problems"], json!([]));
    }
    run(&["resume"]).await.unwrap();
    for stream in lines(&run(&["status", "--json"]).await.unwrap()) {
        assert_eq!(stream["paused_until"], Value::Null, "{stream}");
    }
    assert!(run(&["diff"]).await.unwrap().starts_with("the same up to EVENTS#"));

    let event = run(&["bisect", "--assert", "SELECT count(*) < 2 FROM changes", "--json"])
        .await
        .unwrap();
    let sequence = lines(&event)[0]["turns"][0]["sequence"].as_u64().unwrap();
    let made = run(&["as-of", &format!("EVENTS#{sequence}")]).await.unwrap();
    let schema = format!("infragpt_as_of_{sequence}");
    assert!(made.contains(&schema) && made.contains("psql"), "{made}");
    let printed = run(&["generations"]).await.unwrap();
    assert!(printed.contains(&schema), "{printed}");
    run(&["as-of", &sequence.to_string(), "--drop"]).await.unwrap();
    for (arguments, said) in [
        (&["as-of", "EVENTS#9999"][..], "EVENTS has no #9999 yet"),
        (&["bisect", "--row", "change", "id=1"], "did you mean `changes`?"),
        (&["bisect", "--assert", "SELEC true"], "syntax error"),
        (&["bisect", "--assert", "SELECT true"], "no event did that"),
    ] {
        let failed = run(arguments).await.unwrap_err().to_string();
        assert!(failed.contains(said), "{failed}");
    }
    app.finish().await;
}
