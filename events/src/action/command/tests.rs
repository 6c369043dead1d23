use chrono::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{action::State, testing::given};

/// Ten minutes past the epoch: until then somebody can decide.
const UNTIL: i64 = 600;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn proposed() -> Proposed {
    Proposed {
        conversation: Uuid::from_u128(1),
        answer: Uuid::from_u128(2),
        title: "Restart payments".into(),
        tool: "tool.v1.forge.restart".into(),
        arguments: json!({ "service": "payments" }),
        reason: "It does not answer".into(),
        target: Some("payments in production".into()),
        diff: None,
        place: None,
        expires_at: at(UNTIL),
    }
}

fn approved(by: &str) -> ActionEvent {
    Approved { by: by.into() }.into()
}

fn denied(by: &str) -> ActionEvent {
    Denied {
        by: by.into(),
        reason: Some("not now".into()),
    }
    .into()
}

fn executed() -> Executed {
    Executed {
        outcome: "restarted".into(),
    }
}

fn failed() -> Failed {
    Failed {
        reason: "no such service".into(),
    }
}

fn approve(by: &str, seconds: i64) -> ActionCommand {
    ActionCommand::Approve {
        by: by.into(),
        at: at(seconds),
    }
}

fn deny(by: &str, seconds: i64) -> ActionCommand {
    ActionCommand::Deny {
        by: by.into(),
        reason: Some("not now".into()),
        at: at(seconds),
    }
}

fn expire(seconds: i64) -> ActionCommand {
    ActionCommand::Expire { at: at(seconds) }
}

/// Everything that an action can have come to, with the events that it took.
fn histories() -> Vec<(Option<State>, Vec<ActionEvent>)> {
    let proposal = ActionEvent::from(proposed());
    vec![
        (None, vec![]),
        (Some(State::Proposed), vec![proposal.clone()]),
        (Some(State::Approved), vec![proposal.clone(), approved("maya")]),
        (Some(State::Denied), vec![proposal.clone(), denied("maya")]),
        (Some(State::Expired), vec![proposal.clone(), Expired {}.into()]),
        (
            Some(State::Executed),
            vec![proposal.clone(), approved("maya"), executed().into()],
        ),
        (Some(State::Failed), vec![proposal, approved("maya"), failed().into()]),
    ]
}

#[test]
fn a_proposal_is_made_once() {
    given::<Action>([])
        .when(ActionCommand::Propose(proposed()))
        .then([proposed().into()]);
    for (_, history) in histories().into_iter().skip(1) {
        given::<Action>(history)
            .when(ActionCommand::Propose(proposed()))
            .then_nothing();
    }
}

#[test]
fn the_first_message_with_a_proposal_counts() {
    let presented = |id: &str| Presented { posted_id: id.into() };
    let present = |id: &str| ActionCommand::Present(presented(id));
    given::<Action>([]).when(present("1.0")).then_refused(Refusal::Unknown);
    for (_, history) in histories().into_iter().skip(1) {
        given::<Action>(history.clone())
            .when(present("1.0"))
            .then([presented("1.0").into()]);
        let shown = history.into_iter().chain([presented("1.0").into()]);
        given::<Action>(shown).when(present("2.0")).then_nothing();
    }
}

#[test]
fn who_may_not_decide_changes_nothing() {
    let refused = Refused {
        by: "eve".into(),
        spot: crate::channel::Spot {
            connector: crate::ConnectorKind::parse("chat").unwrap(),
            account: "T1".into(),
            channel: "C1".into(),
        },
        reason: "only maya may".into(),
    };
    let refuse = || ActionCommand::Refuse(refused.clone());
    given::<Action>([]).when(refuse()).then_refused(Refusal::Unknown);
    for (state, history) in histories().into_iter().skip(1) {
        given::<Action>(history.clone())
            .when(refuse())
            .then([refused.clone().into()]);
        let after = history.into_iter().chain([refused.clone().into()]);
        assert_eq!(given::<Action>(after).state.state(), state);
    }
}

#[test]
fn what_is_decided_on_can_not_be_exchanged() {
    let other = Proposed {
        arguments: json!({ "service": "everything" }),
        ..proposed()
    };
    for history in [vec![proposed().into()], vec![proposed().into(), approved("maya")]] {
        given::<Action>(history)
            .when(ActionCommand::Propose(other.clone()))
            .then_refused(Refusal::ProposedOtherwise);
    }
}

#[test]
fn somebody_approves_in_time() {
    given::<Action>([proposed().into()])
        .when(approve("maya", UNTIL - 1))
        .then([approved("maya")]);
    given::<Action>([proposed().into()])
        .when(approve("maya", UNTIL))
        .then_refused(Refusal::Expired);
}

