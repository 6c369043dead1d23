//! Many workspaces at once: whether it lasts, how soon people see that somebody works, and whether one organization's slow
//! agent is felt by the others.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, ensure};
use chrono::DateTime;
use infragpt_nats::{Call, Connection, FrameSink, Service, agent};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    figures::{percentile, rate},
    footprint,
    mentions::{ask, micros_between, microseconds},
    plan::Plan,
    report::{Goal, Row, Unit},
};
use crate::{
    configuration::NatsUser,
    environment::{Control, Installation, Roles},
};

const WORKSPACES: usize = 20;
/// One more, whose agent sleeps.
const SLEEPER: usize = WORKSPACES;
const PER_SECOND: u32 = 50;
/// Where so many are asked a second, more wait for the sleeping agent than the role works on at a time.
const SLEEPER_PER_SECOND: u32 = 4;
const SLEEP: Duration = Duration::from_secs(30);
/// Long enough that people are shown that somebody works.
const WORK: Duration = Duration::from_millis(600);
const WORKING: &str = "work on it";
/// All roles but the agent, which is one of our own.
const WITHOUT_AGENT: [&str; 10] = [
    "slack",
    "github",
    "clerk",
    "handlers",
    "conversations",
    "integrations",
    "projections",
    "queries",
    "identity",
    "api",
];

/// Connects the workspaces and asks in all of them.
pub(super) async fn measure(installation: &mut Installation, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let control = Control::new(&installation.endpoints.control_url);
    for index in 0..=SLEEPER {
        connect(installation, &control, index).await?;
    }
    let mut rows = sustained(installation, &control, plan).await?;
    footprint::stop(installation).await?;
    let roles: Roles = installation.spawn_roles(&WITHOUT_AGENT).await?;
    let connection = installation.connect(NatsUser::Agent).await?;
    let stop = CancellationToken::new();
    let sleeping = tokio::spawn(sleepy(connection.clone(), stop.clone()));
    let shown = shown(&control, plan).await;
    let apart = apart(&control, plan).await;
    stop.cancel();
    sleeping.await??;
    roles.kill().await?;
    connection.drain().await;
    rows.push(shown?);
    rows.extend(apart?);
    installation.start_roles().await?;
    Ok(rows)
}

fn team(index: usize) -> String {
    format!("T0BENCH{index:03}")
}

fn organization(index: usize) -> String {
    format!("bench-{index:03}")
}

async fn connect(installation: &Installation, control: &Control, index: usize) -> anyhow::Result<()> {
    let workspace = control
        .call("create_workspace", &json!({ "team_id": team(index) }))
        .await?;
    let token = workspace["bot_token"].as_str().context("a workspace without a token")?;
    let organization = organization(index);
    let arguments = [
        "integrations",
        "connect",
        "slack",
        "--organization",
        &organization,
        "--as-operator",
    ];
    let mut command = installation.command(&arguments);
    let output = command.env("INFRAGPT_SLACK_BOT_TOKEN", token).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "workspace {index} can't be connected: {said}");
    Ok(())
}

/// The mention with this number, in one workspace after the other.
fn mention(index: usize, text: &str) -> Value {
    in_workspace(index % WORKSPACES, text)
}

fn in_workspace(index: usize, text: &str) -> Value {
    json!({ "text": text, "via": "socket", "team_id": team(index), "channel": format!("C0TEAM{index:03}") })
}

/// Many a second, all answered, and nothing piles up.
async fn sustained(installation: &Installation, control: &Control, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let question = |index| mention(index, "what changed in acme/payments today?");
    // The first ones fill what is kept for every workspace.
    ask(control, plan.sustained / 4, PER_SECOND, question).await?;
    let before = footprint::resident(installation)?;
    let started = Instant::now();
    let answered = ask(control, plan.sustained, PER_SECOND, question).await?;
    let took = started.elapsed();
    let grown = footprint::resident(installation)? - before;
    let what = format!("Mentions over {WORKSPACES} workspaces, {PER_SECOND} a second: answered");
    let row =
        |id: &str, what: String, value, unit| Row::new(format!("workspaces.{id}"), what, value, unit, answered.len());
    Ok(vec![
        row("answered", what, rate(answered.len(), took), Unit::PerSecond).goal(Goal::AtLeast(49.0)),
        row(
            "p99",
            "  each, p99".to_owned(),
            percentile(&answered, 99),
            Unit::Milliseconds,
        ),
        row(
            "grown",
            "  resident afterwards, more than before".to_owned(),
            grown,
            Unit::Megabytes,
        )
        .goal(Goal::AtMost(5.0)),
    ])
}

