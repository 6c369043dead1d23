//! Whether this machine, nats-server and PostgreSQL agree on the time.

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_nats::Connection;
use infragpt_projections::{PgPool, inspection};
use serde_json::json;

use super::{finding::Finding, nats::ask};
use crate::serve::now;

/// How far clocks may be apart.
const APART: TimeDelta = TimeDelta::seconds(1);

/// How often a clock is asked: the quickest answer is the most exact.
const ASKED: usize = 3;

/// Looks at the clocks.
pub async fn look(database: Option<&PgPool>, connection: Option<&Connection>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(connection) = connection
        && let Some(ahead) = measure(async || nats(connection).await).await
    {
        findings.push(judge("nats-server", ahead));
    }
    if let Some(database) = database
        && let Some(ahead) = measure(async || inspection::clock(database).await.ok()).await
    {
        findings.push(judge("PostgreSQL", ahead));
    }
    if findings.is_empty() {
        findings.push(Finding::unknown(
            "no server says what time it is",
            "mend what stands under `nats` and `postgresql`",
        ));
    }
    findings
}

/// The server's time, which it says with the state of a stream.
async fn nats(connection: &Connection) -> Option<DateTime<Utc>> {
    let info = ask(connection, "$JS.API.STREAM.INFO.EVENTS", &json!({})).await.ok()?;
    info["ts"].as_str()?.parse().ok()
}

/// How far the clock that `ask` reads is ahead of this machine's, as exactly as the quickest answer tells.
async fn measure(ask: impl AsyncFn() -> Option<DateTime<Utc>>) -> Option<TimeDelta> {
    let mut best: Option<(TimeDelta, TimeDelta)> = None;
    for _ in 0..ASKED {
        let before = now();
        let there = ask().await?;
        let took = now() - before;
        if best.is_none_or(|(quickest, _)| took < quickest) {
            best = Some((took, there - (before + took / 2)));
        }
    }
    best.map(|(_, ahead)| ahead)
}

fn judge(server: &str, ahead: TimeDelta) -> Finding {
    let direction = if ahead < TimeDelta::zero() {
        "behind"
    } else {
        "ahead of"
    };
    let text = format!(
        "the clock of {server} is {} ms {direction} this machine's",
        ahead.num_milliseconds().abs()
    );
    if ahead.abs() > APART {
        Finding::warning(text, "have both machines set their clocks by NTP: timedatectl status")
    } else {
        Finding::ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    #[test]
    fn clocks_may_be_a_second_apart() {
        assert_eq!(judge("x", TimeDelta::milliseconds(-1_000)).status, Status::Ok);
        let late = judge("x", TimeDelta::milliseconds(-1_001));
        assert_eq!(late.status, Status::Warning);
        assert!(late.found.contains("1001 ms behind"), "{late:?}");
    }

    #[tokio::test]
    async fn what_a_clock_is_ahead_is_measured() {
        let ahead = measure(async || Some(now() + TimeDelta::seconds(5))).await.unwrap();
        assert!((ahead - TimeDelta::seconds(5)).abs() < APART, "{ahead}");
        assert_eq!(measure(async || None).await, None);
    }
}
