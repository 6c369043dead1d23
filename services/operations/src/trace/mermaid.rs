//! A trace as a flow chart of Mermaid's: <https://mermaid.js.org/syntax/flowchart.html>.

use std::fmt::Write as _;

use super::Trace;
use crate::event::shortened;

/// How much of what an event says stands in its node.
const WORDS: usize = 80;

impl Trace {
    /// As a flow chart, the time between two steps on the arrow.
    pub fn mermaid(&self) -> String {
        let mut chart = "flowchart TD".to_owned();
        for (index, step) in self.steps.iter().enumerate() {
            let event = &step.event;
            let actor = event.actor.as_deref().unwrap_or("-");
            let mut lines = vec![
                event.short_kind().to_owned(),
                shortened(&step.words, WORDS),
                format!("{}, {actor}, at {}", event.place(), step.since_start()),
            ];
            lines.extend(step.notes.iter().map(|note| shortened(note, WORDS)));
            let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
            let class = match () {
                () if step.verdict.is_some() => ":::dead",
                () if event.subject.starts_with("raw.") => ":::fact",
                () => "",
            };
            let _ = write!(chart, "\n    s{index}[\"{}\"]{class}", lines.join("<br>"));
        }
        for (index, step) in self.steps.iter().enumerate() {
            if let (Some(cause), Some(time)) = (step.cause, step.since_cause()) {
                let _ = write!(chart, "\n    s{cause} -->|\"{}\"| s{index}", escaped(&time));
            }
        }
        chart.push_str("\n    classDef fact stroke-dasharray: 4 3\n    classDef dead stroke:#c00");
        chart
    }
}

/// Text that means nothing to Mermaid, to Markdown and to HTML: whatever could, as the number of its character
/// (<https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>).
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if character.is_control() => shown.push(' '),
            ' ' | '.' | ',' | ':' | '/' | '+' | '-' | '_' | '?' => shown.push(character),
            _ if !character.is_ascii() || character.is_ascii_alphanumeric() => shown.push(character),
            _ => {
                let _ = write!(shown, "#{};", u32::from(character));
            }
        }
    }
    shown
}
