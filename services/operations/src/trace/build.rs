//! Puts each event of a case below what led to it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Step, Trace};
use crate::{
    Case, Found,
    finder::{cause_of, gesture::Gesture},
    meaning::Meaning,
};

impl Trace {
    /// The picture of `case`.
    pub fn build(case: &Case) -> Self {
        let times = || case.events.iter().map(|found| found.event.stored_at);
        let started_at = times().min().unwrap_or(DateTime::UNIX_EPOCH);
        let took = times().max().map_or(TimeDelta::zero(), |ended| ended - started_at);
        let causes = causes(&case.events);
        let known = Known::of(&case.events);
        let mut effects: Vec<Vec<usize>> = vec![Vec::new(); case.events.len()];
        let mut beginnings = Vec::new();
        for (index, above) in causes.iter().enumerate() {
            match above {
                Some(above) => effects[*above].push(index),
                None => beginnings.push(index),
            }
        }
        let mut steps: Vec<Step> = Vec::with_capacity(case.events.len());
        // What is still to be put down, the next one last: its index, its cause's step, whether it is the last of that.
        let mut open: Vec<(usize, Option<usize>, bool)> =
            beginnings.iter().rev().map(|index| (*index, None, false)).collect();
        while let Some((index, above, is_last)) = open.pop() {
            let found = &case.events[index];
            let meaning = Meaning::of(&found.event);
            let mut notes = notes(&case.events, &known, index, &effects[index]);
            notes.extend(meaning.problem);
            let own = steps.len();
            steps.push(Step {
                cause: above,
                depth: above.map_or(0, |above| steps[above].depth + 1),
                is_last,
                since_start_ms: between(started_at, found.event.stored_at),
                since_cause_ms: above.map(|above| between(steps[above].event.stored_at, found.event.stored_at)),
                words: meaning.words,
                notes,
                verdict: found.verdict.clone(),
                event: found.event.clone(),
            });
            let last = effects[index].last().copied();
            let below = effects[index].iter().rev();
            open.extend(below.map(|effect| (*effect, Some(own), Some(*effect) == last)));
        }
        Self {
            started_at,
            took_ms: between(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + took),
            is_cut: case.is_cut,
            steps,
        }
    }
}

/// Milliseconds from one to the other; none where clocks of several servers would make it less than none.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of centuries are told apart by milliseconds"
)]
fn between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> f64 {
    let microseconds = (later - earlier).num_microseconds().unwrap_or(i64::MAX);
    microseconds.max(0) as f64 / 1000.0
}

/// For each event which one led to it. Headers are written by anybody who may publish: causes in a circle are cut open.
fn causes(events: &[Found]) -> Vec<Option<usize>> {
    let (mut by_id, mut by_place, mut by_case) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (index, found) in events.iter().enumerate() {
        let event = &found.event;
        by_place.insert(found.place(), index);
        if found.verdict.is_none() {
            by_id.entry(event.id.as_str()).or_insert(index);
            // Audit records are written for an answer or an attempt, and name that as their case.
            for pointer in ["/answer_id", "/attempt"] {
                if let Some(id) = found.text(pointer) {
                    by_case.entry(id).or_insert(index);
                }
            }
        }
    }
    let mut causes: Vec<Option<usize>> = vec![None; events.len()];
    for (index, found) in events.iter().enumerate() {
        let event = &found.event;
        let correlation = event.correlation.as_deref();
        let cause = match &found.verdict {
            Some(verdict) => by_place.get(&(verdict.stream.clone(), verdict.sequence)).copied(),
            None => event
                .causation
                .as_deref()
                .and_then(|causation| by_id.get(cause_of(causation)).copied())
                .or_else(|| by_case.get(correlation?).copied())
                .or_else(|| by_id.get(correlation?).copied()),
        };
        causes[index] = cause.filter(|cause| {
            let mut above = Some(*cause);
            while let Some(at) = above {
                if at == index {
                    return false;
                }
                above = causes[at];
            }
            true
        });
    }
    causes
}

/// What is asked of a case again and again.
struct Known<'events> {
    ids: HashSet<&'events str>,
    /// The facts that tell of a message.
    told: HashMap<Gesture, Vec<usize>>,
}

impl<'events> Known<'events> {
    fn of(events: &'events [Found]) -> Self {
        let mut told: HashMap<Gesture, Vec<usize>> = HashMap::new();
        for (index, found) in events.iter().enumerate() {
            if let Some(gesture) = Gesture::of(&found.event) {
                told.entry(gesture).or_default().push(index);
            }
        }
        Self {
            ids: events.iter().map(|found| found.event.id.as_str()).collect(),
            told,
        }
    }
}

/// What has to be known of an event besides what it says.
fn notes(events: &[Found], known: &Known<'_>, index: usize, effects: &[usize]) -> Vec<String> {
    let found = &events[index];
    let event = &found.event;
    let mut notes = Vec::new();
    if found.is_gone {
        notes.push(format!("{} no longer has it: only the index tells of it", event.stream));
    }
    if let Some(verdict) = &found.verdict {
        notes.push(format!(
            "dead after {} of {}: {}",
            match verdict.attempts {
                1 => "1 try".to_owned(),
                tries => format!("{tries} tries"),
            },
            verdict.consumer,
            verdict.reason
        ));
        return notes;
    }
    if let Some(causation) = &event.causation
        && !known.ids.contains(cause_of(causation))
        && !event.subject.starts_with("events.audit.")
    {
        notes.push(format!("follows from {causation}, which is not in the log"));
    }
    // What is written about it afterwards is no effect of it.
    let is_effect = |effect: &&usize| {
        let effect = &events[**effect];
        effect.verdict.is_none() && !effect.event.subject.starts_with("events.audit.")
    };
    if effects.iter().any(|effect| is_effect(&effect)) {
        return notes;
    }
    let is_dead = effects.iter().any(|effect| events[*effect].verdict.is_some());
    let twin = Gesture::of(event).and_then(|gesture| {
        let mut told = known.told.get(&gesture)?.iter();
        told.find(|other| **other != index).map(|other| &events[*other])
    });
    let name = event.subject.rsplit('.').next().unwrap_or_default();
    if let Some(twin) = twin {
        notes.push(format!(
            "decided nothing: {} told of the same message",
            twin.event.place()
        ));
    } else if event.subject.starts_with("raw.") && !is_dead {
        notes.push("decided nothing".to_owned());
    } else if ["requested", "started", "proposed"]
        .iter()
        .any(|end| name.ends_with(end))
        && !is_dead
    {
        notes.push("nothing recorded after it".to_owned());
    }
    notes
}
