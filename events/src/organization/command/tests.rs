use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::{
    organization::{CompanySize, Observability, Role, TeamSize, UseCase},
    testing::given,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn called(name: &str, seconds: i64) -> Description {
    Description {
        name: name.into(),
        slug: Some(name.to_lowercase()),
        updated_at: at(seconds),
    }
}

fn describe(name: &str, seconds: i64) -> OrganizationCommand {
    OrganizationCommand::Describe(called(name, seconds))
}

fn created(name: &str, seconds: i64) -> OrganizationEvent {
    let Description { name, slug, updated_at } = called(name, seconds);
    Created { name, slug, updated_at }.into()
}

fn renamed(name: &str, seconds: i64) -> OrganizationEvent {
    let Description { name, slug, updated_at } = called(name, seconds);
    Renamed { name, slug, updated_at }.into()
}

fn admit(membership: &str, user: &str, role: Role, seconds: i64) -> OrganizationCommand {
    OrganizationCommand::Admit {
        membership: membership.into(),
        member: Member {
            user: user.into(),
            role,
            updated_at: at(seconds),
        },
    }
}

fn added(membership: &str, user: &str, role: Role, seconds: i64) -> OrganizationEvent {
    MemberAdded {
        membership: membership.into(),
        user: user.into(),
        role,
        updated_at: at(seconds),
    }
    .into()
}

fn dismiss(membership: &str, user: &str) -> OrganizationCommand {
    OrganizationCommand::Dismiss {
        membership: membership.into(),
        user: user.into(),
    }
}

fn removed(membership: &str, user: &str) -> OrganizationEvent {
    MemberRemoved {
        membership: membership.into(),
        user: user.into(),
    }
    .into()
}

fn profile(use_cases: &[UseCase]) -> Profile {
    Profile {
        company_size: CompanySize::UpTo50,
        team_size: TeamSize::UpTo5,
        use_cases: use_cases.to_vec(),
        observability: vec![Observability::Grafana],
    }
}

fn set(profile: Profile, expected: Expected) -> OrganizationCommand {
    OrganizationCommand::SetProfile { profile, expected }
}

fn said(profile: Profile) -> OrganizationEvent {
    ProfileSet { profile }.into()
}

fn deleted() -> OrganizationEvent {
    Deleted {}.into()
}

fn erased() -> Erased {
    Erased {
        events: 1,
        facts: 2,
        erased: vec![],
    }
}

#[test]
fn whatever_is_first_heard_of_its_name_creates_it() {
    given::<Organization>([])
        .when(describe("Acme", 5))
        .then([created("Acme", 5)]);
    // Somebody may be known to belong to it before it is known by its name.
    given::<Organization>([added("m1", "maya", Role::Admin, 5)])
        .when(describe("Acme", 5))
        .then([created("Acme", 5)]);
}

#[test]
fn a_newer_name_takes_the_place_of_an_older() {
    given::<Organization>([created("Acme", 5)])
        .when(describe("Acme Group", 6))
        .then([renamed("Acme Group", 6)]);
    given::<Organization>([created("Acme", 5), renamed("Acme Group", 8)])
        .when(describe("Acme Limited", 7))
        .then_nothing();
    given::<Organization>([created("Acme", 5)])
        .when(describe("Acme", 5))
        .then_nothing();
}

#[test]
fn a_confirmed_name_is_not_overtaken_by_what_was_between() {
    let confirmed: OrganizationEvent = Confirmed { updated_at: at(9) }.into();
    given::<Organization>([created("Acme", 5)])
        .when(describe("Acme", 9))
        .then([confirmed.clone()]);
    given::<Organization>([created("Acme", 5), confirmed])
        .when(describe("Acme Group", 7))
        .then_nothing();
}

#[test]
fn whoever_joins_is_a_member() {
    given::<Organization>([])
        .when(admit("m1", "maya", Role::Admin, 5))
        .then([added("m1", "maya", Role::Admin, 5)]);
    given::<Organization>([added("m1", "maya", Role::Admin, 5)])
        .when(admit("m1", "maya", Role::Admin, 5))
        .then_nothing();
}

#[test]
fn a_newer_role_takes_the_place_of_an_older() {
    let changed = MemberRoleChanged {
        membership: "m1".into(),
        user: "maya".into(),
        role: Role::Member,
        updated_at: at(6),
    };
    given::<Organization>([added("m1", "maya", Role::Admin, 5)])
        .when(admit("m1", "maya", Role::Member, 6))
        .then([changed.clone().into()]);
    given::<Organization>([added("m1", "maya", Role::Admin, 5), changed.into()])
        .when(admit("m1", "maya", Role::Admin, 4))
        .then_nothing();
}

#[test]
fn a_confirmed_role_is_not_overtaken_by_what_was_between() {
    let confirmed: OrganizationEvent = MemberConfirmed {
        membership: "m1".into(),
        user: "maya".into(),
        updated_at: at(9),
    }
    .into();
    given::<Organization>([added("m1", "maya", Role::Member, 5)])
        .when(admit("m1", "maya", Role::Member, 9))
        .then([confirmed.clone()]);
    given::<Organization>([added("m1", "maya", Role::Member, 5), confirmed])
        .when(admit("m1", "maya", Role::Admin, 7))
        .then_nothing();
}

#[test]
fn of_two_roles_of_the_same_time_the_lesser_is_taken() {
    given::<Organization>([added("m1", "maya", Role::Member, 5)])
        .when(admit("m1", "maya", Role::Admin, 5))
        .then_nothing();
}

#[test]
fn a_membership_ends_for_good_and_may_end_before_it_began() {
    given::<Organization>([added("m1", "maya", Role::Admin, 5)])
        .when(dismiss("m1", "maya"))
        .then([removed("m1", "maya")]);
    given::<Organization>([])
        .when(dismiss("m1", "maya"))
        .then([removed("m1", "maya")]);
    for late in [dismiss("m1", "maya"), admit("m1", "maya", Role::Admin, 9)] {
        given::<Organization>([removed("m1", "maya")]).when(late).then_nothing();
    }
    given::<Organization>([removed("m1", "maya")])
        .when(admit("m2", "maya", Role::Member, 9))
        .then([added("m2", "maya", Role::Member, 9)]);
}

#[test]
fn a_person_s_role_is_that_of_their_newest_membership() {
    let both = [
        added("m2", "maya", Role::Member, 9),
        added("m1", "maya", Role::Admin, 5),
    ];
    let state = given::<Organization>(both.clone()).state;
    assert_eq!(state.role_of("maya"), Some(Role::Member));
    assert_eq!(state.role_of("tom"), None);
    let without_newer = given::<Organization>([both.to_vec(), vec![removed("m2", "maya")]].concat()).state;
    assert_eq!(without_newer.role_of("maya"), Some(Role::Admin));
    let gone = given::<Organization>([both.to_vec(), vec![deleted()]].concat()).state;
    assert_eq!(gone.role_of("maya"), None);
}

#[test]
fn a_profile_is_stored_in_order() {
    given::<Organization>([created("Acme", 5)])
        .when(set(
            profile(&[UseCase::Other, UseCase::IncidentResponse, UseCase::Other]),
            Expected::Anything,
        ))
        .then([said(profile(&[UseCase::IncidentResponse, UseCase::Other]))]);
}

#[test]
fn the_same_profile_again_changes_nothing_whatever_was_expected() {
    for expected in [
        Expected::Anything,
        Expected::Nothing,
        Expected::This(profile(&[UseCase::Other])),
    ] {
        given::<Organization>([created("Acme", 5), said(profile(&[]))])
            .when(set(profile(&[]), expected))
            .then_nothing();
    }
}

#[test]
fn a_profile_that_somebody_else_changed_is_not_overwritten() {
    let other = profile(&[UseCase::Other]);
    given::<Organization>([created("Acme", 5)])
        .when(set(other.clone(), Expected::Nothing))
        .then([said(other.clone())]);
    given::<Organization>([created("Acme", 5), said(profile(&[]))])
        .when(set(other.clone(), Expected::This(profile(&[]))))
        .then([said(other.clone())]);
    let refused = [Expected::Nothing, Expected::This(profile(&[UseCase::CostReview]))];
    for expected in refused {
        given::<Organization>([created("Acme", 5), said(profile(&[]))])
            .when(set(other.clone(), expected))
            .then_refused(Refusal::ProfileChanged);
    }
    given::<Organization>([created("Acme", 5)])
        .when(set(other, Expected::This(profile(&[]))))
        .then_refused(Refusal::ProfileChanged);
}

#[test]
fn nobody_speaks_for_an_organization_that_is_not_there() {
    given::<Organization>([])
        .when(set(profile(&[]), Expected::Anything))
        .then_refused(Refusal::Unknown);
    given::<Organization>([created("Acme", 5), deleted()])
        .when(set(profile(&[]), Expected::Anything))
        .then_refused(Refusal::Deleted);
}

#[test]
fn deleting_is_for_good_and_may_come_first() {
    given::<Organization>([created("Acme", 5)])
        .when(OrganizationCommand::Delete)
        .then([deleted()]);
    given::<Organization>([])
        .when(OrganizationCommand::Delete)
        .then([deleted()]);
    for late in [
        OrganizationCommand::Delete,
        describe("Acme", 9),
        admit("m1", "maya", Role::Admin, 9),
        dismiss("m1", "maya"),
    ] {
        given::<Organization>([deleted()]).when(late).then_nothing();
    }
}

#[test]
fn only_what_is_deleted_is_erased_and_once() {
    let erase = OrganizationCommand::Erase(erased());
    for before in [vec![], vec![created("Acme", 5)]] {
        given::<Organization>(before)
            .when(erase.clone())
            .then_refused(Refusal::NotDeleted);
    }
    given::<Organization>([deleted()])
        .when(erase.clone())
        .then([erased().into()]);
    for late in [erase, OrganizationCommand::Delete, describe("Acme", 9)] {
        given::<Organization>([deleted(), erased().into()])
            .when(late)
            .then_nothing();
    }
    given::<Organization>([deleted(), erased().into()])
        .when(set(profile(&[]), Expected::Anything))
        .then_refused(Refusal::Deleted);
}

#[test]
fn the_state_says_what_there_is() {
    let state = given::<Organization>([created("Acme", 5), said(profile(&[]))]).state;
    assert_eq!(state.profile(), Some(&profile(&[])));
    assert!(!state.is_deleted() && state.known().is_some());
    let gone = given::<Organization>([created("Acme", 5), said(profile(&[])), deleted()]).state;
    assert_eq!(
        (gone.profile(), gone.is_deleted(), gone.is_erased()),
        (None, true, false)
    );
    // What the log keeps of what is erased is enough.
    assert!(given::<Organization>([erased().into()]).state.is_erased());
}

fn heard(commands: &[OrganizationCommand]) -> Organization {
    commands.iter().fold(Organization::default(), |state, command| {
        let events = state.decide(command.clone()).unwrap();
        events.iter().fold(state, Organization::evolve)
    })
}

fn command() -> impl Strategy<Value = OrganizationCommand> {
    let membership = || prop_oneof![Just(("m1", "maya")), Just(("m2", "maya")), Just(("m3", "tom"))];
    let role = prop_oneof![Just(Role::Member), Just(Role::Admin)];
    prop_oneof![
        8 => ("[ab]", 0..4_i64).prop_map(|(name, seconds)| describe(&name, seconds)),
        12 => (membership(), role, 0..4_i64).prop_map(|((id, user), role, seconds)| admit(id, user, role, seconds)),
        3 => membership().prop_map(|(id, user)| dismiss(id, user)),
        1 => Just(OrganizationCommand::Delete),
    ]
}

proptest! {
    #[test]
    fn the_order_in_which_it_is_heard_does_not_matter(
        (commands, again) in proptest::collection::vec(command(), 1..10)
            .prop_flat_map(|commands| {
                let twice = [commands.clone(), commands.clone()].concat();
                (Just(commands), Just(twice).prop_shuffle())
            }),
    ) {
        prop_assert_eq!(heard(&commands), heard(&again));
    }
}
