//! Whether somebody projects, and how far the read models are behind the log.

use infragpt_nats::Connection;
use infragpt_projections::{
    PgPool,
    standing::{Standing, StreamStanding, standing},
};

use super::{finding::Finding, nats::blind};

/// How late the read models may be, in seconds, before somebody should look.
const LATE: f64 = 30.0;

const STATUS: &str = "infragpt projections status";

/// Looks at the read models.
pub async fn look(database: Result<&PgPool, &Finding>, connection: Option<&Connection>) -> Vec<Finding> {
    let Ok(database) = database else {
        return vec![Finding::unknown(
            "there is no database to ask",
            "mend what stands under `postgresql`, then run infragpt doctor again",
        )];
    };
    let Some(connection) = connection else {
        return blind();
    };
    match standing(database, connection).await {
        Ok(standing) => judge(&standing),
        Err(error) => vec![Finding::unknown(format!("{:#}", anyhow::Error::from(error)), STATUS)],
    }
}

fn judge(standing: &Standing) -> Vec<Finding> {
    let mut findings = Vec::new();
    if standing.active_projectors == 0 {
        findings.push(Finding::error(
            "nobody projects: the read models stay as they are",
            "infragpt serve --role projections",
        ));
    }
    let late = standing.streams.iter().filter(|stream| stream.lag_seconds > LATE);
    findings.extend(late.map(|stream| {
        let StreamStanding {
            status, lag_seconds, ..
        } = stream;
        Finding::warning(
            format!(
                "the read models are {} messages and {lag_seconds:.0} s behind {}",
                status.lag, status.stream
            ),
            STATUS,
        )
    }));
    if let Some(newest) = standing.problems.first() {
        findings.push(Finding::warning(
            format!(
                "the projector went on without {} messages, the last of them {}#{} at {}: {}",
                standing.problems.len(),
                newest.stream,
                newest.sequence,
                newest.noticed_at.format("%F %T"),
                newest.problem
            ),
            format!("infragpt show {}#{}", newest.stream, newest.sequence),
        ));
    }
    if findings.is_empty() {
        let lag: u64 = standing.streams.iter().map(|stream| stream.status.lag).sum();
        findings.push(Finding::ok(match lag {
            0 => "the read models are current".to_owned(),
            _ => format!("the read models are {lag} messages behind, which is not long"),
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use infragpt_projections::{StreamStatus, problem::Problem};

    use super::{super::finding::Status, *};

    fn standing(active_projectors: i64, lag: u64, lag_seconds: f64) -> Standing {
        Standing {
            streams: vec![StreamStanding {
                status: StreamStatus {
                    stream: "EVENTS".to_owned(),
                    checkpoint: 1,
                    last_sequence: 1 + lag,
                    lag,
                    published_at: None,
                },
                lag_seconds,
                rate: None,
                paused_until: None,
            }],
            generation: 1,
            active_projectors,
            standbys: 0,
            problems: Vec::new(),
        }
    }

    #[test]
    fn what_lags_is_judged_by_time() {
        let status = |standing: &Standing| judge(standing)[0].status;
        assert_eq!(status(&standing(1, 0, 0.0)), Status::Ok);
        assert_eq!(status(&standing(1, 100_000, 29.0)), Status::Ok);
        assert_eq!(status(&standing(1, 1, 31.0)), Status::Warning);
        assert_eq!(status(&standing(0, 0, 0.0)), Status::Error);
    }

    #[test]
    fn what_could_not_be_projected_is_named() {
        let mut standing = standing(1, 0, 0.0);
        standing.problems.push(Problem {
            stream: "EVENTS".to_owned(),
            sequence: 7,
            event_id: "x".to_owned(),
            problem: "it is strange".to_owned(),
            noticed_at: DateTime::UNIX_EPOCH,
        });
        let found = &judge(&standing)[0];
        assert_eq!(found.todo.as_deref(), Some("infragpt show EVENTS#7"));
    }
}
