//! What roles and people ask each other.

use super::permission::Users;

/// Something that can be asked: one request, answered by whoever serves it.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// Where it is asked, with what differs between two of them in braces.
    pub subject: &'static str,
    /// The NATS service that answers, as `nats micro ls` shows it; nothing where it is no service.
    pub service: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
}

impl Endpoint {
    /// Who may ask.
    pub(super) fn asked_by(&self, users: &Users) -> Vec<String> {
        users.publishers(&self.pattern())
    }

    /// Who answers.
    pub(super) fn served_by(&self, users: &Users) -> Vec<String> {
        users.servers(&self.pattern())
    }

    fn pattern(&self) -> String {
        super::markdown::wildcards(self.subject)
    }
}

const fn of(service: &'static str, subject: &'static str, about: &'static str) -> Endpoint {
    Endpoint {
        subject,
        service: Some(service),
        about,
    }
}

/// Everything that can be asked.
pub const ENDPOINTS: [Endpoint; 31] = [
    of("agent", "agent.v1.ask", "Answers a question, in frames."),
    of(
        "audit",
        "audit.v1.operated",
        "Puts on record what an operator is about to do, with the reason.",
    ),
    of(
        "audit",
        "audit.v1.refused",
        "Puts on record that somebody asked for what they may not do.",
    ),
    Endpoint {
        subject: "chat.v1.opened",
        service: None,
        about: "Has a page or a thread that somebody opened show something; nobody replies.",
    },
    of(
        "connector",
        "connector.v1.slack.decided",
        "Says what came of something that people were asked about.",
    ),
    of(
        "connector",
        "connector.v1.slack.draft",
        "Shows the beginning of an answer.",
    ),
    of(
        "connector",
        "connector.v1.slack.home",
        "Shows the application's page to one person.",
    ),
    of(
        "connector",
        "connector.v1.slack.post",
        "Posts an answer into a thread, once.",
    ),
    of(
        "connector",
        "connector.v1.slack.prompts",
        "Shows what can be asked in a new thread.",
    ),
    of(
        "connector",
        "connector.v1.slack.propose",
        "Asks in a thread whether something may happen, once.",
    ),
    of(
        "connector",
        "connector.v1.slack.say",
        "Posts a note into a thread, once.",
    ),
    of(
        "connector",
        "connector.v1.slack.status",
        "Shows that a question is worked on.",
    ),
    of("connector", "connector.v1.slack.tell", "Shows a note to one person."),
    of(
        "integration",
        "integration.v1.authorize",
        "Takes what a browser brought back from a provider.",
    ),
    of(
        "integration",
        "integration.v1.connect",
        "Connects an account for an operator, with a token or without.",
    ),
    of("integration", "integration.v1.disconnect", "Ends a connection."),
    of(
        "integration",
        "integration.v1.initiate",
        "Begins a connection: says where to send a browser.",
    ),
    of(
        "integration",
        "integration.v1.key_status",
        "Says how many credentials are wrapped under which key.",
    ),
    of(
        "integration",
        "integration.v1.list",
        "Lists an organization's connections, and how they are.",
    ),
    of(
        "integration",
        "integration.v1.rotate_keys",
        "Wraps data keys under the newest key, in frames.",
    ),
    of(
        "integration",
        "integration.v1.synchronize",
        "Lists again what a connection may see.",
    ),
    of(
        "integration",
        "integration.v1.validate",
        "Tries a connection with its provider.",
    ),
    of(
        "organization",
        "organization.v1.rules",
        "Says what an organization allows in its chat.",
    ),
    of(
        "organization",
        "organization.v1.set_profile",
        "Keeps what an organization says of itself.",
    ),
    of(
        "organization",
        "organization.v1.set_rules",
        "Changes what an organization allows in its chat.",
    ),
    Endpoint {
        subject: "redeliver.v1.{stream}.{consumer}",
        service: None,
        about: "Has a role handle a message again, once the reason is on record.",
    },
    of(
        "connector_tools",
        "tool.v1.github.rerun_failed_jobs",
        "Re-runs the failed jobs of a workflow run, once. Wants a grant with an action that somebody approved.",
    ),
    of(
        "infragpt_tools",
        "tool.v1.infragpt.changes",
        "Says what changed between two times. Wants a grant.",
    ),
    of(
        "infragpt_tools",
        "tool.v1.infragpt.conversations",
        "Says what was asked lately where everybody may know of it. Wants a grant.",
    ),
    of(
        "infragpt_tools",
        "tool.v1.infragpt.integrations",
        "Says what is connected. Wants a grant.",
    ),
    of(
        "infragpt_tools",
        "tool.v1.infragpt.status",
        "Says how the organization's InfraGPT is doing. Wants a grant.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_asked_is_served_by_somebody() {
        let users = Users::embedded();
        for endpoint in ENDPOINTS {
            assert!(!endpoint.served_by(&users).is_empty(), "{}", endpoint.subject);
            assert!(!endpoint.asked_by(&users).is_empty(), "{}", endpoint.subject);
        }
        let asked = ENDPOINTS
            .iter()
            .find(|endpoint| endpoint.subject == "agent.v1.ask")
            .unwrap();
        assert_eq!(asked.served_by(&users), ["agent"]);
        assert_eq!(asked.asked_by(&users), ["conversations", "operator"]);
    }

    #[test]
    fn everything_that_is_served_is_told() {
        let told = |pattern: &str| {
            let mut patterns = ENDPOINTS.iter().map(Endpoint::pattern);
            patterns.any(|subject| super::super::permission::overlap(&subject, pattern))
        };
        let served = Users::embedded().served();
        assert!(served.len() > 10, "{served:?}");
        for pattern in served {
            assert!(told(&pattern), "nothing is said of `{pattern}`");
        }
    }
}
