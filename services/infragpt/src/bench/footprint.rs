//! What the process needs before it does anything: time until it is ready, and memory.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{
    figures::median,
    plan::Plan,
    report::{Goal, Row, Unit},
};
use crate::environment::{Installation, Roles};

/// Starts all roles several times and leaves them running.
pub(super) async fn ready(installation: &mut Installation, plan: &Plan) -> anyhow::Result<Row> {
    let mut seconds = Vec::new();
    for _ in 0..plan.starts {
        stop(installation).await?;
        let started = Instant::now();
        installation.start_roles().await?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    let row = Row::new(
        "ready",
        "Ready after start, servers up",
        median(&seconds),
        Unit::Seconds,
        seconds.len(),
    );
    Ok(row.goal(Goal::AtMost(1.0)))
}

/// Stops the roles, where they run.
pub(super) async fn stop(installation: &mut Installation) -> anyhow::Result<()> {
    match installation.roles.take() {
        Some(roles) => roles.stop().await,
        None => Ok(()),
    }
}

/// What all roles together hold when nothing happened for `idle`.
pub(super) async fn idle(installation: &Installation, idle: Duration) -> anyhow::Result<Row> {
    tokio::time::sleep(idle).await;
    let row = Row::new(
        "resident.idle",
        "All roles resident, idle",
        resident(installation)?,
        Unit::Megabytes,
        1,
    );
    Ok(row.goal(Goal::AtMost(60.0)))
}

/// What they hold after the mentions, as a hint of what they keep.
pub(super) fn after_mentions(installation: &Installation) -> anyhow::Result<Row> {
    Ok(Row::new(
        "resident.used",
        "All roles resident, after the mentions",
        resident(installation)?,
        Unit::Megabytes,
        1,
    ))
}

/// What this process holds.
pub(super) fn own() -> anyhow::Result<f64> {
    resident_of("self")
}

/// What the roles hold.
pub(super) fn resident(installation: &Installation) -> anyhow::Result<f64> {
    let roles = installation.roles.as_ref().and_then(Roles::pid);
    resident_of(&roles.context("the roles don't run")?.to_string())
}

/// `VmRSS` in megabytes. <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn resident_of(pid: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("memory is measured on Linux only")?;
    let kibibytes: u32 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
        .context("the process's memory is not known")?;
    Ok(f64::from(kibibytes) * 1024.0 / 1e6)
}
