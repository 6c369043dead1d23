//! The scenario: from connecting, over crashes and a dropped database, to an organization that is erased.

use anyhow::{Context as _, ensure};
use infragpt_connectors::github::verification::WebhookSecret;
use infragpt_events::change::ChangeEvent;
use infragpt_nats::{Received, decode_event};
use infragpt_projections as projections;
use serde_json::json;

use super::{
    credentials, organizations,
    transcript::{done, observed, quoted, step, stored},
};
use crate::environment::{Installation, Observer};

const REPOSITORY: &str = "acme/payments";

pub(super) async fn play(mut play: Observer) -> anyhow::Result<Installation> {
    connect(&mut play).await?;
    webhooks(&mut play).await?;
    question(&mut play).await?;
    who_is_answered(&mut play).await?;
    over_http(&mut play).await?;
    crashes(&mut play).await?;
    rebuild(&mut play).await?;
    credentials::play(&mut play).await?;
    organizations::play(&mut play).await?;
    ensure!(
        play.news("DEAD_LETTERS").await?.is_empty(),
        "something went to the dead letters"
    );
    Ok(play.end().await)
}

async fn connect(play: &mut Observer) -> anyhow::Result<()> {
    step(
        "1",
        "acme connects its Slack workspace and its GitHub account, on their consent pages",
    );
    let installation = &play.installation;
    done("infragpt integrations connect slack --organization acme");
    let page = installation
        .allow_slack(&installation.initiate("slack", &[]).await?)
        .await?
        .ok()?;
    observed(&format!(
        "maya presses Allow on Slack's page, and reads: {}",
        page.text()
    ));
    done("infragpt integrations connect github --organization acme");
    let page = installation
        .allow_github(&installation.initiate("github", &[]).await?, "acme")
        .await?
        .ok()?;
    observed(&format!(
        "maya installs the App, proves that it is hers, and reads: {}",
        page.text()
    ));
    let events = tell(play, "EVENTS", 11).await?;
    ensure!(
        events
            .iter()
            .filter(|event| event.subject.ends_with(".authorized"))
            .count()
            == 2,
        "both are authorized"
    );
    let listed = play
        .installation
        .infragpt(&["integrations", "list", "--organization", "acme"])
        .await?;
    quoted(listed.trim_end());
    Ok(())
}

async fn webhooks(play: &mut Observer) -> anyhow::Result<()> {
    step("2", "GitHub delivers signed webhooks");
    let url = play.github_url();
    for (event, action, repository) in [
        ("installation_repositories", "added", "acme/ledger"),
        ("push", "", REPOSITORY),
        ("pull_request", "closed", REPOSITORY),
        ("workflow_run", "completed", REPOSITORY),
        ("release", "published", REPOSITORY),
    ] {
        let mut request = json!({ "url": url, "event": event, "repository": repository });
        if !action.is_empty() {
            request["action"] = action.into();
        }
        let delivered = play.control.github_webhook(&request).await?;
        ensure!(
            (200..300).contains(&delivered.status),
            "{event} was answered with {}",
            delivered.status
        );
        done(&format!(
            "{event} {action} delivered as {}: {}",
            delivered.guid, delivered.status
        ));
    }
    let raw = tell(play, "RAW_GITHUB", 5).await?;
    let secret = WebhookSecret::new(&play.installation.endpoints.github_webhook_secret.clone().into());
    for fact in &raw {
        let signature = fact
            .envelope
            .extensions
            .get("githubsignature")
            .context("the signature was not kept")?;
        secret
            .verify(signature, &fact.payload)
            .context("a stored webhook no longer matches its signature")?;
    }
    observed("stored byte for byte: each of them verifies against GitHub's signature again");
    let events = tell(play, "EVENTS", 5).await?;
    let kinds: Vec<String> = events
        .iter()
        .filter_map(|event| decode_event::<ChangeEvent>(event).ok())
        .map(|decoded| {
            let ChangeEvent::Recorded(change) = decoded.event;
            format!("{} by {}", change.kind, change.actor.name)
        })
        .collect();
    ensure!(kinds.len() == 4, "four changes, not {kinds:?}");
    observed(&format!("changes: {}", kinds.join(", ")));
    let rows = play.rows().await?;
    ensure!(rows["changes"].count == 4, "{} rows of changes", rows["changes"].count);
    let counts: Vec<String> = rows
        .iter()
        .map(|(table, rows)| format!("{} {table}", rows.count))
        .collect();
    observed(&format!("rows: {}", counts.join(", ")));
    Ok(())
}

async fn question(play: &mut Observer) -> anyhow::Result<()> {
    step(
        "3",
        "maya asks what changed; Slack tells of it three times over Socket Mode",
    );
    let text = format!("what changed in {REPOSITORY} today?");
    let said = play
        .say(json!({ "text": text, "via": "socket", "event_id": "EvDemoQuestion" }))
        .await?;
    done(&format!(
        "@infragpt {text}   (as app_mention and as message, both acknowledged)"
    ));
    let again = json!({
        "text": text, "via": "socket", "ts": said.ts, "event_id": "EvDemoQuestion",
        "retry_attempt": 1, "retry_reason": "timeout",
    });
    play.say(again).await?;
    done("and once more as a retry");
    let answer = play.answer(&said).await?;
    play.settled().await?;
    ensure!(
        play.control.posted(&said.channel, &said.ts).await?.len() == 1,
        "exactly one answer"
    );
    tell(play, "RAW_SLACK", 2).await?;
    let events = tell(play, "EVENTS", 2).await?;
    ensure!(
        ends(&events) == ["answer_requested", "answer_posted"],
        "asked and answered once, not {:?}",
        ends(&events)
    );
    let markdown = answer.markdown();
    observed("exactly one answer in the thread:");
    quoted(&markdown);
    for expected in ["maya", "https://", "❌"] {
        ensure!(markdown.contains(expected), "the answer does not name {expected}");
    }
    Ok(())
}

