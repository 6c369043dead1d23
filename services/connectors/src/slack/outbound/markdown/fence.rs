//! Blocks of code between fences.

/// A fence that opens a block of code: its marker, and the line that opened it.
#[derive(Clone, Copy)]
pub(super) struct Fence<'a> {
    pub marker: &'a str,
    pub line: &'a str,
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
pub(super) fn after<'a>(fence: Option<Fence<'a>>, line: &'a str) -> Option<Fence<'a>> {
    match fence {
        Some(fence) if fence.is_closed_by(line) => None,
        Some(fence) => Some(fence),
        None => Fence::opening(line),
    }
}
