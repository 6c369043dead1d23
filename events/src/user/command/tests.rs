use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::testing::given;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn maya(name: &str, seconds: i64) -> Person {
    Person {
        user: "user_maya".into(),
        name: Some(name.into()),
        email: Some("maya@acme.example".into()),
        updated_at: at(seconds),
    }
}

fn registered(name: &str, seconds: i64) -> UserEvent {
    let Person {
        user,
        name,
        email,
        updated_at,
    } = maya(name, seconds);
    Registered {
        user,
        name,
        email,
        updated_at,
    }
    .into()
}

fn updated(name: &str, seconds: i64) -> UserEvent {
    let Person {
        user,
        name,
        email,
        updated_at,
    } = maya(name, seconds);
    Updated {
        user,
        name,
        email,
        updated_at,
    }
    .into()
}

fn deleted() -> UserEvent {
    Deleted {
        user: "user_maya".into(),
    }
    .into()
}

fn delete() -> UserCommand {
    UserCommand::Delete {
        user: "user_maya".into(),
    }
}

fn erased() -> Erased {
    Erased {
        user: "user_maya".into(),
        events: 2,
        facts: 3,
        erased: vec![],
    }
}

#[test]
fn whoever_is_first_heard_of_is_registered() {
    given::<User>([])
        .when(UserCommand::Describe(maya("Maya", 5)))
        .then([registered("Maya", 5)]);
}

#[test]
fn a_newer_name_takes_the_place_of_an_older() {
    given::<User>([registered("Maya", 5)])
        .when(UserCommand::Describe(maya("Maya L.", 6)))
        .then([updated("Maya L.", 6)]);
}

#[test]
fn an_older_name_and_the_same_again_change_nothing() {
    for said in [maya("May", 4), maya("Maya", 5)] {
        given::<User>([registered("Maya", 5)])
            .when(UserCommand::Describe(said))
            .then_nothing();
    }
}

#[test]
fn what_is_confirmed_is_not_overtaken_by_what_was_between() {
    let confirmed = Confirmed {
        user: "user_maya".into(),
        updated_at: at(9),
    };
    given::<User>([registered("Maya", 5)])
        .when(UserCommand::Describe(maya("Maya", 9)))
        .then([confirmed.clone().into()]);
    given::<User>([registered("Maya", 5), confirmed.into()])
        .when(UserCommand::Describe(maya("May", 7)))
        .then_nothing();
}

#[test]
fn deleting_is_for_good_and_may_come_first() {
    given::<User>([registered("Maya", 5)]).when(delete()).then([deleted()]);
    given::<User>([]).when(delete()).then([deleted()]);
    for late in [delete(), UserCommand::Describe(maya("Maya", 9))] {
        given::<User>([deleted()]).when(late).then_nothing();
    }
}

#[test]
fn only_what_is_deleted_is_erased_and_once() {
    for before in [vec![], vec![registered("Maya", 5)]] {
        given::<User>(before)
            .when(UserCommand::Erase(erased()))
            .then_refused(Refusal::NotDeleted);
    }
    given::<User>([deleted()])
        .when(UserCommand::Erase(erased()))
        .then([erased().into()]);
    for late in [
        UserCommand::Erase(erased()),
        delete(),
        UserCommand::Describe(maya("Maya", 9)),
    ] {
        given::<User>([deleted(), erased().into()]).when(late).then_nothing();
    }
}

#[test]
fn the_state_says_whether_somebody_is_gone() {
    assert!(!given::<User>([registered("Maya", 5)]).state.is_deleted());
    assert!(given::<User>([registered("Maya", 5), deleted()]).state.is_deleted());
    assert!(given::<User>([deleted(), erased().into()]).state.is_deleted());
    // What the log keeps of somebody who is erased is enough.
    assert_eq!(given::<User>([erased().into()]).state, User::Erased);
}

fn heard(commands: &[UserCommand]) -> User {
    commands.iter().fold(User::default(), |state, command| {
        let events = state.decide(command.clone()).unwrap();
        events.iter().fold(state, User::evolve)
    })
}

fn command() -> impl Strategy<Value = UserCommand> {
    prop_oneof![
        8 => ("[ab]", 0..4_i64).prop_map(|(name, seconds)| UserCommand::Describe(maya(&name, seconds))),
        1 => Just(delete()),
    ]
}

proptest! {
    #[test]
    fn the_order_in_which_it_is_heard_does_not_matter(
        (commands, again) in proptest::collection::vec(command(), 1..8)
            .prop_flat_map(|commands| {
                let twice = [commands.clone(), commands.clone()].concat();
                (Just(commands), Just(twice).prop_shuffle())
            }),
    ) {
        prop_assert_eq!(heard(&commands), heard(&again));
    }
}
