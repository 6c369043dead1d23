//! Where and by whom: the repository and the people a question names.

use super::words::Words;

/// Words after "in", "to" or "by" that name no repository and nobody.
const NOT_A_NAME: [&str; 52] = [
    "a",
    "an",
    "the",
    "all",
    "any",
    "every",
    "each",
    "our",
    "my",
    "your",
    "us",
    "me",
    "it",
    "this",
    "that",
    "these",
    "there",
    "here",
    "and",
    "or",
    "repo",
    "repos",
    "repository",
    "repositories",
    "service",
    "services",
    "project",
    "projects",
    "everything",
    "everywhere",
    "general",
    "total",
    "what",
    "who",
    "when",
    "where",
    "which",
    "how",
    "slack",
    "github",
    "know",
    "see",
    "do",
    "be",
    "look",
    "get",
    "find",
    "hear",
    "have",
    "late",
    "least",
    "most",
];

const REPOSITORY_NOUNS: [&str; 6] = ["repo", "repository", "service", "project", "app", "codebase"];

/// Finds the repository a question names and marks its words as understood: `acme/payments`, an address of it,
/// `in payments`, `the payments repository`.
pub(super) fn repository(words: &mut Words) -> Option<String> {
    for index in 0..words.len() {
        if words.is_understood(index) {
            continue;
        }
        if let Some(name) = full_name(words.text(index)) {
            let before = index.saturating_sub(1);
            let from = if is_preposition(words.at(before)) {
                before
            } else {
                index
            };
            let noun = usize::from(REPOSITORY_NOUNS.contains(&words.at(index + 1)));
            words.understand(from..index + 1 + noun);
            return Some(name);
        }
    }
    for index in 0..words.len() {
        if !is_preposition(words.at(index)) || words.is_understood(index) {
            continue;
        }
        let article = usize::from(matches!(
            words.at(index + 1),
            "the" | "our" | "my" | "repo" | "repository" | "project" | "service"
        ));
        let at = index + 1 + article;
        let named_by_noun = REPOSITORY_NOUNS.contains(&words.at(at + 1));
        if is_name(words, at) {
            words.understand(index..at + 1 + usize::from(named_by_noun));
            return Some(words.text(at).to_owned());
        }
    }
    for index in 1..words.len() {
        let noun = matches!(words.at(index), "repo" | "repository");
        let at = if noun && is_name(words, index - 1) && !matches!(words.at(index - 1), "which" | "connected") {
            index - 1
        } else {
            continue;
        };
        words.understand(at..index + 1);
        return Some(words.text(at).to_owned());
    }
    None
}

fn is_preposition(word: &str) -> bool {
    matches!(
        word,
        "in" | "to" | "on" | "for" | "of" | "at" | "inside" | "from" | "with" | "about"
    )
}

fn is_name(words: &Words, index: usize) -> bool {
    let word = words.at(index);
    !words.is_understood(index)
        && !NOT_A_NAME.contains(&word)
        && is_segment(word)
        && word.starts_with(|c: char| c.is_alphanumeric())
}

/// `acme/payments` out of itself or an address such as `https://github.com/acme/payments/pull/7`.
fn full_name(text: &str) -> Option<String> {
    let path = match text.split_once("://") {
        Some((_, address)) => address.split_once('/')?.1,
        None => text,
    };
    let is_address = path.len() < text.len();
    let mut segments = path.trim_end_matches('/').split('/');
    let (owner, name) = (segments.next()?, segments.next()?);
    if !is_address && segments.next().is_some() {
        return None;
    }
    let name = name.split(['?', '#']).next()?.trim_end_matches(".git");
    let known_pair = matches!(
        (owner.to_lowercase().as_str(), name.to_lowercase().as_str()),
        ("and", "or")
            | ("ci", "cd")
            | ("he", "she")
            | ("she", "he")
            | ("n", "a")
            | ("w", "o")
            | ("yes", "no")
            | ("input", "output")
    );
    let worded = owner.chars().chain(name.chars()).any(char::is_alphabetic);
    (is_segment(owner) && is_segment(name) && worded && !known_pair).then(|| format!("{owner}/{name}"))
}

/// The characters GitHub allows in an owner's or a repository's name, and its longest name.
fn is_segment(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Finds whom a question names: `by maya and liam`, `did maya merge`, `maya's pushes`.
pub(super) fn people(words: &mut Words) -> Vec<String> {
    let mut people = Vec::new();
    for index in 0..words.len() {
        match words.at(index) {
            "by" => {
                let mut at = index + 1;
                while let Some(person) = person(words, at) {
                    people.push(person);
                    words.understand(at..at + 1);
                    let joined = matches!(words.at(at + 1), "and" | "or" | "&");
                    if joined && person_follows(words, at + 2) {
                        words.understand(at + 1..at + 2);
                        at += 2;
                    } else {
                        break;
                    }
                }
                if at > index + 1 || !people.is_empty() {
                    words.understand(index..index + 1);
                }
            }
            "did" | "has" | "have" | "was" if DOING.contains(&words.at(index + 2)) => {
                if let Some(person) = person(words, index + 1).filter(|_| !PRONOUNS.contains(&words.at(index + 1))) {
                    people.push(person);
                    words.understand(index..index + 2);
                }
            }
            word => {
                let owner = word.strip_suffix("'s").is_some_and(|owner| !NO_OWNERS.contains(&owner));
                if owner && !words.is_understood(index) {
                    let text = words.text(index);
                    let end = text.len() - text.chars().rev().take(2).map(char::len_utf8).sum::<usize>();
                    people.push(cleaned(&text[..end]));
                    words.understand(index..index + 1);
                }
            }
        }
    }
    people.retain(|person| !person.is_empty());
    people.dedup();
    people
}

/// What a person can have been doing; the word after their name.
const DOING: [&str; 19] = [
    "do", "done", "doing", "been", "change", "changed", "merge", "merged", "push", "pushed", "deploy", "deployed",
    "release", "released", "ship", "shipped", "break", "broken", "commit",
];

const PRONOUNS: [&str; 17] = [
    "we",
    "they",
    "it",
    "you",
    "he",
    "she",
    "anyone",
    "anybody",
    "someone",
    "somebody",
    "everyone",
    "everybody",
    "people",
    "nothing",
    "anything",
    "there",
    "what",
];

const NO_OWNERS: [&str; 17] = [
    "what",
    "who",
    "let",
    "today",
    "yesterday",
    "that",
    "here",
    "it",
    "week",
    "where",
    "there",
    "how",
    "when",
    "night",
    "day",
    "month",
    "why",
];

fn person(words: &Words, index: usize) -> Option<String> {
    let word = words.at(index);
    let is_name = !words.is_understood(index) && !word.is_empty() && (word == "me" || !NOT_A_NAME.contains(&word));
    is_name
        .then(|| cleaned(words.text(index)))
        .filter(|name| !name.is_empty())
}

/// After "and": another name, rather than another question ("by maya and what failed").
fn person_follows(words: &Words, index: usize) -> bool {
    person(words, index).is_some()
}

fn cleaned(name: &str) -> String {
    name.trim_start_matches(['@', '<'])
        .trim_start_matches('@')
        .trim_end_matches('>')
        .chars()
        .take(80)
        .collect()
}
