//! Where commands print: a table for people, one JSON object a line for scripts, and a pager where it is long.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Stdout, Write},
    process::{Child, ChildStdin, Command, Stdio},
};

use comfy_table::{CellAlignment, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// How to print.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Format {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Print to the terminal, also what is longer than its page
    #[arg(long)]
    pub no_pager: bool,
}

/// Where a command prints. What is printed to somebody who has gone is a [`io::ErrorKind::BrokenPipe`], which ends the command
/// without a complaint.
#[derive(Debug)]
pub struct Output {
    json: bool,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Stdout(Stdout),
    Pager { process: Child, input: Option<ChildStdin> },
}

impl Output {
    /// Prints at once: for what is short, or goes on for ever.
    pub fn direct(format: Format) -> Self {
        Self {
            json: format.json,
            sink: Sink::Stdout(io::stdout()),
        }
    }

    /// Prints through `$PAGER` (`less -FRX` unless set) where somebody looks at a terminal.
    pub fn paged(format: Format) -> Self {
        let wanted = !format.json && !format.no_pager && io::stdout().is_terminal();
        let sink = wanted.then(pager).flatten();
        Self {
            json: format.json,
            sink: sink.unwrap_or_else(|| Sink::Stdout(io::stdout())),
        }
    }

    /// Whether scripts read this.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one thing: as JSON, or as the text that `say` makes of it.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn item(&mut self, item: &impl Serialize, say: impl FnOnce() -> String) -> io::Result<()> {
        if self.json {
            self.record(item)
        } else {
            self.text(&say())
        }
    }

    /// Prints a JSON object on a line.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn record(&mut self, item: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(item)?;
        line.push(b'\n');
        self.write(&line)
    }

    /// Prints text and a line's end. What could steer a terminal is shown and not obeyed: payloads are written by others.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        let mut line = harmless(text);
        line.push('\n');
        self.write(line.as_bytes())
    }

    /// Prints what is for people only; nothing where scripts read.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.text(text) }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(stdout) => {
                let mut stdout = stdout.lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Sink::Pager { input, .. } => input
                .as_mut()
                .map_or(Err(io::ErrorKind::BrokenPipe.into()), |input| input.write_all(bytes)),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Sink::Pager { process, input } = &mut self.sink {
            drop(input.take());
            let _ = process.wait();
        }
    }
}

fn pager() -> Option<Sink> {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less -FRX".to_owned());
    let mut words = pager.split_whitespace();
    let mut process = Command::new(words.next()?)
        .args(words)
        .stdin(Stdio::piped())
        .spawn()
        .ok()?;
    let input = process.stdin.take();
    Some(Sink::Pager { process, input })
}

/// `text` with control characters written out, but line ends and tabs.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Columns with a heading each, as wide as what stands in them; a column of numbers is set to the right.
#[derive(Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no rows.
    pub fn new<const COLUMNS: usize>(headings: [&'static str; COLUMNS]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // A cell is one line of one row, whatever somebody wrote into it.
        let cells = cells.into_iter().map(|cell| cell.replace(['\n', '\t'], " "));
        self.rows.push(cells.collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_header(&self.headings);
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| harmless(cell)));
        }
        let numeric = |index: usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(index)).peekable();
            let is_number =
                |cell: &String| cell == "-" || cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            cells.peek().is_some() && cells.all(is_number)
        };
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if numeric(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let shown = table.to_string();
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

/// How far long work is, with its rate and the time that is left, where somebody looks at a terminal.
pub fn progress(what: &'static str, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(5));
    let template = if total.is_some() {
        "{msg}: {human_pos} of {human_len} ({percent} %), {per_sec}, {eta} left"
    } else {
        "{msg}: {human_pos}, {per_sec}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_its_cells_and_numbers_stand_right() {
        let mut table = Table::new(["STREAM", "LAG", "SINCE"]);
        table.row(["EVENTS".to_owned(), "7".to_owned(), "today".to_owned()]);
        table.row(["RAW_SLACK".to_owned(), "1200".to_owned(), "two\nlines".to_owned()]);
        insta::assert_snapshot!(table, @r"
        STREAM      LAG  SINCE
        EVENTS        7  today
        RAW_SLACK  1200  two lines
        ");
    }

    #[test]
    fn what_others_wrote_does_not_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\r\tc\n"), "a\\u{1b}[2Jb\\u{d}\tc\n");
    }
}
