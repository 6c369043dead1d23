//! `GET /usage`: how much the product is used, day by day.

use axum::Json;
use chrono::{Days, NaiveDate};
use infragpt_projections::usage;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::{IntoParams, ToSchema};

use super::{
    Error,
    door::Reader,
    input::{List, Query},
};

/// The most days at a time.
const MOST: u16 = 366;
const USUAL: u16 = 30;

/// Which days are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowUsage {
    /// The last day, in UTC; today where absent.
    until: Option<NaiveDate>,
    /// How many days, the last one included.
    #[serde(default = "usual", deserialize_with = "days")]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 366, default = 30)]
    days: u16,
}

fn usual() -> u16 {
    USUAL
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        days @ 1..=MOST => Ok(days),
        other => Err(D::Error::custom(format_args!(
            "`days` is {other}, and has to be 1 to {MOST}"
        ))),
    }
}

/// What happened on one day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageDay {
    /// The day, in UTC.
    date: NaiveDate,
    /// Questions that were asked.
    questions: i64,
    /// Answers that were posted.
    answers_posted: i64,
    /// Questions that were given up.
    answers_failed: i64,
    /// Changes that happened.
    changes: i64,
    /// Conversations in which something was asked.
    active_conversations: i64,
    /// How often a credential was opened.
    credential_reads: i64,
}

impl From<usage::Day> for UsageDay {
    fn from(day: usage::Day) -> Self {
        Self {
            date: day.date,
            questions: day.questions,
            answers_posted: day.answers_posted,
            answers_failed: day.answers_failed,
            changes: day.changes,
            active_conversations: day.active_conversations,
            credential_reads: day.credential_reads,
        }
    }
}

/// How much the product is used, day by day
#[utoipa::path(get, path = "/usage", operation_id = "show_usage", tag = "audit", params(ShowUsage),
    responses((status = 200, description = "A row for each day, the first day first", body = List<UsageDay>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ShowUsage>) -> Result<Json<List<UsageDay>>, Error> {
    let until = query.until.unwrap_or_else(|| reader.now().date_naive());
    let (from, until) = period(until, query.days);
    let days = reader
        .read(async |connection, organization| usage::by_day(connection, organization, from, until).await)
        .await?;
    Ok(Json(List::whole(days.into_iter().map(UsageDay::from).collect())))
}

/// The first day and the last. Nothing happened before the year 1, and no such day can be written down.
fn period(until: NaiveDate, days: u16) -> (NaiveDate, NaiveDate) {
    let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN);
    let until = until.max(first);
    let from = until.checked_sub_days(Days::new(u64::from(days) - 1));
    (from.unwrap_or(first).max(first), until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(Option<NaiveDate>, u16), String> {
        let read = serde_urlencoded::from_str::<ShowUsage>(query);
        read.map(|query| (query.until, query.days))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_month_is_usual_and_a_year_the_most() {
        assert_eq!(read(""), Ok((None, 30)));
        assert_eq!(
            read("until=2026-11-22&days=366"),
            Ok((NaiveDate::from_ymd_opt(2026, 11, 22), 366))
        );
        for wrong in [
            "days=0",
            "days=367",
            "days=-1",
            "until=2026-02-30",
            "until=2026-11-22T00:00:00Z",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_period_ends_with_the_last_day_and_begins_in_the_year_1_at_the_earliest() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(period(day("2026-03-01"), 1), (day("2026-03-01"), day("2026-03-01")));
        assert_eq!(period(day("2026-03-01"), 2), (day("2026-02-28"), day("2026-03-01")));
        assert_eq!(period(day("0001-01-02"), 366), (day("0001-01-01"), day("0001-01-02")));
        assert_eq!(period(day("0000-01-01"), 366), (day("0001-01-01"), day("0001-01-01")));
    }
}