/// How soon people see that somebody works, by the sandbox's clock.
async fn shown(control: &Control, plan: &Plan) -> anyhow::Result<Row> {
    let before = control.message(&mention(0, "quick")).await?;
    ask(control, plan.shown, 10, |index| mention(index, WORKING)).await?;
    let state = control
        .call("state", &json!({ "channel": before.channel, "thread_ts": before.ts }))
        .await?;
    let calls = state["calls"].as_array().context("a state without calls")?;
    let mut first: HashMap<&str, i64> = HashMap::new();
    for call in calls.iter().rev() {
        let thread = call["thread"][1].as_str().unwrap_or_default();
        if call["method"] == "assistant.threads.setStatus" && thread > before.ts.as_str() {
            let at = DateTime::parse_from_rfc3339(call["at"].as_str().unwrap_or_default())?;
            first.insert(thread, at.timestamp_micros());
        }
    }
    let mut latencies = Vec::with_capacity(first.len());
    for (thread, at) in &first {
        latencies.push(micros_between(microseconds(thread)?, *at));
    }
    ensure!(
        latencies.len() == plan.shown,
        "{} of {} questions showed a status",
        latencies.len(),
        plan.shown
    );
    let p99 = percentile(&latencies, 99);
    let row = Row::new(
        "status.p99",
        "Mention to status shown, p99",
        p99,
        Unit::Milliseconds,
        latencies.len(),
    );
    Ok(row.goal(Goal::AtMost(300.0)))
}

/// What the others feel of one organization's sleeping agent.
async fn apart(control: &Control, plan: &Plan) -> anyhow::Result<[Row; 1]> {
    let quick = |index| mention(index, "quick");
    ask(control, plan.apart / 4, PER_SECOND, quick).await?;
    let alone = ask(control, plan.apart, PER_SECOND, quick).await?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / SLEEPER_PER_SECOND);
    let waking = CancellationToken::new();
    let waker = waking.clone();
    let sleeper = control.clone();
    let asking = tokio::spawn(async move {
        while !waker.is_cancelled() {
            ticks.tick().await;
            sleeper.message(&in_workspace(SLEEPER, "sleep")).await?;
        }
        anyhow::Ok(())
    });
    // Until more wait for it than it is given places.
    sleep(SLEEP / 4).await;
    let beside = ask(control, plan.apart, PER_SECOND, quick).await?;
    waking.cancel();
    asking.await??;
    let row = Row::new(
        "workspaces.apart",
        format!(
            "Mention to answer beside an agent that sleeps {} s, p99",
            SLEEP.as_secs()
        ),
        percentile(&beside, 99),
        Unit::Milliseconds,
        beside.len(),
    );
    Ok([row.against(percentile(&alone, 99)).goal(Goal::RatioAtMost(1.5))])
}

/// An agent that is quick, works for a while, or sleeps.
async fn sleepy(connection: Connection, stop: CancellationToken) -> anyhow::Result<()> {
    let answer = |call: Call, frames: FrameSink| async move {
        let Ok(ask) = call.json::<agent::Ask>() else {
            return frames.error("That can't be read.").await;
        };
        if ask.organization.as_str() == organization(SLEEPER) {
            sleep(SLEEP).await;
        } else if ask.question.contains(WORKING) {
            sleep(WORK).await;
        }
        frames.answer("pong").await;
    };
    let service = Service::new(
        &connection,
        "agent",
        env!("CARGO_PKG_VERSION"),
        "Answers with pong, sooner or later",
    );
    Ok(service.frames(agent::SUBJECT, answer).run(stop).await?)
}
