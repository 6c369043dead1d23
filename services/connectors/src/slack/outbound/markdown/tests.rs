use proptest::prelude::*;

use super::{split::length, *};

#[test]
fn nobody_is_alarmed() {
    for (text, expected) in [
        (
            "<!channel> and <!here|here>",
            "<\u{200B}!channel> and <\u{200B}!here|here>",
        ),
        (
            "@channel @Here @EVERYONE",
            "@\u{200B}channel @\u{200B}Here @\u{200B}EVERYONE",
        ),
        ("<!subteam^S1>", "<\u{200B}!subteam^S1>"),
        ("<@U1> a@b.example 1 < 2 @", "<@U1> a@b.example 1 < 2 @"),
    ] {
        assert_eq!(neutralize(text), expected);
    }
}

#[test]
fn a_short_answer_is_one_message() {
    assert_eq!(split("  one\n\n\ntwo \n", 100), ["one\n\n\ntwo"]);
    assert_eq!(split("", 100), [""]);
}

#[test]
fn messages_end_between_paragraphs() {
    assert_eq!(
        split("one one\n\ntwo two\n\nthree three", 18),
        ["one one\n\ntwo two", "three three"]
    );
}

#[test]
fn a_block_of_code_stays_whole() {
    let markdown = "before before\n```rust\nlet a = 1;\n\nlet b = 2;\n```\nafter";
    assert_eq!(
        split(markdown, 40),
        ["before before", "```rust\nlet a = 1;\n\nlet b = 2;\n```\nafter"]
    );
}

#[test]
fn a_block_that_is_too_long_is_closed_and_opened_again() {
    let messages = split("```text\naaaaaaaaaa\nbbbbbbbbbb\ncccccccccc\n```", 32);
    assert_eq!(
        messages,
        [
            "```text\naaaaaaaaaa\n```",
            "```text\nbbbbbbbbbb\n```",
            "```text\ncccccccccc\n```"
        ]
    );
}

#[test]
fn a_line_that_is_too_long_is_cut_between_words() {
    assert_eq!(split("aaa bbb ccc ddd", 8), ["aaa bbb ", "ccc ddd"]);
    assert_eq!(split("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
}

#[test]
fn a_table_stays_whole() {
    let table = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |";
    assert_eq!(
        split(&format!("so it is:\n{table}\nand so on"), 45),
        ["so it is:", table, "and so on"]
    );
}

#[test]
fn a_table_that_is_too_long_has_its_header_in_each_message() {
    let table = "a | b\n--|--\n1 | 2\n3 | 4\n5 | 6";
    assert_eq!(split(table, 24), ["a | b\n--|--\n1 | 2\n3 | 4", "a | b\n--|--\n5 | 6"]);
    assert_eq!(split("no | table\nat | all", 12), ["no | table", "at | all"]);
    assert_eq!(
        split("| a |\n|---|\n| a row that is too long |", 18),
        ["| a |\n|---|", "| a row that is ", "too long |"]
    );
}

#[test]
fn an_item_of_a_list_stays_whole_with_what_hangs_on_it() {
    let items = [
        "- one\n  - nested\n  more",
        "* two\n  ```\n  a\n  ```",
        "1. three\nlazy\n2) four",
    ];
    assert_eq!(split(&items.join("\n"), 26), items);
    assert_eq!(split("- one\n- two\n- three", 12), ["- one\n- two", "- three"]);
    assert_eq!(
        split("- one\n| a |\n|---|\n| 1 |", 20),
        ["- one", "| a |\n|---|\n| 1 |"]
    );
}

#[test]
fn a_heading_stands_with_what_follows() {
    assert_eq!(
        split("one one\n\n## Two\n\ntwo two two", 20),
        ["one one", "## Two\n\ntwo two two"]
    );
    assert_eq!(split("# One\n\ntwo two two two", 16), ["# One", "two two two two"]);
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_lowercase).collect()
}

fn fences(text: &str) -> usize {
    text.lines().filter(|line| *line == "```").count()
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_too_long(
        lines in proptest::collection::vec(
            prop_oneof![4 => "[a-z ]{0,30}", 1 => Just("```".to_owned()), 2 => Just(String::new())],
            0..60,
        ),
        limit in 24..120_usize,
    ) {
        let markdown = lines.join("\n");
        let messages = split(&markdown, limit);
        for message in &messages {
            prop_assert!(length(message) <= limit, "{} > {limit}: {message:?}", length(message));
            if messages.len() > 1 {
                prop_assert_eq!(fences(message) % 2, 0, "an open fence in {:?}", message);
            }
        }
        prop_assert_eq!(letters(&messages.concat()), letters(&markdown));
    }

    #[test]
    fn what_fits_into_a_message_is_in_one(
        blocks in proptest::collection::vec(
            prop_oneof![
                "[a-z]{1,8}( [a-z]{1,8}){0,4}",
                proptest::collection::vec("[a-z]{1,6}", 1..4).prop_map(|rows| {
                    let rows: Vec<String> = rows.iter().map(|row| format!("| {row} | x |")).collect();
                    format!("| a | b |\n|---|---|\n{}", rows.join("\n"))
                }),
                proptest::collection::vec("[a-z]{1,6}", 1..4).prop_map(|lines| format!("```\n{}\n```", lines.join("\n\n"))),
                "[a-z]{1,6}".prop_map(|word| format!("- {word}\n  and {word}")),
            ],
            1..12,
        ),
        between in proptest::collection::vec(prop_oneof![Just("\n"), Just("\n\n")], 12),
        limit in 64..200_usize,
    ) {
        let mut markdown = String::new();
        for (block, between) in blocks.iter().zip(between) {
            // A line that follows a table, or an item, would belong to it.
            let between = if block.starts_with(['|', '-']) { "\n\n" } else { between };
            markdown.extend([block, between]);
        }
        let messages = split(&markdown, limit);
        for block in blocks.iter().filter(|block| length(block) <= limit) {
            prop_assert!(messages.iter().any(|message| message.contains(block.as_str())), "{block:?} in {messages:?}");
        }
        prop_assert!(messages.iter().all(|message| length(message) <= limit), "{messages:?}");
    }

    #[test]
    fn a_table_of_any_length_is_a_table_in_each_message(rows in 1..60_usize, limit in 40..200_usize) {
        let body: Vec<String> = (0..rows).map(|row| format!("| row {row} | x |")).collect();
        let table = format!("| a | b |\n|---|---|\n{}", body.join("\n"));
        let messages = split(&table, limit);
        let mut found = Vec::new();
        for message in &messages {
            prop_assert!(length(message) <= limit);
            let rest = message.strip_prefix("| a | b |\n|---|---|\n");
            prop_assert!(rest.is_some(), "{message:?}");
            found.extend(rest.into_iter().flat_map(str::lines));
        }
        prop_assert_eq!(found, body);
    }

    #[test]
    fn any_text_is_cut_to_size(markdown in "(?s).{0,400}", limit in 30..60_usize) {
        for message in split(&neutralize(&markdown), limit) {
            prop_assert!(length(&message) <= limit || message.contains("```") || message.contains("~~~"));
        }
    }

    #[test]
    fn no_alarm_survives(text in "(<!|@|channel|here|everyone|Here| ){0,20}") {
        let safe = neutralize(&text).to_ascii_lowercase();
        for alarm in ["<!", "@channel", "@here", "@everyone"] {
            prop_assert!(!safe.contains(alarm), "{safe}");
        }
    }
}
