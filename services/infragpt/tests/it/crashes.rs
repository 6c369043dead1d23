//! `kill -9` of anything: what was acknowledged is answered, once.

use serde_json::json;

use crate::harness::App;

#[tokio::test]
async fn killed_between_the_stored_mention_and_the_answer() {
    let mut app = App::start().await;
    app.hold_answers_back(true).await.unwrap();
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.installation.kill_roles().await.unwrap();
    app.hold_answers_back(false).await.unwrap();
    app.installation.start_roles().await.unwrap();
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    assert_eq!(app.control.posted(&said.channel, &said.ts).await.unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn killed_between_the_post_and_its_record() {
    let mut app = App::start().await;
    app.let_hang("chat.postMessage").await.unwrap();
    let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    app.installation.kill_roles().await.unwrap();
    app.installation.start_roles().await.unwrap();
    let events = app.take("EVENTS", 2).await.unwrap();
    assert_eq!(events[1].token(4), Some("answer_posted"));
    app.settled().await.unwrap();
    assert_eq!(app.control.posted(&said.channel, &said.ts).await.unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn an_answer_that_slack_confirmed_too_late_is_found_not_repeated() {
    let app = App::start().await;
    let fault = json!({ "method": "chat.postMessage", "kind": "hang_after", "times": 1 });
    app.control.call("fault", &fault).await.unwrap();
    let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
    app.until("it to be recorded", async || {
        let posted = app
            .log
            .read("EVENTS", "events.conversation.*.*.answer_posted", 0)
            .await?;
        Ok((!posted.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(app.control.posted(&said.channel, &said.ts).await.unwrap().len(), 1);
    app.finish().await;
}

/// Questions go on while each server and the roles are killed and come back.
#[tokio::test]
async fn everything_is_killed_in_turn_and_every_question_has_one_answer() {
    let mut app = App::start().await;
    let mut questions = Vec::new();
    for round in 0..4 {
        for _ in 0..3 {
            // What is not acknowledged here is delivered again by Slack itself.
            let question = json!({ "text": "status", "via": "socket", "timeout_ms": 200 });
            questions.push(app.control.message(&question).await.unwrap());
        }
        match round {
            0 => {
                app.installation.nats.as_mut().unwrap().kill().await.unwrap();
                app.installation.nats.as_mut().unwrap().restart().await.unwrap();
            }
            1 => {
                app.installation.postgres.as_mut().unwrap().kill().await.unwrap();
                app.installation.postgres.as_mut().unwrap().restart().await.unwrap();
            }
            2 => {
                app.installation.kill_roles().await.unwrap();
                app.installation.start_roles().await.unwrap();
            }
            _ => {}
        }
    }
    for question in &questions {
        app.until("an answer", async || {
            Ok((!app.control.posted(&question.channel, &question.ts).await?.is_empty()).then_some(()))
        })
        .await
        .unwrap();
    }
    app.settled().await.unwrap();
    for question in &questions {
        assert_eq!(
            app.control.posted(&question.channel, &question.ts).await.unwrap().len(),
            1,
            "{}",
            question.ts
        );
    }
    assert!(app.news("DEAD_LETTERS").await.unwrap().is_empty());
    app.finish().await;
}

/// A stop in order lets an answer that is on its way arrive, and takes no time for waiting.
#[tokio::test]
async fn a_stop_in_order_finishes_what_is_being_answered() {
    let mut app = App::start().await;
    let slow = json!({ "method": "chat.postMessage", "kind": "delay", "ms": 1500, "times": 1 });
    app.control.call("fault", &slow).await.unwrap();
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.take("EVENTS", 1).await.unwrap();
    app.until("the answer to be on its way", async || {
        let consumer = app.log.consumer("EVENTS", "conversations").await?;
        Ok((consumer.unacknowledged == 1).then_some(()))
    })
    .await
    .unwrap();
    let began = tokio::time::Instant::now();
    app.installation.roles.take().unwrap().stop().await.unwrap();
    assert!(
        began.elapsed() < std::time::Duration::from_secs(8),
        "it waited for something: {:?}",
        began.elapsed()
    );
    let events = app.take("EVENTS", 1).await.unwrap();
    assert_eq!(events[0].token(4), Some("answer_posted"), "recorded before the end");
    app.installation.start_roles().await.unwrap();
    app.settled().await.unwrap();
    assert_eq!(app.control.posted(&said.channel, &said.ts).await.unwrap().len(), 1);
    app.finish().await;
}
