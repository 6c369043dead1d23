//! Text cut between its lines, and lines between their words.

use super::{
    fence::{Fence, after},
    split::length,
};

/// Adds a line to text.
pub(super) fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// Lines in pieces of at most `limit`. A block of code that fits into a piece stays whole; one that doesn't is closed and opened again.
pub(super) fn cut(lines: &[&str], limit: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut fence: Option<Fence> = None;
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
        for part in words(line, limit.saturating_sub(closing + opening).max(1)) {
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
fn words(line: &str, limit: usize) -> Vec<&str> {
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
