//! How much of an answer can be shown while the rest of it is still to come.
//!
//! What was appended to a stream can't be taken back. So only that is shown which reads the same whatever follows: whole words, no
//! line of a table before it is whole, no table before it is known to be one, and no fence before its line is whole. What is
//! shown of a text is always how what is shown of a longer one begins.

use super::markdown;

/// The beginning of `text`, fit for Slack, in at most about `longest` characters: up to the end of a word.
pub(super) fn beginning(text: &str, longest: usize) -> String {
    let text = text.trim_start();
    let settled = &text[..settled(text)];
    let end = settled.rfind(char::is_whitespace).unwrap_or(0);
    let limit = text.char_indices().nth(longest).map_or(end, |(limit, character)| {
        if character.is_whitespace() {
            limit
        } else {
            text[..limit].rfind(char::is_whitespace).unwrap_or(0)
        }
    });
    markdown::neutralize(text[..end.min(limit)].trim_end())
}

/// Where that ends which can't be understood otherwise any more.
fn settled(text: &str) -> usize {
    let last = text.rfind('\n').map_or(0, |end| end + 1);
    let (before, line) = text.split_at(last);
    let settled = if is_unclear(line) { last } else { text.len() };
    // The first line of a table is one only once the second line says so.
    let is_headless = is_row(line) || line.trim().is_empty();
    if is_headless && before.lines().rev().take_while(|line| is_row(line)).count() == 1 {
        let header = before.trim_end_matches('\n');
        return header.rfind('\n').map_or(0, |end| end + 1);
    }
    settled
}

/// Whether a line that isn't whole may turn out to be markup as a whole.
fn is_unclear(line: &str) -> bool {
    let line = line.trim_start();
    is_row(line) || line.starts_with("```") || line.starts_with("~~~") || matches!(line, "`" | "``" | "~" | "~~")
}

fn is_row(line: &str) -> bool {
    line.trim_start().starts_with('|')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        beginning(text, 1_000)
    }

    #[test]
    fn only_whole_words_are_shown() {
        assert_eq!(shown("two chan"), "two");
        assert_eq!(shown(" two changes "), "two changes");
        assert_eq!(shown("word"), "");
        assert_eq!(shown("hey @channel and"), "hey @\u{200B}channel");
    }

    #[test]
    fn a_table_is_shown_once_it_is_one_and_then_row_by_row() {
        for (text, expected) in [
            ("so:\n\n| a", "so:"),
            ("so:\n\n| a | b |\n", "so:"),
            ("so:\n\n| a | b |\n|--", "so:"),
            ("so:\n\n| a | b |\n|---|---|\n", "so:\n\n| a | b |\n|---|---|"),
            ("| a | b |\n|---|---|\n| 1 | ", "| a | b |\n|---|---|"),
            (
                "| a | b |\n|---|---|\n| 1 | 2 |\n\nand",
                "| a | b |\n|---|---|\n| 1 | 2 |",
            ),
            ("| is a pipe\nand more", "| is a pipe\nand"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_line_of_a_fence_is_shown_as_a_whole() {
        assert_eq!(shown("so:\n```ru"), "so:");
        assert_eq!(shown("so:\n```rust ignore"), "so:");
        assert_eq!(shown("so:\n```rust\nlet a"), "so:\n```rust\nlet");
        assert_eq!(shown("`code` is"), "`code`");
    }

    #[test]
    fn no_more_is_shown_than_fits() {
        assert_eq!(beginning("one two three ", 7), "one two");
        assert_eq!(beginning("one two three ", 6), "one");
        assert_eq!(beginning("onetwothree ", 6), "");
    }

    proptest! {
        #[test]
        fn what_was_shown_stays_as_it_was(
            pieces in proptest::collection::vec(
                prop_oneof![
                    "[a-z@<! ]{0,6}", Just("@channel".to_owned()), Just("<!here>".to_owned()), Just("\n".to_owned()),
                    Just("\n\n".to_owned()), Just("|".to_owned()), Just("| a |\n|---|\n".to_owned()), Just("```".to_owned()),
                    Just("~".to_owned()), Just("ä ".to_owned()),
                ],
                0..30,
            ),
            longest in 5..60_usize,
        ) {
            let text = pieces.concat();
            let mut before = String::new();
            for (end, _) in text.char_indices() {
                let after = beginning(&text[..end], longest);
                prop_assert!(after.starts_with(&before), "{before:?} {after:?}");
                let length = after.chars().filter(|character| *character != '\u{200B}').count();
                prop_assert!(length <= longest, "{length} > {longest}");
                before = after;
            }
            // The whole answer goes on where its beginning ended, unless it is too long for that.
            let whole = markdown::neutralize(text.trim_start());
            prop_assert!(whole.starts_with(&before), "{before:?} {whole:?}");
        }
    }
}
