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
        is_private: false,
    }
}

fn requested(id: &str) -> ConversationEvent {
    AnswerRequested {
        place: place(),
        message: message(id),
        answer_id: answer_id(&place(), id),
        audience: Audience::Thread,
        is_private: false,
    }
    .into()
}

fn said(id: &str, text: &str, addressed: Addressed) -> ConversationCommand {
    ConversationCommand::ReceiveMessage {
        place: place(),
        message: Message {
            text: text.into(),
            ..message(id)
        },
        addressed,
        is_private: false,
    }
}

fn muted() -> ConversationEvent {
    let (place, by) = (place(), "U1".into());
    Muted { place, by }.into()
}

fn unmuted() -> ConversationEvent {
    let (place, by) = (place(), "U1".into());
    Unmuted { place, by }.into()
}

fn stopped(ids: &[&str]) -> ConversationEvent {
    Stopped {
        by: "U1".into(),
        answers: ids.iter().map(|id| answer_id(&place(), id)).collect(),
    }
    .into()
}

fn feedback(id: &str, verdict: Verdict, comment: Option<&str>) -> FeedbackGiven {
    FeedbackGiven {
        answer_id: answer_id(&place(), id),
        by: "U1".into(),
        verdict,
        comment: comment.map(str::to_owned),
    }
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

#[test]
fn a_watched_channel_and_a_command_ask_without_naming_the_product() {
    given::<Conversation>([])
        .when(receive("1.0", Addressed::Watched))
        .then([requested("1.0")]);
    let asked = AnswerRequested {
        place: place(),
        message: message("1.0"),
        answer_id: answer_id(&place(), "1.0"),
        audience: Audience::Author,
        is_private: false,
    };
    given::<Conversation>([])
        .when(receive("1.0", Addressed::Command))
        .then([asked.into()]);
}

#[test]
fn a_muted_thread_answers_only_those_who_name_the_product() {
    given::<Conversation>([requested("1.0")])
        .when(said("1.1", "Mute!", Addressed::Thread))
        .then([muted()]);
    let before = || [requested("1.0"), muted()];
    given::<Conversation>(before())
        .when(said("1.2", "mute", Addressed::Thread))
        .then_nothing();
    given::<Conversation>(before())
        .when(receive("1.2", Addressed::Thread))
        .then_nothing();
    given::<Conversation>(before())
        .when(receive("1.2", Addressed::Mention))
        .then([requested("1.2")]);
    given::<Conversation>(before())
        .when(said("1.2", "unmute", Addressed::Thread))
        .then([unmuted()]);
    given::<Conversation>([requested("1.0"), muted(), unmuted()])
        .when(receive("1.2", Addressed::Thread))
        .then([requested("1.2")]);
}

#[test]
fn words_of_others_threads_mean_nothing() {
    for word in ["mute", "unmute", "stop", "feedback: no"] {
        given::<Conversation>([])
            .when(said("1.1", word, Addressed::Thread))
            .then_nothing();
    }
    given::<Conversation>([])
        .when(said("1.0", "mute", Addressed::Mention))
        .then([muted()]);
}

#[test]
fn what_is_being_answered_is_stopped() {
    let asked = || {
        vec![
            requested("1.0"),
            posted("1.0").into(),
            requested("1.1"),
            requested("1.2"),
        ]
    };
    given::<Conversation>(asked())
        .when(said("1.3", "stop", Addressed::Thread))
        .then([stopped(&["1.1", "1.2"])]);
    let stop = |answer_id| ConversationCommand::Stop {
        by: "U1".into(),
        answer_id,
    };
    let one = Some(answer_id(&place(), "1.2"));
    given::<Conversation>(asked()).when(stop(one)).then([stopped(&["1.2"])]);
    given::<Conversation>([requested("1.0"), posted("1.0").into()])
        .when(stop(None))
        .then_nothing();
    given::<Conversation>([requested("1.0"), stopped(&["1.0"])])
        .when(stop(None))
        .then_nothing();
}

#[test]
fn what_was_stopped_says_how_far_it_came() {
    let before = || [requested("1.0"), stopped(&["1.0"])];
    given::<Conversation>(before())
        .when(ConversationCommand::FailAnswer(failed("1.0")))
        .then([failed("1.0").into()]);
    given::<Conversation>(before())
        .when(ConversationCommand::PostAnswer(posted("1.0")))
        .then([posted("1.0").into()]);
}

#[test]
fn questions_that_waited_are_answered_together() {
    let merge = |id: &str, into: &str| ConversationCommand::MergeAnswer {
        answer_id: answer_id(&place(), id),
        into: answer_id(&place(), into),
    };
    let merged = AnswerMerged {
        answer_id: answer_id(&place(), "1.0"),
        message_id: "1.0".into(),
        into: answer_id(&place(), "1.1"),
    };
    let both = || vec![requested("1.0"), requested("1.1")];
    given::<Conversation>(both())
        .when(merge("1.0", "1.1"))
        .then([merged.clone().into()]);
    let after: Vec<_> = both().into_iter().chain([merged.into()]).collect();
    given::<Conversation>(after).when(merge("1.0", "1.1")).then_nothing();
    given::<Conversation>(both())
        .when(merge("1.0", "9.9"))
        .then_refused(Refusal::NotRequested(answer_id(&place(), "9.9")));
}

#[test]
fn the_first_words_are_noted_once_and_while_the_rest_is_to_come() {
    let drafted = AnswerDrafted {
        answer_id: answer_id(&place(), "1.0"),
        posted_id: "2.0".into(),
    };
    let draft = || ConversationCommand::DraftAnswer(drafted.clone());
    given::<Conversation>([requested("1.0")])
        .when(draft())
        .then([drafted.clone().into()]);
    given::<Conversation>([requested("1.0"), drafted.clone().into()])
        .when(draft())
        .then_nothing();
    given::<Conversation>([requested("1.0"), posted("1.0").into()])
        .when(draft())
        .then_nothing();
    let state = given::<Conversation>([requested("1.0"), drafted.clone().into()]).state;
    assert_eq!(state.turn_at("2.0"), state.turn_of("1.0"));
}

#[test]
fn feedback_counts_once_a_person_and_can_be_explained() {
    let given_once = || {
        [
            requested("1.0"),
            posted("1.0").into(),
            feedback("1.0", Verdict::Good, None).into(),
        ]
    };
    let give = |verdict, comment| ConversationCommand::GiveFeedback(feedback("1.0", verdict, comment));
    given::<Conversation>([requested("1.0"), posted("1.0").into()])
        .when(give(Verdict::Good, None))
        .then([feedback("1.0", Verdict::Good, None).into()]);
    given::<Conversation>(given_once())
        .when(give(Verdict::Good, None))
        .then_nothing();
    given::<Conversation>(given_once())
        .when(give(Verdict::Bad, None))
        .then([feedback("1.0", Verdict::Bad, None).into()]);
    given::<Conversation>(given_once())
        .when(said("1.5", "feedback: that was last week", Addressed::Thread))
        .then([feedback("1.0", Verdict::Good, Some("that was last week")).into()]);
    given::<Conversation>([requested("1.0")])
        .when(said("1.5", "feedback: nothing there yet", Addressed::Thread))
        .then_nothing();
}

#[test]
fn an_answer_is_explained_once() {
    let explanation = ExplanationRequested {
        answer_id: answer_id(&place(), "1.0"),
        by: "U1".into(),
    };
    let explain = || ConversationCommand::Explain(explanation.clone());
    given::<Conversation>([requested("1.0")]).when(explain()).then_nothing();
    let answered = [requested("1.0"), posted("1.0").into()];
    given::<Conversation>(answered.clone())
        .when(explain())
        .then([explanation.clone().into()]);
    given::<Conversation>(answered.into_iter().chain([explanation.clone().into()]))
        .when(explain())
        .then_nothing();
}

#[test]
fn authors_change_and_take_back_what_they_asked() {
    let edited = MessageEdited {
        message_id: "1.0".into(),
        text: "what failed?".into(),
    };
    let deleted = MessageDeleted {
        message_id: "1.0".into(),
    };
    let edit = || ConversationCommand::EditMessage(edited.clone());
    let delete = || ConversationCommand::DeleteMessage(deleted.clone());
    given::<Conversation>([]).when(edit()).then_nothing();
    given::<Conversation>([requested("1.0")])
        .when(edit())
        .then([edited.clone().into()]);
    given::<Conversation>([requested("1.0"), edited.clone().into()])
        .when(edit())
        .then_nothing();
    given::<Conversation>([requested("1.0")])
        .when(delete())
        .then([deleted.clone().into()]);
    let gone = || [requested("1.0"), deleted.clone().into()];
    given::<Conversation>(gone()).when(delete()).then_nothing();
    given::<Conversation>(gone()).when(edit()).then_nothing();
    let state = given::<Conversation>(gone()).state;
    let turn = state.turn_of("1.0").unwrap();
    assert!(turn.message.text.is_empty() && matches!(turn.answer, AnswerState::Stopped { .. }));
}
