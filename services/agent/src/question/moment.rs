//! A single day or instant as people write it.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc, Weekday};

use super::period::day_after;
use super::words::Words;

/// A day (`end` is the next midnight) or an instant (`end` equals `start`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// "Monday", "14:00 UTC", "2026-11-20".
    pub name: String,
}

impl Span {
    fn day(date: NaiveDate, name: impl Into<String>) -> Self {
        Self {
            start: midnight(date),
            end: day_after(date),
            name: name.into(),
        }
    }

    fn instant(at: DateTime<Utc>, name: impl Into<String>) -> Self {
        Self {
            start: at,
            end: at,
            name: name.into(),
        }
    }
}

pub(super) fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

/// Reads the moment that begins at word `index`; returns how many words it takes.
pub(super) fn moment(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Span)> {
    let today = now.date_naive();
    let word = words.at(index).trim_end_matches("'s");
    match word {
        "today" | "midnight" => return Some((1, Span::day(today, "today"))),
        "yesterday" => return Some((1, Span::day(today - Days::new(1), "yesterday"))),
        "this" if words.at(index + 1) == "morning" => return Some((2, Span::day(today, "this morning"))),
        "noon" => return Some((1, clock(NaiveTime::from_hms_opt(12, 0, 0)?, now))),
        "the" => return moment(words, index + 1, now).map(|(length, span)| (1 + length, span)),
        "last" => {
            let weekday = weekday_of(words.at(index + 1))?;
            let back = days_since(today.weekday(), weekday);
            let date = today - Days::new(if back == 0 { 7 } else { back });
            return Some((2, Span::day(date, day_name(date, today))));
        }
        _ => {}
    }
    if let Some(weekday) = weekday_of(word) {
        let date = today - Days::new(days_since(today.weekday(), weekday));
        return Some((1, Span::day(date, day_name(date, today))));
    }
    if let Ok(date) =
        NaiveDate::parse_from_str(word, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(word, "%Y/%m/%d"))
    {
        if !(1970..=2200).contains(&date.year()) {
            return None;
        }
        if let Some(time) = time_of(words.at(index + 1)) {
            let at = date.and_time(time).and_utc();
            let zone = usize::from(is_zone(words.at(index + 2)));
            return Some((2 + zone, Span::instant(at, at.format("%Y-%m-%d %H:%M UTC").to_string())));
        }
        return Some((1, Span::day(date, date.to_string())));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(&word.to_uppercase()) {
        let at = at.with_timezone(&Utc);
        return (1970..=2200)
            .contains(&at.year())
            .then(|| (1, Span::instant(at, at.format("%Y-%m-%d %H:%M UTC").to_string())));
    }
    if let Some(time) = time_of(word) {
        let zone = usize::from(is_zone(words.at(index + 1)));
        return Some((1 + zone, clock(time, now)));
    }
    ago(words, index, now).or_else(|| month_and_day(words, index, today))
}

/// The most recent time that the clock showed `time`.
fn clock(time: NaiveTime, now: DateTime<Utc>) -> Span {
    let today = now.date_naive().and_time(time).and_utc();
    let at = if today > now { today - Duration::days(1) } else { today };
    let day = if today > now { " yesterday" } else { "" };
    Span::instant(at, format!("{} UTC{day}", time.format("%H:%M")))
}

/// `3 hours ago`.
fn ago(words: &Words, index: usize, now: DateTime<Utc>) -> Option<(usize, Span)> {
    let count = number(words.at(index))?;
    if words.at(index + 2) != "ago" || !(1..=100_000).contains(&count) {
        return None;
    }
    let unit = words.at(index + 1).trim_end_matches('s');
    let length = match unit {
        "minute" | "min" => Duration::minutes(count),
        "hour" | "hr" => Duration::hours(count),
        "day" => Duration::days(count.min(3660)),
        "week" => Duration::weeks(count.min(520)),
        _ => return None,
    };
    let plural = if count == 1 { "" } else { "s" };
    Some((3, Span::instant(now - length, format!("{count} {unit}{plural} ago"))))
}

/// `20 november`, `nov 20th`.
fn month_and_day(words: &Words, index: usize, today: NaiveDate) -> Option<(usize, Span)> {
    let (first, second) = (words.at(index), words.at(index + 1));
    let (month, day) = match (month_of(first), month_of(second)) {
        (Some(month), _) => (month, ordinal(second)?),
        (None, Some(month)) => (month, ordinal(first)?),
        (None, None) => return None,
    };
    let this_year = NaiveDate::from_ymd_opt(today.year(), month, day)?;
    let date = if this_year > today {
        NaiveDate::from_ymd_opt(today.year() - 1, month, day)?
    } else {
        this_year
    };
    Some((2, Span::day(date, date.to_string())))
}

fn ordinal(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|suffix| word.strip_suffix(suffix))
        .unwrap_or(word);
    digits.parse().ok()
}

/// `14:00`, `9am`, `2:30pm`, `14:00z`.
fn time_of(word: &str) -> Option<NaiveTime> {
    let word = word
        .strip_suffix("utc")
        .or_else(|| word.strip_suffix('z'))
        .unwrap_or(word);
    let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        (None, None) => (word, None),
    };
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour.parse().ok()?, minute.parse().ok()?),
        None if half.is_some() => (digits.parse().ok()?, 0),
        _ => return None,
    };
    let hour: u32 = hour;
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) => hour % 12 + half,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

fn is_zone(word: &str) -> bool {
    matches!(word, "utc" | "gmt" | "z")
}

/// A date the way it is said when the week is in mind: "Monday", with the date where it isn't this week's.
fn day_name(date: NaiveDate, today: NaiveDate) -> String {
    if (today - date).num_days() < 7 {
        date.format("%A").to_string()
    } else {
        date.format("%A %Y-%m-%d").to_string()
    }
}

fn days_since(today: Weekday, then: Weekday) -> u64 {
    u64::from((7 + today.num_days_from_monday() - then.num_days_from_monday()) % 7)
}

fn weekday_of(word: &str) -> Option<Weekday> {
    Some(match word.trim_end_matches("'s") {
        "monday" | "mon" => Weekday::Mon,
        "tuesday" | "tue" | "tues" => Weekday::Tue,
        "wednesday" | "wed" => Weekday::Wed,
        "thursday" | "thu" | "thurs" => Weekday::Thu,
        "friday" | "fri" => Weekday::Fri,
        "saturday" | "sat" => Weekday::Sat,
        "sunday" | "sun" => Weekday::Sun,
        _ => return None,
    })
}

pub(super) fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if word.len() < 3 {
        return None;
    }
    (1..).zip(MONTHS).find_map(|(number, name)| {
        (name == word || (word.len() == 3 && name.starts_with(word)) || (word == "sept" && number == 9))
            .then_some(number)
    })
}

/// A count in digits or as one of the words people use.
pub(super) fn number(word: &str) -> Option<i64> {
    const SPELLED: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    if let Some(number) = (1..)
        .zip(SPELLED)
        .find_map(|(number, name)| (name == word).then_some(number))
    {
        return Some(number);
    }
    match word {
        "couple" => Some(2),
        "few" => Some(3),
        _ => word.parse().ok().filter(|count| *count > 0),
    }
}
