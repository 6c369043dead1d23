//! Markdown made fit for Slack: no alarm for everybody, and no message longer than Slack takes.

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

/// Cuts Markdown into messages of at most `limit` UTF-16 units, between paragraphs where that is possible. A fenced block of code
/// stays whole if it fits into a message; one that doesn't is closed and opened again.
pub(super) fn split(markdown: &str, limit: usize) -> Vec<String> {
    let markdown = markdown.trim();
    if length(markdown) <= limit {
        return vec![markdown.to_owned()];
    }
    let mut messages: Vec<String> = Vec::new();
    for paragraph in paragraphs(markdown) {
        for piece in pieces(&paragraph, limit) {
            match messages.last_mut() {
                Some(last) if length(last) + 2 + length(&piece) <= limit => {
                    last.push_str("\n\n");
                    last.push_str(&piece);
                }
                _ => messages.push(piece),
            }
        }
    }
    messages
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A fence that opens a block of code: its marker, and the line that opened it.
#[derive(Clone, Copy)]
struct Fence<'a> {
    marker: &'a str,
    line: &'a str,
}

impl<'a> Fence<'a> {
    fn opening(line: &'a str) -> Option<Self> {
        let text = line.trim_start();
        let character = text.chars().next().filter(|character| matches!(character, '`' | '~'))?;
        let count = text.chars().take_while(|other| *other == character).count();
        let usable = count >= 3 && !(character == '`' && text[count..].contains('`'));
        usable.then(|| Self {
            marker: &text[..count],
            line,
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        text.starts_with(self.marker) && text.trim_start_matches(&self.marker[..1]).is_empty()
    }
}

/// The fence that is open after `line`.
fn after<'a>(fence: Option<Fence<'a>>, line: &'a str) -> Option<Fence<'a>> {
    match fence {
        Some(fence) if fence.is_closed_by(line) => None,
        Some(fence) => Some(fence),
        None => Fence::opening(line),
    }
}

/// What blank lines separate, outside of fences.
fn paragraphs(markdown: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut fence = None;
    for line in markdown.lines() {
        if fence.is_none() && line.trim().is_empty() {
            paragraphs.push(String::new());
            continue;
        }
        fence = after(fence, line);
        if let Some(paragraph) = paragraphs.last_mut() {
            push_line(paragraph, line);
        }
    }
    if let (Some(fence), Some(last)) = (fence, paragraphs.last_mut()) {
        push_line(last, fence.marker);
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// A paragraph as it is, or cut between its lines.
fn pieces(paragraph: &str, limit: usize) -> Vec<String> {
    if length(paragraph) <= limit {
        return vec![paragraph.to_owned()];
    }
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut fence: Option<Fence> = None;
    let lines: Vec<&str> = paragraph.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let next = after(fence, line);
        // A block that fits into a message of its own doesn't start where it would be cut.
        if fence.is_none()
            && next.is_some()
            && !piece.is_empty()
            && length(&piece) + 1 + fenced_length(&lines[index..]) > limit
        {
            pieces.push(std::mem::take(&mut piece));
        }
        let closing = next.or(fence).map_or(0, |fence| length(fence.marker) + 1);
        let opening = fence.map_or(0, |fence| length(fence.line) + 1);
        for part in cut(line, limit.saturating_sub(closing + opening).max(1)) {
            if !piece.is_empty() && length(&piece) + 1 + length(part) + closing > limit {
                let mut full = std::mem::take(&mut piece);
                if let Some(open) = fence {
                    push_line(&mut full, open.marker);
                    piece.push_str(open.line);
                }
                pieces.push(full);
            }
            push_line(&mut piece, part);
        }
        fence = next;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// The length of the fenced block that starts with the first of `lines`.
fn fenced_length(lines: &[&str]) -> usize {
    let mut fence = None;
    let mut total = 0;
    for line in lines {
        fence = after(fence, line);
        total += length(line) + 1;
        if fence.is_none() {
            break;
        }
    }
    total
}

/// A line in parts of at most `limit`, between words where there are any.
fn cut(line: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = line;
    while length(rest) > limit {
        let mut used = 0;
        let mut end = 0;
        let mut space = None;
        for (index, character) in rest.char_indices() {
            used += character.len_utf16();
            if used > limit && end > 0 {
                break;
            }
            end = index + character.len_utf8();
            if character == ' ' && index > 0 {
                space = Some(end);
            }
        }
        let (part, after) = rest.split_at(space.unwrap_or(end));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests;
