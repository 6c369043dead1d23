//! Tables, which are no tables without their header.

use super::{
    lines::{self, push_line},
    split::length,
};

/// How many of `lines` make the table that begins with the first of them; none if none does.
pub(super) fn rows(lines: &[&str]) -> usize {
    let is_table = matches!(lines, [header, delimiter, ..] if is_row(header) && is_delimiter(delimiter));
    if is_table {
        lines.iter().take_while(|line| is_row(line)).count()
    } else {
        0
    }
}

/// A table in pieces of at most `limit`, each with the header. One whose rows are too long for that is cut as lines.
pub(super) fn cut(lines: &[&str], limit: usize) -> Vec<String> {
    let (header, rows) = lines.split_at(lines.len().min(2));
    let header = header.join("\n");
    let longest = rows.iter().map(|row| length(row)).max().unwrap_or(0);
    if rows.is_empty() || length(&header) + 1 + longest > limit {
        return lines::cut(lines, limit);
    }
    let mut pieces: Vec<String> = Vec::new();
    for row in rows {
        match pieces.last_mut() {
            Some(piece) if length(piece) + 1 + length(row) <= limit => push_line(piece, row),
            _ => pieces.push(format!("{header}\n{row}")),
        }
    }
    pieces
}

fn is_row(line: &str) -> bool {
    line.contains('|')
}

fn is_delimiter(line: &str) -> bool {
    line.contains('-')
        && line
            .trim()
            .chars()
            .all(|character| matches!(character, '|' | '-' | ':' | ' '))
}
