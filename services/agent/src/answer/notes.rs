//! What an answer admits about the question.

use super::markdown::escaped;

/// Says which words had no effect.
pub(super) fn on_words(not_understood: &[String]) -> Option<String> {
    if not_understood.is_empty() {
        return None;
    }
    let words = joined(
        not_understood
            .iter()
            .take(5)
            .map(|word| format!("“{}”", escaped(word, 40))),
        "and",
    );
    Some(format!("I did not understand {words} and left it out."))
}

/// "me" is a person in the chat, whose account elsewhere is not known.
pub(super) fn on_people(people: &[String]) -> Option<String> {
    people
        .iter()
        .any(|person| person.eq_ignore_ascii_case("me"))
        .then(|| "I don't know which account is yours: say `by` and the name it has there.".to_owned())
}

/// "a", "a and b", "a, b and c".
pub(super) fn joined(items: impl IntoIterator<Item = String>, word: &str) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    match items.pop() {
        None => String::new(),
        Some(only) if items.is_empty() => only,
        Some(last) => format!("{} {word} {last}", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_sentences() {
        let list = |items: &[&str]| joined(items.iter().map(|item| (*item).to_owned()), "and");
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
