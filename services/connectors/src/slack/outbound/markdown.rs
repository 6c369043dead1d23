//! Markdown made fit for Slack: no alarm for everybody, and no message longer than Slack takes.

mod fence;
mod lines;
mod split;
mod table;
mod unit;

pub(super) use split::split;

/// What separates the `@` from a word that would otherwise notify a whole channel. It isn't seen.
const GAP: char = '\u{200B}';

/// The words that notify everybody.
const ALARMS: [&str; 4] = ["channel", "here", "everyone", "group"];

/// Takes the effect, not the sight, out of `<!channel>`, `@here` and their like.
pub(super) fn neutralize(markdown: &str) -> String {
    let mut safe = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(at) = rest.find(['@', '<']) {
        let (before, from) = rest.split_at(at);
        safe.push_str(before);
        let after = &from[1..];
        safe.push_str(&from[..1]);
        let alarm = if from.starts_with('@') {
            ALARMS.iter().any(|word| {
                after
                    .get(..word.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(word))
            })
        } else {
            after.starts_with('!')
        };
        if alarm {
            safe.push(GAP);
        }
        rest = after;
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests;
