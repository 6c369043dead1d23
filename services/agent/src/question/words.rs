//! A question as words: chat markup taken off, nothing interpreted yet.

/// A question's words, in order, each remembering whether something has understood it.
#[derive(Debug, Clone)]
pub(super) struct Words {
    words: Vec<Word>,
}

#[derive(Debug, Clone)]
struct Word {
    /// As it was written, without surrounding punctuation.
    text: String,
    lower: String,
    understood: bool,
}

/// Enough for any question a person types; a pasted log is cut here.
const MOST_WORDS: usize = 200;

impl Words {
    pub(super) fn of(question: &str) -> Self {
        let words = without_markup(question)
            .split(|c: char| c.is_whitespace() || c == ',')
            .map(bare)
            .filter(|word| !word.is_empty())
            .take(MOST_WORDS)
            .map(|text| Word {
                lower: text.to_lowercase().replace('’', "'"),
                text,
                understood: false,
            })
            .collect();
        Self { words }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at `index` in lower case, or "" past the end.
    pub(super) fn at(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |word| &word.lower)
    }

    /// The word at `index` as it was written, or "" past the end.
    pub(super) fn text(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |word| &word.text)
    }

    pub(super) fn is_understood(&self, index: usize) -> bool {
        self.words.get(index).is_some_and(|word| word.understood)
    }

    pub(super) fn understand(&mut self, range: std::ops::Range<usize>) {
        for word in self.words.iter_mut().take(range.end).skip(range.start) {
            word.understood = true;
        }
    }

    /// Marks every word of `known` as understood and says whether there was one.
    pub(super) fn find(&mut self, known: &[&str]) -> bool {
        let mut found = false;
        for word in &mut self.words {
            if known.contains(&word.lower.as_str()) {
                word.understood = true;
                found = true;
            }
        }
        found
    }

    /// Marks `first` directly followed by `second` as understood.
    pub(super) fn find_pair(&mut self, first: &str, second: &str) {
        for index in 1..self.len() {
            if self.at(index - 1) == first && self.at(index) == second {
                self.understand(index - 1..index + 1);
            }
        }
    }

    pub(super) fn contains(&self, known: &[&str]) -> bool {
        self.words.iter().any(|word| known.contains(&word.lower.as_str()))
    }

    /// What nothing has understood, as it was written.
    pub(super) fn rest(&self) -> Vec<String> {
        self.words
            .iter()
            .filter(|word| !word.understood)
            .map(|word| word.text.clone())
            .collect()
    }
}

/// Takes Slack's markup off: `<https://host/path|label>` becomes the address, `<#C1|name>` becomes `#name`,
/// `<@U1>` stays, because it names a person ([formatting](https://docs.slack.dev/messaging/formatting-message-text)).
fn without_markup(question: &str) -> String {
    let mut plain = String::with_capacity(question.len());
    let mut rest = question;
    while let Some(open) = rest.find('<') {
        let (before, after) = rest.split_at(open);
        plain.push_str(before);
        let after = &after[1..];
        let Some(close) = after.find(['>', '<']).filter(|at| after[*at..].starts_with('>')) else {
            plain.push(' ');
            rest = after;
            continue;
        };
        let (target, label) = after[..close].split_once('|').unwrap_or((&after[..close], ""));
        match target.chars().next() {
            Some('#') if !label.is_empty() => plain.extend(["#", label]),
            _ => plain.push_str(target),
        }
        plain.push(' ');
        rest = &after[close + 1..];
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| {
        matches!(
            c,
            '?' | '!'
                | '.'
                | ';'
                | ':'
                | '"'
                | '\''
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '*'
                | '`'
                | '“'
                | '”'
                | '…'
                | '‘'
        )
    })
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(question: &str) -> Vec<String> {
        let words = Words::of(question);
        (0..words.len()).map(|at| words.at(at).to_owned()).collect()
    }

    #[test]
    fn punctuation_and_case_are_taken_off() {
        assert_eq!(
            lower("What changed, in `Acme/Payments`?"),
            ["what", "changed", "in", "acme/payments"]
        );
    }

    #[test]
    fn slack_links_become_addresses() {
        assert_eq!(
            lower("in <https://github.com/acme/payments|acme/payments> or <#C1|deploys> by <@U1>"),
            ["in", "https://github.com/acme/payments", "or", "#deploys", "by", "@u1"]
        );
    }

    #[test]
    fn an_open_bracket_loses_nothing() {
        assert_eq!(lower("a < b <c"), ["a", "b", "c"]);
    }
}
