//! A trace as one page of HTML that needs nothing else: a waterfall, each step opens to its payload.

use maud::{DOCTYPE, Markup, html};

use super::{Step, Trace, milliseconds};
use crate::event::shortened;

/// How much of what an event says stands on its row.
const WORDS: usize = 200;

/// Nothing is loaded and nothing runs, whatever a payload brings
/// (<https://www.w3.org/TR/CSP3/#directive-default-src>).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d1c1d;--soft:#616061;--ground:#fff;--line:#e3e3e6;--fact:#7a8699;--event:#2563a8;--audit:#8a6d1f;--dead:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--soft:#a3a3a8;--ground:#17181a;--line:#34363a;--fact:#93a0b4;--event:#6aa9ee;--audit:#d3b45c;--dead:#f2857d}}\
body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem;color:var(--ink);background:var(--ground)}\
h1{font-size:1.2rem;margin:0}header p{color:var(--soft);margin:.2rem 0 1rem}\
details{border-top:1px solid var(--line);padding:.35rem 0}summary{display:grid;grid-template-columns:minmax(0,5fr) minmax(8rem,2fr);gap:1rem;cursor:pointer;list-style:none}\
summary::-webkit-details-marker{display:none}.what{overflow-wrap:anywhere}.kind,.where,dt{color:var(--soft)}.where,.time{font-size:.85em}\
.note{color:var(--dead)}.track{position:relative;height:1.3rem;align-self:start;background:linear-gradient(var(--line),var(--line)) center/100% 1px no-repeat}\
.bar{position:absolute;top:.3rem;height:.7rem;min-width:3px;border-radius:2px;background:var(--event)}\
.fact .bar{background:var(--fact)}.audit .bar{background:var(--audit)}.dead .bar{background:var(--dead)}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.6rem 0}dd{margin:0;overflow-wrap:anywhere}\
pre{background:color-mix(in srgb,var(--line) 45%,transparent);padding:.7rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0}\
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--ground:#fff;--line:#bbb}body{margin:0;font-size:10pt}details::details-content{content-visibility:visible;display:block}details>*{display:block}summary{display:grid!important}details{break-inside:avoid-page}.bar{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

impl Trace {
    /// As one page of HTML.
    pub fn html(&self) -> String {
        let title = self.steps.first().map_or_else(String::new, |step| step.event.place());
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="referrer" content="no-referrer";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Trace of " (title) " – InfraGPT" }
                    style { (maud::PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { "Trace of " (title) }
                        p {
                            (self.steps.len()) " steps in " (milliseconds(self.took_ms)) ", from "
                            (self.started_at.format("%F %T%.3f")) " UTC"
                            @if self.is_cut { "; there is more" }
                        }
                    }
                    main { @for step in &self.steps { (self.row(step)) } }
                }
            }
        }
        .into_string()
    }

    fn row(&self, step: &Step) -> Markup {
        let event = &step.event;
        let class = match () {
            () if step.verdict.is_some() => "dead",
            () if event.subject.starts_with("raw.") => "fact",
            () if event.subject.starts_with("events.audit.") => "audit",
            () => "event",
        };
        let indent = format!("padding-left:{}rem", step.depth.min(20));
        html! {
            details class=(class) {
                summary {
                    div.what style=(indent) {
                        span.kind { (visible(event.short_kind())) } " "
                        bdi { (visible(&shortened(&step.words, WORDS))) }
                        @for note in &step.notes { div.note { (visible(note)) } }
                        div.where {
                            (event.place())
                            @if let Some(actor) = &event.actor { " · " (visible(actor)) }
                        }
                    }
                    div {
                        div.track { div.bar style=(self.bar(step)) {} }
                        div.time {
                            @if let Some(time) = step.since_cause() { (time) " · " }
                            "at " (step.since_start())
                        }
                    }
                }
                (details(step))
            }
        }
    }

    /// From its cause to the step, as parts of the whole.
    fn bar(&self, step: &Step) -> String {
        let whole = if self.took_ms > 0.0 { self.took_ms } else { 1.0 };
        let width = step.since_cause_ms.unwrap_or(0.0);
        let (width, end) = (width / whole * 100.0, step.since_start_ms / whole * 100.0);
        // A step at the very end still has its mark.
        let left = (end - width).clamp(0.0, 99.0);
        format!("left:{left:.3}%;width:{:.3}%", width.clamp(0.0, 100.0 - left))
    }
}

fn details(step: &Step) -> Markup {
    let event = &step.event;
    let optional = [
        ("organization", &event.organization),
        ("case", &event.correlation),
        ("follows from", &event.causation),
        ("actor", &event.actor),
    ];
    let payload = match &event.data {
        serde_json::Value::String(text) => text.clone(),
        data => serde_json::to_string_pretty(data).unwrap_or_default(),
    };
    html! {
        dl {
            dt { "place" } dd { (event.place()) }
            dt { "subject" } dd { (visible(&event.subject)) }
            dt { "type" } dd { (visible(&event.kind)) }
            dt { "id" } dd { (visible(&event.id)) }
            dt { "stored" } dd { (event.stored_at.format("%F %T%.6f")) " UTC" }
            @if let Some(time) = event.time { dt { "happened" } dd { (time.format("%F %T%.6f")) " UTC" } }
            dt { "source" } dd { (visible(&event.source)) }
            @for (name, value) in optional {
                @if let Some(value) = value { dt { (name) } dd { (visible(value)) } }
            }
            @for (name, value) in &event.attributes { dt { (visible(name)) } dd { (visible(value)) } }
        }
        @if !event.data.is_null() { pre { (visible(&payload)) } }
    }
}

/// `text` with what can't be seen written out: control characters, and those that turn the direction of what follows.
fn visible(text: &str) -> String {
    let is_hidden = |character: char| {
        (character.is_control() && !matches!(character, '\n' | '\t'))
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}