#[test]
fn what_is_over_or_denied_can_not_be_approved() {
    let refused = |history, refusal| given::<Action>(history).when(approve("maya", 0)).then_refused(refusal);
    refused(vec![], Refusal::Unknown);
    refused(vec![proposed().into(), Expired {}.into()], Refusal::Expired);
    refused(vec![proposed().into(), denied("tom")], Refusal::Denied("tom".into()));
}

#[test]
fn an_approval_counts_once() {
    let histories = [
        vec![proposed().into(), approved("maya")],
        vec![proposed().into(), approved("maya"), executed().into()],
        vec![proposed().into(), approved("maya"), failed().into()],
    ];
    for history in histories {
        given::<Action>(history.clone())
            .when(approve("maya", UNTIL))
            .then_nothing();
        given::<Action>(history)
            .when(approve("tom", 0))
            .then_refused(Refusal::Approved("maya".into()));
    }
}

#[test]
fn somebody_denies_in_time() {
    given::<Action>([proposed().into()])
        .when(deny("tom", UNTIL - 1))
        .then([denied("tom")]);
    given::<Action>([proposed().into()])
        .when(deny("tom", UNTIL))
        .then_refused(Refusal::Expired);
    given::<Action>([proposed().into(), denied("tom")])
        .when(deny("tom", UNTIL))
        .then_nothing();
}

#[test]
fn what_is_decided_can_not_be_denied() {
    let refused = |history, refusal| given::<Action>(history).when(deny("tom", 0)).then_refused(refusal);
    refused(vec![], Refusal::Unknown);
    refused(vec![proposed().into(), Expired {}.into()], Refusal::Expired);
    refused(vec![proposed().into(), denied("maya")], Refusal::Denied("maya".into()));
    let too_late = || Refusal::Approved("maya".into());
    refused(vec![proposed().into(), approved("maya")], too_late());
    refused(vec![proposed().into(), approved("maya"), executed().into()], too_late());
    refused(vec![proposed().into(), approved("maya"), failed().into()], too_late());
}

#[test]
fn what_nobody_decided_on_expires() {
    given::<Action>([proposed().into()])
        .when(expire(UNTIL))
        .then([Expired {}.into()]);
    given::<Action>([proposed().into()])
        .when(expire(UNTIL - 1))
        .then_refused(Refusal::NotExpired);
    given::<Action>([]).when(expire(UNTIL)).then_refused(Refusal::Unknown);
    for (_, history) in histories().into_iter().skip(2) {
        given::<Action>(history).when(expire(UNTIL)).then_nothing();
    }
}

#[test]
fn what_was_approved_runs_once_at_the_most() {
    for (command, event) in [
        (ActionCommand::Execute(executed()), ActionEvent::from(executed())),
        (ActionCommand::Fail(failed()), failed().into()),
    ] {
        for (state, history) in histories() {
            let given = given::<Action>(history);
            assert_eq!(given.state.to_run().is_some(), state == Some(State::Approved));
            let when = given.when(command.clone());
            match (state, &event) {
                (None, _) => when.then_refused(Refusal::Unknown),
                (Some(State::Proposed | State::Denied | State::Expired), _) => when.then_refused(Refusal::NotApproved),
                (Some(State::Approved), event) => when.then([event.clone()]),
                (Some(State::Executed), ActionEvent::Executed(_)) | (Some(State::Failed), ActionEvent::Failed(_)) => {
                    when.then_nothing();
                }
                (Some(State::Executed | State::Failed), _) => when.then_refused(Refusal::Over),
            }
        }
    }
}

#[test]
fn an_event_out_of_place_changes_nothing() {
    for (state, history) in histories() {
        let before = given::<Action>(history).state;
        assert_eq!(before.state(), state);
        let decided_on = matches!(state, Some(State::Proposed));
        let approved_already = matches!(state, Some(State::Approved));
        let strange: Vec<ActionEvent> = vec![
            approved("tom"),
            denied("tom"),
            Expired {}.into(),
            executed().into(),
            failed().into(),
        ];
        for event in strange {
            let runs = matches!(event, ActionEvent::Executed(_) | ActionEvent::Failed(_));
            let legal = (decided_on && !runs) || (approved_already && runs);
            assert_eq!(
                before.clone().evolve(&event) == before,
                !legal,
                "{event:?} after {state:?}"
            );
        }
    }
}

#[test]
fn states_are_stored_as_they_are_named() {
    for state in State::ALL {
        assert_eq!(json!(state), state.as_str());
    }
}

#[test]
fn each_proposal_of_an_answer_is_an_action_of_its_own() {
    let answer = Uuid::from_u128(2);
    assert_eq!(super::super::id(answer, 0), super::super::id(answer, 0));
    assert_ne!(super::super::id(answer, 0), super::super::id(answer, 1));
}
