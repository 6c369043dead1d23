//! Markdown cut into messages.

use super::{fence::after, lines::push_line, unit::Unit};

/// Cuts Markdown into messages of at most `limit` UTF-16 units: between paragraphs where that is possible, else between the items of a
/// list, else between lines. A block of code or a table stays whole if it fits into a message; a block that doesn't is closed and
/// opened again, and a table that doesn't has its header in each message. A heading stands with what follows it.
pub(in crate::slack::outbound) fn split(markdown: &str, limit: usize) -> Vec<String> {
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
                Some(last) => {
                    let next = with_heading(last, piece, limit);
                    messages.push(next);
                }
                None => messages.push(piece),
            }
        }
    }
    messages
}

/// As Slack counts.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The next message, and above it the heading that would stand alone at the end of the last one.
fn with_heading(last: &mut String, piece: String, limit: usize) -> String {
    let Some((before, heading)) = last.rsplit_once("\n\n") else {
        return piece;
    };
    let is_heading = heading.starts_with('#') && !heading.contains('\n');
    if !is_heading || length(heading) + 2 + length(&piece) > limit {
        return piece;
    }
    let next = format!("{heading}\n\n{piece}");
    last.truncate(before.len());
    next
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

/// A paragraph as it is, or cut between what belongs together in it.
fn pieces(paragraph: &str, limit: usize) -> Vec<String> {
    if length(paragraph) <= limit {
        return vec![paragraph.to_owned()];
    }
    let lines: Vec<&str> = paragraph.lines().collect();
    let mut pieces: Vec<String> = Vec::new();
    for unit in Unit::all(&lines) {
        let text = unit.text();
        match pieces.last_mut() {
            Some(piece) if length(piece) + 1 + length(&text) <= limit => push_line(piece, &text),
            _ if length(&text) <= limit => pieces.push(text),
            _ => pieces.extend(unit.cut(limit)),
        }
    }
    pieces
}
