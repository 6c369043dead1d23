//! The few words that steer a thread instead of asking something.

/// A word that steers a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'text> {
    /// No more answers here, unless the product is named.
    Mute,
    /// Answers again.
    Unmute,
    /// End what is being answered.
    Stop,
    /// What somebody has to say of the newest answer.
    Feedback(&'text str),
}

impl<'text> Word<'text> {
    /// The word that a message is, if it is nothing else. Case and a full stop or exclamation mark at its end don't matter.
    pub fn of(text: &'text str) -> Option<Self> {
        let text = text.trim();
        if let Some(comment) = after_feedback(text) {
            return Some(Self::Feedback(comment));
        }
        let word = text.trim_end_matches(['.', '!']).trim_end();
        [("mute", Self::Mute), ("unmute", Self::Unmute), ("stop", Self::Stop)]
            .into_iter()
            .find_map(|(name, meaning)| word.eq_ignore_ascii_case(name).then_some(meaning))
    }
}

/// What follows `feedback:`.
fn after_feedback(text: &str) -> Option<&str> {
    const NAME: &str = "feedback";
    let name = text.get(..NAME.len())?;
    let comment = text[NAME.len()..].trim_start().strip_prefix(':')?.trim();
    (name.eq_ignore_ascii_case(NAME) && !comment.is_empty()).then_some(comment)
}

#[cfg(test)]
mod tests {
    use super::Word;

    #[test]
    fn a_word_is_the_whole_message() {
        for (text, expected) in [
            ("mute", Some(Word::Mute)),
            (" Unmute. ", Some(Word::Unmute)),
            ("STOP!!", Some(Word::Stop)),
            ("Feedback: it was last week", Some(Word::Feedback("it was last week"))),
            ("feedback :  ok", Some(Word::Feedback("ok"))),
            ("feedback:", None),
            ("feedback is good", None),
            ("stop the deployment", None),
            ("how do I mute you?", None),
            ("", None),
            ("fëedback: x", None),
        ] {
            assert_eq!(Word::of(text), expected, "{text}");
        }
    }
}
