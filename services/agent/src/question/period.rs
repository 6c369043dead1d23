//! The period a question asks about, in UTC.

use chrono::{DateTime, Days, Duration, Months, NaiveDate, NaiveTime, Utc, Weekday};

use super::moment::{Span, midnight, moment, month_of, number};
use super::words::Words;

/// A stretch of time: from `since` until just before `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The first instant that belongs to it.
    pub since: DateTime<Utc>,
    /// The first instant that no longer belongs to it.
    pub until: DateTime<Utc>,
    /// As it is said in an answer: "today", "the last 3 hours", "since Monday".
    pub name: String,
}

impl Period {
    /// What is meant when nobody says when.
    pub fn last_day(now: DateTime<Utc>) -> Self {
        Self::until_now(now - Duration::hours(24), now, "the last 24 hours")
    }

    /// The last `days` days.
    pub fn last_days(days: i64, now: DateTime<Utc>) -> Self {
        Self::until_now(now - Duration::days(days), now, format!("the last {days} days"))
    }

    /// Whether it lies wholly ahead of the moment it was asked.
    pub fn has_not_begun(&self) -> bool {
        self.since >= self.until
    }

    fn until_now(since: DateTime<Utc>, now: DateTime<Utc>, name: impl Into<String>) -> Self {
        Self {
            since,
            until: now,
            name: name.into(),
        }
    }

    fn whole(span: &Span, now: DateTime<Utc>, name: String) -> Self {
        Self {
            since: span.start,
            until: span.end.min(now),
            name,
        }
    }
}

/// What a question says about time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Period(Period),
    /// Words that speak of a time that could not be read.
    Misread(String),
}

/// Finds the first period that is named, and marks its words as understood.
pub(super) fn find(words: &mut Words, now: DateTime<Utc>) -> Option<Found> {
    for index in 0..words.len() {
        if words.is_understood(index) {
            continue;
        }
        let (length, found) = match at(words, index, now) {
            Some((length, period)) => (length, Found::Period(period)),
            None => match misread(words, index) {
                Some(length) => {
                    let said = (index..index + length).map(|at| words.text(at)).collect::<Vec<_>>();
                    (length, Found::Misread(said.join(" ")))
                }
                None => continue,
            },
        };
        words.understand(index..index + length);
        return Some(found);
    }
    None
}

/// Drops "over the", "in the", "during the" before a period, which belong to it.
fn lead(words: &Words, index: usize) -> usize {
    let first = usize::from(matches!(
        words.at(index),
        "in" | "over" | "during" | "within" | "for" | "from"
    ));
    first + usize::from(words.at(index + first) == "the")
}

fn at(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Period)> {
    let lead = lead(words, index);
    let start = index + lead;
    between(words, index, now).or_else(|| {
        let (length, period) = since(words, start, now)
            .or_else(|| last(words, start, now))
            .or_else(|| this(words, start, now))
            .or_else(|| day(words, start, now))?;
        Some((lead + length, period))
    })
}

/// `since monday`, `after 14:00`, `since 2026-11-20`.
fn since(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Period)> {
    if !matches!(words.at(index), "since" | "after") {
        return None;
    }
    let (length, span) = moment(words, index + 1, now)?;
    let name = format!("since {}", span.name);
    Some((1 + length, Period::until_now(span.start, now, name)))
}

/// `between monday and wednesday`, `from 09:00 to 12:00`.
fn between(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Period)> {
    if !matches!(words.at(index), "between" | "from") {
        return None;
    }
    let (first_length, first) = moment(words, index + 1, now)?;
    let joint = index + 1 + first_length;
    if !matches!(words.at(joint), "and" | "to" | "until" | "till") {
        return None;
    }
    let (second_length, second) = moment(words, joint + 1, now)?;
    let until = if second.end > second.start {
        second.end
    } else {
        second.start
    };
    let name = format!("from {} to {}", first.name, second.name);
    let period = Period {
        since: first.start,
        until: until.min(now),
        name,
    };
    Some((joint + 1 + second_length - index, period))
}

/// `last 3 hours`, `past week`, `last night`, `last month`, `last 24h`.
fn last(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Period)> {
    let word = words.at(index);
    if !matches!(word, "last" | "past" | "previous") {
        return compact(word).and_then(|(count, unit)| Some((1, back(count, unit, now)?)));
    }
    let next = words.at(index + 1);
    if let Some((count, unit)) = compact(next) {
        return Some((2, back(count, unit, now)?));
    }
    if let Some(count) = number(next) {
        return Some((3, back(count, words.at(index + 2), now)?));
    }
    let today = midnight(now.date_naive());
    match (word, next) {
        ("last", "night") => {
            let period = Period {
                since: today - Duration::hours(6),
                until: (today + Duration::hours(6)).min(now),
                name: "last night (18:00 to 06:00 UTC)".to_owned(),
            };
            Some((2, period))
        }
        ("last" | "previous", "week") => {
            let monday = monday(now.date_naive());
            let period = Period {
                since: midnight(monday - Days::new(7)),
                until: midnight(monday),
                name: "last week".to_owned(),
            };
            Some((2, period))
        }
        ("last" | "previous", "month") => {
            let first = first_of_month(now.date_naive());
            let before = first.checked_sub_months(Months::new(1))?;
            let period = Period {
                since: midnight(before),
                until: midnight(first),
                name: "last month".to_owned(),
            };
            Some((2, period))
        }
        ("past", "week" | "month" | "day" | "hour") | ("last" | "previous", "hour" | "day") => {
            Some((2, back(1, next, now)?))
        }
        _ => {
            let (length, span) = moment(words, index, now)?;
            let name = format!("on {}", span.name);
            Some((length, Period::whole(&span, now, name)))
        }
    }
}

