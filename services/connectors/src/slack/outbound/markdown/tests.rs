use proptest::prelude::*;

use super::*;

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
