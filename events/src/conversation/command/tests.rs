use chrono::DateTime;

use super::super::event::Author;
use super::*;
use crate::{ConnectorKind, testing::given};

fn place() -> Place {
    Place {
        connector: ConnectorKind::parse("chat").unwrap(),
        account: "T1".into(),
        channel: "C1".into(),
        thread: "1.0".into(),
    }
}

fn message(id: &str) -> Message {
    Message {
        id: id.into(),
        author: Author {
            id: "U1".into(),
            name: None,
        },
        text: "what changed?".into(),
        sent_at: DateTime::UNIX_EPOCH,
    }
}

fn receive(id: &str, addressed: Addressed) -> ConversationCommand {
    ConversationCommand::ReceiveMessage {
        place: place(),
        message: message(id),
        addressed,
    }
}

fn requested(id: &str) -> ConversationEvent {
    AnswerRequested {
        place: place(),
        message: message(id),
        answer_id: answer_id(&place(), id),
    }
    .into()
}

fn posted(id: &str) -> AnswerPosted {
    AnswerPosted {
        answer_id: answer_id(&place(), id),
        message_id: id.into(),
        posted_id: "2.0".into(),
        text: "Nothing.".into(),
        agent: "built-in".into(),
    }
}

fn failed(id: &str) -> AnswerFailed {
    AnswerFailed {
        answer_id: answer_id(&place(), id),
        message_id: id.into(),
        reason: "no agent".into(),
        posted_id: None,
    }
}

#[test]
fn a_mention_and_a_direct_message_ask_for_an_answer() {
    given::<Conversation>([])
        .when(receive("1.0", Addressed::Mention))
        .then([requested("1.0")]);
    given::<Conversation>([])
        .when(receive("1.0", Addressed::Direct))
        .then([requested("1.0")]);
}

#[test]
fn the_same_gesture_told_twice_asks_once() {
    given::<Conversation>([requested("1.0")])
        .when(receive("1.0", Addressed::Mention))
        .then_nothing();
    given::<Conversation>([requested("1.0")])
        .when(receive("1.0", Addressed::Thread))
        .then_nothing();
    given::<Conversation>([requested("1.0"), posted("1.0").into()])
        .when(receive("1.0", Addressed::Mention))
        .then_nothing();
}

#[test]
fn a_thread_is_answered_only_once_the_product_takes_part() {
    given::<Conversation>([])
        .when(receive("1.5", Addressed::Thread))
        .then_nothing();
    given::<Conversation>([requested("1.0")])
        .when(receive("1.5", Addressed::Thread))
        .then([requested("1.5")]);
}

#[test]
fn an_answer_is_recorded_once() {
    let post = ConversationCommand::PostAnswer(posted("1.0"));
    given::<Conversation>([requested("1.0")])
        .when(post.clone())
        .then([posted("1.0").into()]);
    given::<Conversation>([requested("1.0"), posted("1.0").into()])
        .when(post)
        .then_nothing();
}

#[test]
fn an_answer_that_nobody_asked_for_is_refused() {
    given::<Conversation>([requested("1.0")])
        .when(ConversationCommand::PostAnswer(posted("9.9")))
        .then_refused(Refusal::NotRequested(answer_id(&place(), "9.9")));
    given::<Conversation>([])
        .when(ConversationCommand::FailAnswer(failed("1.0")))
        .then_refused(Refusal::NotRequested(answer_id(&place(), "1.0")));
}

#[test]
fn a_question_is_given_up_once_and_for_good() {
    let fail = ConversationCommand::FailAnswer(failed("1.0"));
    given::<Conversation>([requested("1.0")])
        .when(fail.clone())
        .then([failed("1.0").into()]);
    given::<Conversation>([requested("1.0"), failed("1.0").into()])
        .when(fail.clone())
        .then_nothing();
    given::<Conversation>([requested("1.0"), posted("1.0").into()])
        .when(fail)
        .then_nothing();
    given::<Conversation>([requested("1.0"), failed("1.0").into()])
        .when(ConversationCommand::PostAnswer(posted("1.0")))
        .then_refused(Refusal::AlreadyFailed(answer_id(&place(), "1.0")));
}

#[test]
fn history_keeps_the_order_of_the_log() {
    let state = given::<Conversation>([
        requested("1.0"),
        requested("1.5"),
        posted("1.0").into(),
        failed("1.5").into(),
    ])
    .state;
    let turns: Vec<_> = state
        .turns()
        .iter()
        .map(|turn| (turn.message.id.as_str(), &turn.answer))
        .collect();
    assert_eq!(
        turns,
        [
            (
                "1.0",
                &AnswerState::Posted {
                    posted_id: "2.0".into(),
                    text: "Nothing.".into()
                }
            ),
            (
                "1.5",
                &AnswerState::Failed {
                    reason: "no agent".into()
                }
            ),
        ]
    );
}

#[test]
fn two_threads_are_two_conversations() {
    let other = Place {
        thread: "2.0".into(),
        ..place()
    };
    assert_ne!(super::super::id(&place()), super::super::id(&other));
}
