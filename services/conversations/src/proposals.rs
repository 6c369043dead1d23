//! What an agent wants people to allow becomes an action that they decide on.

use chrono::TimeDelta;
use infragpt_events::action::{self, Action, ActionCommand, Proposed};
use infragpt_nats::{AggregateSubject, Cause, ExecuteError, agent::Proposal};

use crate::{
    error::Waiting,
    handler::{Question, Questions},
};

/// How long people have to decide.
const OPEN_FOR: TimeDelta = TimeDelta::hours(1);

/// The longest line that people are asked to read, in characters.
const LONGEST_LINE: usize = 300;

/// The longest text that people are asked to read, in characters.
const LONGEST_TEXT: usize = 3_000;

impl Questions {
    /// Appends what is proposed, before the answer that speaks of it is posted. An agent that is asked again may propose
    /// something else: what was proposed first counts.
    pub(crate) async fn propose(
        &self,
        question: &Question,
        cause: &Cause,
        proposals: &[Proposal],
    ) -> Result<(), Waiting> {
        let now = (self.clock)();
        for (number, proposal) in (0..).zip(proposals) {
            if !is_tool(&proposal.tool) {
                tracing::warn!(
                    tool = proposal.tool,
                    "An agent proposes to call something that is no tool"
                );
                continue;
            }
            let proposed = Proposed {
                conversation: question.conversation,
                answer: question.requested.answer_id,
                title: cut(&proposal.title, LONGEST_LINE),
                tool: proposal.tool.clone(),
                arguments: proposal.arguments.clone(),
                reason: cut(&proposal.reason, LONGEST_TEXT),
                target: proposal.target.as_deref().map(|target| cut(target, LONGEST_LINE)),
                diff: proposal.diff.as_deref().map(|diff| cut(diff, LONGEST_TEXT)),
                place: Some(question.requested.place.clone()),
                expires_at: now + OPEN_FOR,
            };
            let id = action::id(question.requested.answer_id, number);
            let subject = AggregateSubject::new::<Action>(&question.organization, id);
            let cause = Cause {
                time: now,
                ..cause.clone()
            };
            match self
                .store
                .execute::<Action>(&subject, &cause, ActionCommand::Propose(proposed))
                .await
            {
                Ok(_) => {}
                Err(ExecuteError::Refused(refusal)) => {
                    tracing::info!(action.id = %id, "A proposal stays as it was made first: {refusal}");
                }
                Err(ExecuteError::Store(error)) => return Err(Waiting::Propose(error)),
            }
        }
        Ok(())
    }
}

/// Whether this is the subject of one tool.
fn is_tool(subject: &str) -> bool {
    let is_token = |token: &str| {
        !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    subject
        .strip_prefix("tool.v1.")
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(owner, name)| is_token(owner) && is_token(name))
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tool_is_a_tool() {
        for tool in ["tool.v1.github.rerun", "tool.v1.a-b.c_d"] {
            assert!(is_tool(tool), "{tool}");
        }
        for other in [
            "connector.v1.slack.post",
            "tool.v1.>",
            "tool.v1.*.x",
            "tool.v1.github",
            "tool.v1.github.a.b",
            "tool.v1..x",
            "events.action.acme.1.approved",
            "",
        ] {
            assert!(!is_tool(other), "{other}");
        }
    }

    #[test]
    fn nobody_reads_a_novel_before_pressing_a_button() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äöü…");
    }
}
