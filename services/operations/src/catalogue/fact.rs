//! What the world says: the raw facts of each connector.

use infragpt_connectors::{github, slack};
use infragpt_identity::clerk;
use infragpt_nats::RawSubject;

/// The raw facts of one sender.
#[derive(Debug)]
pub(super) struct Facts {
    /// The sender's name in subjects.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The subject, with what differs between two of them in braces.
    pub subject: &'static str,
    /// What stands in those braces.
    pub parameters: &'static [(&'static str, &'static str)],
    /// What begins the CloudEvents type; the sender's word follows.
    pub prefix: &'static str,
    /// How the payload is stored.
    pub payload: &'static str,
    /// Where the sender describes its payloads.
    pub reference: &'static str,
    /// Every word of the sender that this build knows.
    pub words: &'static [&'static str],
    /// The subject of a fact with this word, as it is stored.
    pub example: fn(&str) -> RawSubject,
}

impl Facts {
    /// The parameter that has the sender's word.
    pub fn word_parameter(&self) -> &'static str {
        match self.name {
            "github" => "event",
            _ => "type",
        }
    }

    /// The words that this build knows, as they stand in subjects.
    pub fn tokens(&self) -> Vec<String> {
        let place = format!("{{{}}}", self.word_parameter());
        let place = self.subject.split('.').position(|token| token == place);
        let token = |word: &&str| {
            let subject = (self.example)(word);
            subject.as_str().split('.').nth(place?).map(str::to_owned)
        };
        self.words.iter().filter_map(token).collect()
    }
}

/// The senders.
pub(super) const SENDERS: [Facts; 3] = [
    Facts {
        name: "slack",
        title: "Slack",
        subject: "raw.slack.{account}.{type}",
        parameters: &[
            (
                "account",
                "The team or enterprise, or `-` where the payload names none.",
            ),
            ("type", "The type of the event, interaction or command."),
        ],
        prefix: "com.slack.",
        payload: "as it came, with the credentials in it overwritten with `*`",
        reference: "https://docs.slack.dev/reference/events",
        words: slack::EventType::WORDS,
        example: |word| RawSubject::slack("T0ACME", word),
    },
    Facts {
        name: "github",
        title: "GitHub",
        subject: "raw.github.{installation}.{event}.{action}",
        parameters: &[
            (
                "installation",
                "The installation, or `app` where the payload names none.",
            ),
            ("event", "What `X-GitHub-Event` says."),
            ("action", "The payload's `action`, or `-` where it has none."),
        ],
        prefix: "com.github.",
        payload: "byte for byte; the action follows the event in the type",
        reference: "https://docs.github.com/en/webhooks/webhook-events-and-payloads",
        words: github::EventType::WORDS,
        example: |word| RawSubject::github(Some(4242), word, None),
    },
    Facts {
        name: "clerk",
        title: "Clerk",
        subject: "raw.clerk.{organization}.{type}",
        parameters: &[
            ("organization", "The organization, or `-` where the payload names none."),
            ("type", "The type, with `_` where Clerk writes a dot."),
        ],
        prefix: "dev.clerk.",
        payload: "byte for byte, with codes and links that open an account overwritten with `*`",
        reference: "https://clerk.com/docs/webhooks/overview",
        words: clerk::EventType::WORDS,
        example: |word| RawSubject::clerk(None, word),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_subjects_as_tokens() {
        let [slack, github, clerk] = SENDERS.map(|facts| facts.tokens());
        assert!(slack.contains(&"app_mention".to_owned()));
        assert!(github.contains(&"workflow_run".to_owned()));
        assert!(clerk.contains(&"organizationMembership_created".to_owned()));
    }

    #[test]
    fn subjects_are_told_as_they_are_written() {
        for facts in SENDERS {
            let told: Vec<&str> = facts.subject.split('.').collect();
            for word in facts.words {
                let written = (facts.example)(word).to_string();
                let written: Vec<&str> = written.split('.').collect();
                assert_eq!(written.len(), told.len(), "{written:?}");
                for (told, written) in told.iter().zip(written) {
                    assert!(told.starts_with('{') || *told == written, "{told} {written}");
                }
            }
            let named: Vec<String> = facts.parameters.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            let braced: Vec<&str> = told.into_iter().filter(|token| token.starts_with('{')).collect();
            assert_eq!(named, braced);
            assert_eq!(facts.tokens().len(), facts.words.len());
        }
    }
}
