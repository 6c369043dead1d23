//! What of a paragraph belongs together: a table, a block of code, an item of a list with what hangs on it, or a line.

use super::{fence, lines, table};

/// Lines that stay together where they fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit<'text> {
    lines: &'text [&'text str],
    is_table: bool,
}

impl<'text> Unit<'text> {
    /// All of a paragraph.
    pub fn all(mut lines: &'text [&'text str]) -> Vec<Self> {
        let mut units = Vec::new();
        while !lines.is_empty() {
            let rows = table::rows(lines);
            let count = if rows > 0 { rows } else { together(lines) };
            let (unit, rest) = lines.split_at(count);
            units.push(Self {
                lines: unit,
                is_table: rows > 0,
            });
            lines = rest;
        }
        units
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Its text in pieces of at most `limit`.
    pub fn cut(&self, limit: usize) -> Vec<String> {
        if self.is_table {
            table::cut(self.lines, limit)
        } else {
            lines::cut(self.lines, limit)
        }
    }
}

/// How many of `lines` belong to the first of them, at least one.
fn together(lines: &[&str]) -> usize {
    let item = item(lines[0]);
    let mut open = fence::after(None, lines[0]);
    if item.is_none() && open.is_none() {
        return 1;
    }
    for (index, line) in lines.iter().enumerate().skip(1) {
        if open.is_none() && (item.is_none_or(|depth| ends_item(line, depth)) || table::rows(&lines[index..]) > 0) {
            return index;
        }
        open = fence::after(open, line);
    }
    lines.len()
}

/// Whether something else begins after an item of this depth.
fn ends_item(line: &str, depth: usize) -> bool {
    let indented = line.len() - line.trim_start().len();
    indented <= depth && (item(line).is_some() || fence::after(None, line).is_some())
}

/// How deep an item of a list is indented, if the line is one.
fn item(line: &str) -> Option<usize> {
    let text = line.trim_start();
    let numbered = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_bullet = ["- ", "* ", "+ "].iter().any(|bullet| text.starts_with(bullet));
    let is_number = numbered.len() < text.len() && (numbered.starts_with(". ") || numbered.starts_with(") "));
    (is_bullet || is_number).then_some(line.len() - text.len())
}
