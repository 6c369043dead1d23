//! What agents proposed, and what became of it.

use infragpt_events::action::{Approved, Denied, Executed, Expired, Failed, State};
use uuid::Uuid;

use super::fixture::{Fixture, Log, at, organization, proposed};
use crate::actions::{self, Action, Filter, Key};

fn by(name: &str) -> Approved {
    Approved { by: name.to_owned() }
}

fn denied() -> Denied {
    Denied {
        by: "user:tom".to_owned(),
        reason: Some("not\0 now".to_owned()),
    }
}

/// Six actions, each in another state, proposed one after the other.
fn each_state() -> Log {
    let failed = Failed {
        reason: "no such service".to_owned(),
    };
    let executed = Executed {
        outcome: "restarted".to_owned(),
    };
    (1..=6)
        .fold(Log::of("acme"), |log, number| {
            log.action(number, proposed(&format!("action {number}")))
        })
        .action(2, by("user:maya"))
        .action(3, denied())
        .action(4, Expired {})
        .action(5, by("user:maya"))
        .action(5, executed)
        .action(6, by("user:maya"))
        .action(6, failed)
}

#[tokio::test]
async fn actions_are_paged_by_their_time_and_found_by_their_state() {
    let fixture = Fixture::start().await;
    fixture.apply(&each_state().events).await;
    let acme = organization("acme");
    let connection = &mut *fixture.connection().await;
    let mut page = async |state, after: Option<&Key>, limit| {
        let page = actions::page(connection, &acme, &Filter { state }, after, limit)
            .await
            .unwrap();
        let titles: Vec<_> = page
            .rows
            .iter()
            .map(|action| action.title[7..].to_owned() + &action.state[..2])
            .collect();
        (titles.join(" "), page.next)
    };
    let (titles, next) = page(None, None, 4).await;
    assert_eq!(titles, "6fa 5ex 4ex 3de");
    assert_eq!(page(None, next.as_ref(), 4).await, ("2ap 1pr".to_owned(), None));
    for (state, expected) in State::ALL.into_iter().zip(["1pr", "2ap", "3de", "4ex", "5ex", "6fa"]) {
        assert_eq!(page(Some(state), None, 4).await, (expected.to_owned(), None));
    }
}

#[tokio::test]
async fn an_action_says_who_decided_and_what_came_of_it() {
    let fixture = Fixture::start().await;
    let mut first = proposed("restart");
    first.arguments = serde_json::json!({ "text\0": "a\0b" });
    let log = Log::of("acme").action(1, first).action(1, by("user:maya")).action(
        1,
        Executed {
            outcome: "restarted".to_owned(),
        },
    );
    fixture.apply(&log.events).await;
    let connection = &mut *fixture.connection().await;
    let expected = Action {
        id: Uuid::from_u128(1),
        conversation_id: proposed("").conversation,
        answer_id: proposed("").answer,
        title: "restart".to_owned(),
        tool: "tool.v1.forge.restart".to_owned(),
        arguments: serde_json::json!({ "text\u{fffd}": "a\u{fffd}b" }),
        reason: "it does not answer".to_owned(),
        state: "executed".to_owned(),
        decided_by: Some("user:maya".to_owned()),
        decided_at: Some(at(2)),
        outcome: Some("restarted".to_owned()),
        proposed_at: at(1),
        expires_at: at(600),
    };
    let id = Uuid::from_u128(1);
    let found = actions::find(connection, &organization("acme"), id).await.unwrap();
    assert_eq!(found, Some(expected));
    let others = actions::find(connection, &organization("rival"), id).await.unwrap();
    assert_eq!(others, None);
}

#[tokio::test]
async fn an_event_out_of_place_changes_no_action() {
    let fixture = Fixture::start().await;
    let log = each_state();
    fixture.apply(&log.events).await;
    let acme = organization("acme");
    let all = async || {
        let connection = &mut *fixture.connection().await;
        let page = actions::page(connection, &acme, &Filter::default(), None, 9).await;
        page.unwrap().rows
    };
    let before = all().await;
    let log = (2..=6).fold(log, |log, number| {
        let log = log.action(number, denied()).action(number, Expired {});
        if number == 2 {
            log
        } else {
            log.action(
                number,
                Executed {
                    outcome: "twice".to_owned(),
                },
            )
        }
    });
    fixture.apply(&log.events).await;
    assert_eq!(all().await, before);
    let log = log.action(9, by("user:maya"));
    fixture.apply(&log.events).await;
    assert_eq!(all().await, before, "nobody proposed it");
}
