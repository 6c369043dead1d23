//! What is to be done about a question, by what the log says of its thread.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::{
    conversation::{AnswerState, Conversation, Turn},
    policy::{self, Policy},
};
use infragpt_nats::{AggregateSubject, agent::Turn as Said};
use uuid::Uuid;

use crate::{
    error::Waiting,
    handler::{Question as Request, Questions},
    history,
};

/// Who waited longer than this is told so, and is not answered twice if they have asked again.
const LONG: Duration = Duration::from_secs(45);

/// What is to be done about a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Prepared {
    /// Nothing: it has its answer.
    Settled,
    /// It waited long, and its author went on: the later question is answered, and this one with it.
    Merge { into: Uuid },
    /// Somebody stopped it; whoever began it may have written something.
    Stopped { is_drafted: bool },
    /// An agent is to be asked.
    Ask(Question),
}

/// What an agent is asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// The question, with those that are answered together with it.
    pub text: String,
    /// What was said before, oldest first.
    pub history: Vec<Said>,
    /// What people are told before the answer, where they waited long.
    pub apology: Option<String>,
}

impl Questions {
    /// The question that starts a thread has nothing before it, so unless it may have been worked on, the log need not
    /// be read at all.
    pub(crate) async fn prepare(&self, request: &Request) -> Result<Prepared, Waiting> {
        let requested = &request.requested;
        if !request.repeated && requested.message.id == requested.place.thread {
            return Ok(Prepared::Ask(Question {
                text: requested.message.text.clone(),
                ..Question::default()
            }));
        }
        let conversation = self
            .store
            .load::<Conversation>(&request.subject)
            .await
            .map_err(Waiting::Load)?
            .state;
        let since = self.remembered(request).await?;
        Ok(prepare(&conversation, requested.answer_id, request.waited, since))
    }

    /// Since when what was said is told.
    async fn remembered(&self, request: &Request) -> Result<Option<DateTime<Utc>>, Waiting> {
        let organization = &request.organization;
        let subject = AggregateSubject::new::<Policy>(organization, policy::id(organization));
        let policy = self.store.load::<Policy>(&subject).await.map_err(Waiting::Load)?;
        let days = policy.state.rules.retention_days;
        Ok(days.map(|days| (self.clock)() - TimeDelta::days(i64::from(days))))
    }
}

/// Decides on a conversation as the log has it.
pub(crate) fn prepare(
    conversation: &Conversation,
    answer_id: Uuid,
    waited: Duration,
    since: Option<DateTime<Utc>>,
) -> Prepared {
    let Some(turn) = conversation.turn(answer_id) else {
        return Prepared::Settled;
    };
    match &turn.answer {
        AnswerState::Requested => {}
        AnswerState::Stopped { .. } => {
            let is_drafted = turn.draft.is_some();
            return Prepared::Stopped { is_drafted };
        }
        AnswerState::Posted { .. } | AnswerState::Failed { .. } | AnswerState::Merged { .. } => {
            return Prepared::Settled;
        }
    }
    let is_late = waited >= LONG;
    if is_late && turn.draft.is_none() {
        let later = |other: &&Turn| other.answer_id != answer_id && other.answer == AnswerState::Requested;
        let after = conversation
            .turns()
            .iter()
            .skip_while(|other| other.answer_id != answer_id);
        if let Some(last) = after.filter(later).last() {
            return Prepared::Merge { into: last.answer_id };
        }
    }
    let merged: Vec<&Turn> = conversation
        .turns()
        .iter()
        .filter(|other| other.answer == AnswerState::Merged { into: answer_id } && !other.is_deleted)
        .collect();
    let texts: Vec<&str> = merged
        .iter()
        .copied()
        .chain([turn])
        .map(|turn| turn.message.text.as_str())
        .collect();
    let apology = (!merged.is_empty()).then(|| {
        format!(
            "_I could not answer for {}: this is for your last {} messages together._",
            minutes(waited),
            merged.len() + 1
        )
    });
    Prepared::Ask(Question {
        text: texts.join("\n\n"),
        history: history::before(conversation.turns(), answer_id, since),
        apology,
    })
}