async fn who_is_answered(play: &mut Observer) -> anyhow::Result<()> {
    step("4", "status and help are answered; another bot and an edit are not");
    for text in ["status", "help"] {
        let said = play.say(json!({ "text": text, "via": "socket" })).await?;
        let answer = play.answer(&said).await?;
        observed(&format!("@infragpt {text}"));
        quoted(&answer.markdown());
    }
    play.settled().await?;
    tell(play, "EVENTS", 4).await?;
    let bot = play
        .say(json!({ "text": "status", "via": "socket", "bot_id": "B0ALERTS", "subtype": "bot_message" }))
        .await?;
    let person = play
        .say(json!({ "text": "lunch?", "via": "socket", "mention": false }))
        .await?;
    play.control
        .call(
            "edit",
            &json!({ "ts": person.ts, "channel": person.channel, "text": "<@U0INFRAGPT> status", "via": "socket" }),
        )
        .await?;
    play.settled().await?;
    for silent in [&bot, &person] {
        ensure!(
            play.control.posted(&silent.channel, &silent.ts).await?.is_empty(),
            "{} was answered",
            silent.ts
        );
    }
    ensure!(
        play.news("EVENTS").await?.is_empty(),
        "a bot's message or an edit became an event"
    );
    observed("another bot's message, a message to nobody and its edit are stored raw, and nothing follows from them");
    Ok(())
}

async fn over_http(play: &mut Observer) -> anyhow::Result<()> {
    step("5", "The same over the HTTP Events API");
    let url = play.slack_url();
    let verified = play.control.call("url_verification", &json!({ "url": url })).await?;
    ensure!(
        verified["verified"] == true,
        "the challenge came back wrong: {verified}"
    );
    observed("url_verification: the challenge is echoed");
    let before = play.log.stream("RAW_SLACK").await?.last_sequence;
    for (what, forged) in [
        (
            "a wrong signature",
            json!({ "text": "status", "via": "http", "url": url, "secret": "not-the-secret" }),
        ),
        (
            "a stale timestamp",
            json!({ "text": "status", "via": "http", "url": url, "timestamp": 1_000_000_000 }),
        ),
    ] {
        let said = play.control.message(&forged).await?;
        ensure!(said.status == Some(401), "{what} was answered with {:?}", said.status);
        observed(&format!("{what}: 401"));
    }
    ensure!(
        play.log.stream("RAW_SLACK").await?.last_sequence == before,
        "something refused was stored"
    );
    observed(&format!("nothing of them is stored: RAW_SLACK still ends at #{before}"));
    let said = play
        .say(json!({ "text": "what failed?", "via": "http", "url": url }))
        .await?;
    let answer = play.answer(&said).await?;
    play.settled().await?;
    observed("@infragpt what failed?");
    quoted(&answer.markdown());
    let events = tell(play, "EVENTS", 2).await?;
    ensure!(
        ends(&events) == ["answer_requested", "answer_posted"],
        "asked and answered once, not {:?}",
        ends(&events)
    );
    Ok(())
}

async fn crashes(play: &mut Observer) -> anyhow::Result<()> {
    step(
        "6",
        "kill -9 between the stored mention and the answer, and between the post and its record",
    );
    play.hold_answers_back(true).await?;
    let before = play.say(json!({ "text": "status", "via": "socket" })).await?;
    tell(play, "EVENTS", 1).await?;
    play.installation.kill_roles().await?;
    done("@infragpt status is stored, then kill -9");
    play.hold_answers_back(false).await?;
    play.installation.start_roles().await?;
    play.answer(&before).await?;
    observed("started again: exactly one answer");
    play.settled().await?;
    tell(play, "EVENTS", 1).await?;

    play.let_hang("chat.postMessage").await?;
    let during = play.say(json!({ "text": "help", "via": "socket" })).await?;
    play.answer(&during).await?;
    play.installation.kill_roles().await?;
    done("the answer to @infragpt help stands in Slack, but Slack's reply never came; then kill -9");
    play.installation.start_roles().await?;
    let events = tell(play, "EVENTS", 2).await?;
    ensure!(
        ends(&events) == ["answer_requested", "answer_posted"],
        "not recorded: {:?}",
        ends(&events)
    );
    play.settled().await?;
    ensure!(
        play.control.posted(&during.channel, &during.ts).await?.len() == 1,
        "it was answered twice"
    );
    observed("started again: the answer was found in the thread and recorded, not posted again");
    Ok(())
}

async fn rebuild(play: &mut Observer) -> anyhow::Result<()> {
    step("7", "DROP DATABASE, then make it again from the log");
    let before = play.rows().await?;
    projections::drop_database(&play.installation.endpoints.database_url.clone().into()).await?;
    done("DROP DATABASE, under the running roles");
    let output = play.installation.infragpt(&["projections", "rebuild"]).await?;
    done("infragpt projections rebuild");
    quoted(output.trim_end());
    let after = play.rows().await?;
    ensure!(before == after, "the rows differ: {before:?} before, {after:?} after");
    observed("the same rows, by count and hash of every table");
    Ok(())
}

/// Waits until `stream` got `count` more messages, and prints all that came.
pub(super) async fn tell(play: &mut Observer, stream: &'static str, count: usize) -> anyhow::Result<Vec<Received>> {
    let news = play.take(stream, count).await?;
    news.iter().for_each(stored);
    Ok(news)
}

/// The event types, from the last token of the subjects.
fn ends(events: &[Received]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event.subject.rsplit('.').next())
        .collect()
}