/// `this week`, `this month`, `this morning`.
fn this(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Period)> {
    if words.at(index) != "this" {
        return None;
    }
    let today = now.date_naive();
    let (since, until, name) = match words.at(index + 1) {
        "week" => (midnight(monday(today)), now, "this week"),
        "month" => (midnight(first_of_month(today)), now, "this month"),
        "morning" => (
            midnight(today),
            now.min(midnight(today) + Duration::hours(12)),
            "this morning",
        ),
        "afternoon" => (midnight(today) + Duration::hours(12), now, "this afternoon"),
        "evening" => (midnight(today) + Duration::hours(18), now, "this evening"),
        _ => return None,
    };
    Some((
        2,
        Period {
            since,
            until,
            name: name.to_owned(),
        },
    ))
}

/// `today`, `yesterday`, `on monday`, `2026-11-20`, `on 20 november`.
fn day(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Period)> {
    let on = usize::from(words.at(index) == "on");
    let (length, span) = moment(words, index + on, now)?;
    if span.end == span.start {
        return None; // an instant such as 14:00 is no period
    }
    let name = match span.name.as_str() {
        "today" | "yesterday" => span.name.clone(),
        name => format!("on {name}"),
    };
    Some((on + length, Period::whole(&span, now, name)))
}

/// How many words from `index` on speak of a time that nothing above could read.
fn misread(words: &Words, index: usize) -> Option<usize> {
    let next = words.at(index + 1);
    match words.at(index) {
        "since" | "until" | "before" | "after" if !next.is_empty() => {
            let rest = (index + 1..words.len()).take(3).count();
            Some(1 + rest)
        }
        "between" if words.contains(&["and"]) => Some((words.len() - index).min(4)),
        "tomorrow" => Some(1),
        "next" if matches!(next, "week" | "month" | "hour" | "day") => Some(2),
        "last" | "past" if number(next).is_some() || compact(next).is_some() => Some((words.len() - index).min(3)),
        "last" if matches!(next, "year" | "quarter" | "sprint") => Some(2),
        "this" if matches!(next, "year" | "quarter" | "sprint") => Some(2),
        word if month_of(word).is_some() && word != "may" => Some(1),
        _ => None,
    }
}

/// `count` units back from `now`; `None` where the unit is unknown or the past too far.
fn back(count: i64, unit: &str, now: DateTime<Utc>) -> Option<Period> {
    let (length, unit) = match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => (Duration::try_minutes(count)?, "minute"),
        "h" | "hr" | "hrs" | "hour" | "hours" => (Duration::try_hours(count)?, "hour"),
        "d" | "day" | "days" => (Duration::try_days(count)?, "day"),
        "w" | "week" | "weeks" => (Duration::try_weeks(count)?, "week"),
        "month" | "months" => (Duration::try_days(count.checked_mul(30)?)?, "month"),
        _ => return None,
    };
    if count < 1 || length > Duration::days(3660) {
        return None;
    }
    let name = match count {
        1 => format!("the last {unit}"),
        _ => format!("the last {count} {unit}s"),
    };
    Some(Period::until_now(now.checked_sub_signed(length)?, now, name))
}

/// `24h`, `7d`, `30min`.
fn compact(word: &str) -> Option<(i64, &str)> {
    let unit_at = word.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
    let (count, unit) = word.split_at(unit_at);
    matches!(
        unit,
        "m" | "min" | "mins" | "h" | "hr" | "hrs" | "hours" | "d" | "days" | "w"
    )
    .then(|| count.parse().ok())
    .flatten()
    .map(|count| (count, unit))
}

fn monday(date: NaiveDate) -> NaiveDate {
    date.week(Weekday::Mon).first_day()
}

fn first_of_month(date: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    date.with_day(1).unwrap_or(date)
}

/// The end of a day that begins at `start`.
pub(super) fn day_after(date: NaiveDate) -> DateTime<Utc> {
    date.checked_add_days(Days::new(1))
        .unwrap_or(date)
        .and_time(NaiveTime::MIN)
        .and_utc()
}
