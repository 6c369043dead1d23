//! The HTTP API: a page of changes beside the same query in `pgbench`, and how fast a session is verified.

use std::{
    io::Write as _,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use chrono::TimeDelta;
use infragpt_events::{
    ConnectorKind, OrganizationId,
    change::{Actor, ChangeEvent, ChangeKind, Recorded as Change},
};
use infragpt_identity::{Configuration as Clerk, Sessions};
use infragpt_projections::{self as projections, Recorded, changes};
use tokio::process::Command;
use uuid::Uuid;

use super::{
    figures::{median, percentile, rate},
    load,
    plan::Plan,
    report::{Goal, Row, Unit},
};
use crate::{
    environment::{Endpoints, Observer},
    serve::now,
};

/// As many clients for both: enough to keep two cores busy, few enough that nobody waits for a connection.
const CLIENTS: usize = 8;
/// What the API asks PostgreSQL for the first page.
const PAGE: &str = include_str!("changes.sql");
/// The same page for whoever owns the tables, who needs no permission.
const UNGUARDED_PAGE: &str = include_str!("unguarded_changes.sql");
/// The role that the API is.
const ROLE: &str = "infragpt_api";
/// How many rows are written at a time.
const BATCH: usize = 5_000;

/// Pages of 50 changes of a million, over HTTP with a session, in turns with `pgbench` running the same query.
pub(super) async fn measure(observer: &Observer, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let endpoints = &observer.installation.endpoints;
    observer.control.call("clerk_announce", &serde_json::json!({})).await?;
    fill(endpoints, plan.changes).await?;
    let request = page_request(endpoints);
    let host = endpoints.api_url.trim_start_matches("http://");
    let write = |_: usize, bytes: &mut Vec<u8>| bytes.extend_from_slice(request.as_bytes());
    // Until the membership is there the API refuses.
    observer
        .until("the membership to be known", async || {
            Ok(load::send(host, 1, 1, write).await.ok())
        })
        .await?;
    load::send(host, plan.pages / 10, CLIENTS, write).await?;
    let (mut ours, mut bare, mut unguarded, mut latencies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        bare.push(pgbench(endpoints, PAGE, Some(ROLE), plan.pgbench_for).await?);
        unguarded.push(pgbench(endpoints, UNGUARDED_PAGE, None, plan.pgbench_for).await?);
        let sent = load::send(host, plan.pages, CLIENTS, write).await?;
        ours.push(rate(plan.pages, sent.took));
        latencies.extend(sent.latencies);
    }
    let count = plan.pages * plan.rounds;
    Ok(vec![
        Row::new(
            "api.changes",
            format!("GET /api/v1/changes, 50 of {} rows", plan.changes),
            median(&ours),
            Unit::PerSecond,
            count,
        )
        .against(median(&bare))
        .goal(Goal::RatioAtLeast(0.5)),
        Row::new(
            "api.changes.p50",
            "  each, p50",
            percentile(&latencies, 50),
            Unit::Milliseconds,
            count,
        ),
        Row::new(
            "api.changes.p99",
            "  each, p99",
            percentile(&latencies, 99),
            Unit::Milliseconds,
            count,
        ),
        Row::new(
            "api.changes.unguarded",
            "  in pgbench, without the wall",
            median(&unguarded),
            Unit::PerSecond,
            plan.rounds,
        ),
        verification(endpoints, plan.read_for).await?,
    ])
}

fn page_request(endpoints: &Endpoints) -> String {
    format!(
        "GET /api/v1/changes?limit=50 HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        endpoints.api_url.trim_start_matches("http://"),
        endpoints.session_token
    )
}

/// Writes changes through the read model's own writer, as if the log had them.
async fn fill(endpoints: &Endpoints, count: usize) -> anyhow::Result<()> {
    let pool = projections::connect(&endpoints.database_url.clone().into(), "infragpt bench")?;
    let organization = OrganizationId::parse(&endpoints.organization_id)?;
    let connector = ConnectorKind::parse("github")?;
    let newest = now();
    for first in (0..count).step_by(BATCH) {
        let events: Vec<_> = (first..count.min(first + BATCH))
            .map(|index| change(&organization, &connector, newest, index))
            .collect();
        let mut transaction = pool.begin().await?;
        changes::apply(&mut transaction, &events).await?;
        transaction.commit().await?;
    }
    pool.close().await;
    let analyzed = Command::new(infragpt_local::find::postgres()?.join("vacuumdb"))
        .args([
            "--quiet",
            "--analyze",
            "--table",
            "changes",
            "--dbname",
            &endpoints.database_url,
        ])
        .status()
        .await
        .context("vacuumdb can't be run")?;
    ensure!(analyzed.success(), "the table can't be analyzed");
    Ok(())
}

/// A change as GitHub tells of them, a minute older than the one before.
fn change(
    organization: &OrganizationId,
    connector: &ConnectorKind,
    newest: chrono::DateTime<chrono::Utc>,
    index: usize,
) -> Recorded<ChangeEvent> {
    let number = u64::try_from(index).unwrap_or(u64::MAX);
    let time = newest - TimeDelta::minutes(i64::try_from(index).unwrap_or(i64::MAX));
    let person = number % 40;
    let change = Change {
        connector: connector.clone(),
        kind: ChangeKind::ALL[index % ChangeKind::ALL.len()],
        repository: format!("acme/service-{}", number % 200),
        title: format!("Cache exchange rates for one minute ({number})"),
        url: format!("https://github.example/acme/service-{}/pull/{number}", number % 200),
        actor: Actor {
            id: person.to_string(),
            name: format!("engineer-{person}"),
            url: Some(format!("https://github.example/engineer-{person}")),
        },
        reference: Some("main".to_owned()),
        revision: Some(format!("{number:040x}")),
        details: vec!["Keep the last answer".to_owned(), "Say when it is old".to_owned()],
        occurred_at: time,
    };
    Recorded {
        organization: organization.clone(),
        aggregate: Uuid::from_u128(u128::from(number) + 1),
        sequence: number + 1,
        time,
        actor: None,
        correlation: None,
        id: number.to_string(),
        address: None,
        request: None,
        event: change.into(),
    }
}

/// How often `pgbench` runs `query` in a second, as many clients as ours.
async fn pgbench(endpoints: &Endpoints, query: &str, role: Option<&str>, time: Duration) -> anyhow::Result<f64> {
    let mut file = tempfile::NamedTempFile::new().context("no temporary file")?;
    file.write_all(query.as_bytes())?;
    let output = Command::new(infragpt_local::find::postgres()?.join("pgbench"))
        .env(
            "PGOPTIONS",
            role.map(|role| format!("-c role={role}")).unwrap_or_default(),
        )
        .args(["-n", "-f"])
        .arg(file.path())
        .args(["-c", &CLIENTS.to_string(), "-T", &time.as_secs().max(1).to_string()])
        .arg(&endpoints.database_url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("pgbench can't be run")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "pgbench failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    said.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .with_context(|| format!("pgbench says no rate: {said}"))
}

/// One caller on one core, the keys in memory.
async fn verification(endpoints: &Endpoints, time: Duration) -> anyhow::Result<Row> {
    let clerk: Clerk = serde_json::from_value(serde_json::json!({
        "issuer": endpoints.clerk_issuer,
        "authorized_parties": endpoints.api_url,
        "max_body_bytes": 0,
    }))?;
    let sessions = Sessions::new(&clerk, now).context("Clerk is not configured")?;
    sessions.verify(&endpoints.session_token).await?;
    let (started, mut count) = (Instant::now(), 0);
    while started.elapsed() < time {
        for _ in 0..100 {
            sessions.verify(&endpoints.session_token).await?;
        }
        count += 100;
    }
    let row = Row::new(
        "session.verified",
        "Session verified, one core",
        rate(count, started.elapsed()),
        Unit::PerSecond,
        count,
    );
    Ok(row.goal(Goal::AtLeast(20_000.0)))
}