fn minutes(waited: Duration) -> String {
    match waited.as_secs() / 60 {
        0 => "a while".to_owned(),
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use infragpt_events::{
        Aggregate as _, ConnectorKind,
        conversation::{
            AnswerDrafted, AnswerMerged, AnswerPosted, AnswerRequested, Audience, Author, ConversationEvent, Message,
            Place, Stopped, answer_id,
        },
    };

    use super::*;

    fn place() -> Place {
        Place {
            connector: ConnectorKind::parse("chat").unwrap(),
            account: "T1".into(),
            channel: "C1".into(),
            thread: "1".into(),
        }
    }

    fn id(message: &str) -> Uuid {
        answer_id(&place(), message)
    }

    fn asked(message: &str) -> ConversationEvent {
        let author = Author {
            id: "U1".into(),
            name: None,
        };
        AnswerRequested {
            place: place(),
            message: Message {
                id: message.into(),
                author,
                text: format!("question {message}"),
                sent_at: DateTime::UNIX_EPOCH,
            },
            answer_id: id(message),
            audience: Audience::Thread,
            is_private: false,
        }
        .into()
    }

    fn merged(message: &str, into: &str) -> ConversationEvent {
        AnswerMerged {
            answer_id: id(message),
            message_id: message.into(),
            into: id(into),
        }
        .into()
    }

    fn conversation(events: impl IntoIterator<Item = ConversationEvent>) -> Conversation {
        events
            .into_iter()
            .fold(Conversation::default(), |state, event| state.evolve(&event))
    }

    fn decide(events: impl IntoIterator<Item = ConversationEvent>, message: &str, waited: u64) -> Prepared {
        prepare(&conversation(events), id(message), Duration::from_secs(waited), None)
    }

    #[test]
    fn who_asks_again_soon_is_answered_twice_and_in_order() {
        let Prepared::Ask(question) = decide([asked("1"), asked("2")], "1", 5) else {
            panic!()
        };
        assert_eq!((question.text.as_str(), question.apology), ("question 1", None));
    }

    #[test]
    fn who_waited_long_is_answered_once_and_told_so() {
        let events = [asked("1"), asked("2"), asked("3")];
        assert_eq!(decide(events.clone(), "1", 60), Prepared::Merge { into: id("3") });
        assert_eq!(decide(events.clone(), "2", 60), Prepared::Merge { into: id("3") });
        let events = events.into_iter().chain([merged("1", "3"), merged("2", "3")]);
        let Prepared::Ask(question) = decide(events, "3", 600) else {
            panic!()
        };
        assert_eq!(question.text, "question 1\n\nquestion 2\n\nquestion 3");
        assert_eq!(
            question.apology.as_deref(),
            Some("_I could not answer for 10 minutes: this is for your last 3 messages together._")
        );
    }

    #[test]
    fn what_was_begun_is_finished_however_long_it_takes() {
        let drafted = AnswerDrafted {
            answer_id: id("1"),
            posted_id: "1.5".into(),
        };
        assert!(matches!(
            decide([asked("1"), drafted.into(), asked("2")], "1", 600),
            Prepared::Ask(_)
        ));
    }

    #[test]
    fn what_has_an_answer_or_was_stopped_is_not_asked() {
        let posted = AnswerPosted {
            answer_id: id("1"),
            message_id: "1".into(),
            posted_id: "1.5".into(),
            text: "yes".into(),
            agent: "a".into(),
        };
        assert_eq!(decide([asked("1"), posted.into()], "1", 0), Prepared::Settled);
        assert_eq!(decide([], "1", 0), Prepared::Settled);
        let stopped = Stopped {
            by: "U1".into(),
            answers: vec![id("1")],
        };
        assert_eq!(
            decide([asked("1"), stopped.into()], "1", 0),
            Prepared::Stopped { is_drafted: false }
        );
    }
}
