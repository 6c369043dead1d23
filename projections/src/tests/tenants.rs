//! Any history of organizations, their members and people gives the same rows however it is cut, rows that say what the
//! aggregates say, and the same rows from what erasure leaves of the log.

use std::collections::BTreeMap;

use infragpt_events::{
    Aggregate, OrganizationId,
    action::{Action, ActionCommand},
    change::ChangeKind,
    organization::{CompanySize, Description, Erased, Expected, Member, Organization, OrganizationCommand, Role},
    user::{self, Person, User, UserCommand},
};
use infragpt_nats::Received;
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use super::fixture::{Fixture, Log, at, authorized, changed, opened, organization, profile, proposed};
use crate::{actions, checkpoint, fingerprint, members, organizations, users};

const ORGANIZATIONS: [&str; 2] = ["acme", "rival"];
const PEOPLE: [&str; 3] = ["user_maya", "user_tom", "user_gus"];

/// What somebody asks for, in whatever order.
#[derive(Debug, Clone)]
enum Step {
    Organization(&'static str, OrganizationCommand),
    User(&'static str, UserCommand),
    Action(&'static str, ActionCommand),
    /// Something that other roles go on writing.
    Other(&'static str, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let whose = prop::sample::select(&ORGANIZATIONS[..]);
    let person = prop::sample::select(&PEOPLE[..]);
    (whose, person, 0..24_u8, 0..9_i64).prop_map(|(whose, person, which, minutes)| match which {
        0 => Step::Organization(
            whose,
            OrganizationCommand::Describe(Description {
                name: format!("{whose} {}", minutes % 3),
                slug: None,
                updated_at: at(minutes),
            }),
        ),
        1 => Step::Organization(
            whose,
            OrganizationCommand::SetProfile {
                profile: profile(CompanySize::ALL[usize::try_from(minutes % 3).unwrap()]).profile,
                expected: Expected::Anything,
            },
        ),
        2..=6 => Step::Organization(
            whose,
            OrganizationCommand::Admit {
                membership: format!("mem_{person}_{}", minutes % 2),
                member: Member {
                    user: person.to_owned(),
                    role: if minutes % 3 == 0 { Role::Admin } else { Role::Member },
                    updated_at: at(minutes),
                },
            },
        ),
        7 => Step::Organization(
            whose,
            OrganizationCommand::Dismiss {
                membership: format!("mem_{person}_{}", minutes % 2),
                user: person.to_owned(),
            },
        ),
        8 => Step::Organization(whose, OrganizationCommand::Delete),
        9 => Step::Organization(
            whose,
            OrganizationCommand::Erase(Erased {
                events: 0,
                facts: 0,
                erased: vec![],
            }),
        ),
        10..=12 => Step::User(
            person,
            UserCommand::Describe(Person {
                user: person.to_owned(),
                name: Some(format!("{person} {}", minutes % 3)),
                email: None,
                updated_at: at(minutes),
            }),
        ),
        13 => Step::User(
            person,
            UserCommand::Delete {
                user: person.to_owned(),
            },
        ),
        14 => Step::User(
            person,
            UserCommand::Erase(user::Erased {
                user: person.to_owned(),
                events: 0,
                facts: 0,
                erased: vec![],
            }),
        ),
        15 => Step::Action(whose, ActionCommand::Propose(proposed("restart"))),
        16 => Step::Action(
            whose,
            ActionCommand::Approve {
                by: format!("user:{person}"),
                at: at(minutes),
            },
        ),
        17 => Step::Action(
            whose,
            ActionCommand::Deny {
                by: format!("user:{person}"),
                reason: None,
                at: at(minutes),
            },
        ),
        18 => Step::Action(whose, ActionCommand::Expire { at: at(600) }),
        which => Step::Other(whose, which),
    })
}

/// What the steps come to: the log, and the aggregates.
#[derive(Default)]
struct World {
    organizations: BTreeMap<&'static str, Organization>,
    users: BTreeMap<&'static str, User>,
    actions: BTreeMap<&'static str, Action>,
}

impl World {
    fn take(&mut self, mut log: Log, step: &Step) -> Log {
        match step {
            Step::Organization(whose, command) => {
                log = log.and(whose);
                for event in decide(self.organizations.entry(whose).or_default(), command) {
                    log = log.organization(event);
                }
            }
            Step::User(who, command) => {
                for event in decide(self.users.entry(who).or_default(), command) {
                    log = log.user(event);
                }
            }
            Step::Action(whose, command) => {
                log = log.and(whose);
                for event in decide(self.actions.entry(whose).or_default(), command) {
                    log = log.action(1, event);
                }
            }
            Step::Other(whose, which) => {
                let log = log.and(whose);
                return match which {
                    19 => log.change("push-1", changed(ChangeKind::Push, "some/name", 1)),
                    20 => log.integration("github", authorized("github", "I1")),
                    21 => log.asked("1.0", "1.0", "what changed?"),
                    22 => log.answered("1.0", "1.0", "a push"),
                    _ => log.audited("1", opened("post", 1)),
                };
            }
        }
        log
    }
}

/// What an aggregate decides, which it then has decided.
fn decide<A: Aggregate>(aggregate: &mut A, command: &A::Command) -> Vec<A::Event> {
    let events = aggregate.decide(command.clone()).unwrap_or_default();
    for event in &events {
        *aggregate = std::mem::take(aggregate).evolve(event);
    }
    events
}

/// What erasure leaves of a log: of who is erased, nothing but that they were deleted and erased, and what came later.
fn left_of(events: &[Received]) -> Vec<Received> {
    let is = |event: &Received, aggregate: &str, name: &str| {
        event.token(1) == Some(aggregate) && event.token(4) == Some(name)
    };
    let mut left = events.to_vec();
    for erased in events {
        if is(erased, "organization", "erased") {
            left.retain(|event| {
                event.token(2) != erased.token(2)
                    || event.sequence > erased.sequence
                    || is(event, "organization", "deleted")
                    || is(event, "organization", "erased")
            });
        }
        if is(erased, "user", "erased") {
            left.retain(|event| {
                event.token(3) != erased.token(3) || is(event, "user", "deleted") || is(event, "user", "erased")
            });
        }
    }
    left
}

/// The rows against the aggregates.
async fn check(fixture: &Fixture, world: &World) -> Result<(), TestCaseError> {
    let connection = &mut *fixture.connection().await;
    for (name, aggregate) in &world.organizations {
        let id: OrganizationId = organization(name);
        let row = organizations::find(connection, &id).await.unwrap();
        prop_assert_eq!(row.is_some(), aggregate.known().is_some());
        let description = aggregate.known().and_then(|known| known.description.as_ref());
        prop_assert_eq!(
            row.as_ref().and_then(|row| row.name.as_ref()),
            description.map(|description| &description.name)
        );
        prop_assert_eq!(
            row.as_ref().and_then(|row| row.updated_at),
            description.map(|description| description.updated_at)
        );
        prop_assert_eq!(row.as_ref().and_then(|row| row.profile.as_ref()), aggregate.profile());
        for person in PEOPLE {
            let gone = world.users.get(person).is_some_and(User::is_deleted);
            let expected = aggregate.role_of(person).filter(|_| !gone);
            let found = members::find(connection, &id, person).await.unwrap();
            prop_assert_eq!(found.map(|member| member.role), expected, "{} in {}", person, name);
        }
        let action = actions::find(connection, &id, Uuid::from_u128(1)).await.unwrap();
        let expected = world.actions.get(name).and_then(Action::state);
        let expected = expected.filter(|_| !aggregate.is_deleted());
        prop_assert_eq!(
            action.as_ref().map(|action| &*action.state),
            expected.map(infragpt_events::action::State::as_str)
        );
    }
    for (person, aggregate) in &world.users {
        let found = users::find(connection, person).await.unwrap();
        let expected = match aggregate {
            User::Known(person) => Some(person),
            User::Unknown | User::Deleted | User::Erased => None,
        };
        prop_assert_eq!(
            found.map(|user| (user.name, user.updated_at)),
            expected.map(|person| (person.name.clone(), Some(person.updated_at)))
        );
    }
    Ok(())
}

#[test]
fn any_history_gives_the_rows_of_its_aggregates_however_it_is_cut_and_erased() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fixture = runtime.block_on(Fixture::start());
    let histories = (
        prop::collection::vec(step(), 1..50),
        prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    );
    // Each case asks PostgreSQL some hundred times.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&histories, |(steps, cuts)| {
        runtime.block_on(async {
            let mut world = World::default();
            let log = steps.iter().fold(Log::of("acme"), |log, step| world.take(log, step));
            let events = log.events;
            let rebuilt = async |events: &[Received]| {
                checkpoint::reset(&fixture.database).await.unwrap();
                fixture.apply(events).await;
                fingerprint(&fixture.database).await.unwrap()
            };
            let left = rebuilt(&left_of(&events)).await;
            let whole = rebuilt(&events).await;
            check(&fixture, &world).await?;
            prop_assert_eq!(&left, &whole, "what is left of the log");

            checkpoint::reset(&fixture.database).await.unwrap();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len() + 1)).collect();
            places.extend([0, events.len()]);
            places.sort_unstable();
            for cut in places.windows(2) {
                fixture.apply(&events[cut[0]..cut[1]]).await;
                // The last batch comes again, as after a crash.
                fixture.apply(&events[cut[0]..cut[1]]).await;
            }
            let cut = fingerprint(&fixture.database).await.unwrap();
            prop_assert_eq!(&cut, &whole, "cut at {:?}", places);
            Ok(())
        })
    });
    outcome.unwrap();
}
