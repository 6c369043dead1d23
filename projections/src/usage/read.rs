//! Counts what the other read models hold.

use chrono::NaiveDate;
use infragpt_events::{OrganizationId, audit::AuditedAction};
use sqlx::PgConnection;

/// What happened on one day, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// Questions that were asked.
    pub questions: i64,
    /// Answers that were posted.
    pub answers_posted: i64,
    /// Questions that were given up.
    pub answers_failed: i64,
    /// Changes that happened.
    pub changes: i64,
    /// Conversations in which something was asked.
    pub active_conversations: i64,
    /// How often a credential was opened.
    pub credential_reads: i64,
}

/// What an organization did on each day from `from` to `to`, both included, also on days on which nothing happened. No day
/// when `to` comes before `from`.
///
/// It counts rows, so a caller bounds the time.
///
/// # Errors
/// When the database can't be read.
pub async fn by_day(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Day>, sqlx::Error> {
    sqlx::query_as!(
        Day,
        r#"WITH period AS (SELECT $2::date::timestamp AT TIME ZONE 'UTC' AS first,
                                  ($3::date + 1)::timestamp AT TIME ZONE 'UTC' AS past),
                asked AS (
                    SELECT (sent_at AT TIME ZONE 'UTC')::date AS date, count(*) AS questions,
                           count(DISTINCT conversation_id) AS conversations
                    FROM conversation_messages
                    WHERE organization_id = $1 AND sent_at >= (SELECT first FROM period)
                          AND sent_at < (SELECT past FROM period)
                    GROUP BY 1),
                answered AS (
                    SELECT (answered_at AT TIME ZONE 'UTC')::date AS date,
                           count(*) FILTER (WHERE answer_state = 'posted') AS posted,
                           count(*) FILTER (WHERE answer_state = 'failed') AS failed
                    FROM conversation_messages
                    WHERE organization_id = $1 AND answered_at >= (SELECT first FROM period)
                          AND answered_at < (SELECT past FROM period)
                    GROUP BY 1),
                changed AS (
                    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS date, count(*) AS changes
                    FROM changes
                    WHERE organization_id = $1 AND occurred_at >= (SELECT first FROM period)
                          AND occurred_at < (SELECT past FROM period)
                    GROUP BY 1),
                opened AS (
                    SELECT (last_at AT TIME ZONE 'UTC')::date AS date, sum(count)::bigint AS reads
                    FROM audit_records
                    WHERE organization_id = $1 AND action = $4 AND outcome = 'done'
                          AND last_at >= (SELECT first FROM period) AND last_at < (SELECT past FROM period)
                    GROUP BY 1)
           SELECT day::date AS "date!", coalesce(questions, 0) AS "questions!", coalesce(posted, 0) AS "answers_posted!",
                  coalesce(failed, 0) AS "answers_failed!", coalesce(changes, 0) AS "changes!",
                  coalesce(conversations, 0) AS "active_conversations!", coalesce(reads, 0) AS "credential_reads!"
           FROM generate_series($2::date::timestamp, $3::date::timestamp, interval '1 day') AS day
                LEFT JOIN asked ON asked.date = day::date
                LEFT JOIN answered ON answered.date = day::date
                LEFT JOIN changed ON changed.date = day::date
                LEFT JOIN opened ON opened.date = day::date
           ORDER BY day"#,
        organization.as_str(),
        from,
        to,
        AuditedAction::CredentialRead.as_str(),
    )
    .fetch_all(connection)
    .await
}
