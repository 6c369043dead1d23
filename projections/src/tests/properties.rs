//! Any history of integrations gives the same rows however it is cut, and rows that say what the aggregate says.

use infragpt_events::{
    Aggregate,
    integration::{
        self, AuthorizationFailed, AuthorizationReturned, Authorized, Degraded, Disconnected, IntegrationEvent,
        PermissionsChanged, Recovered, ResourceKind, ResourceWithdrawn, Resumed, Suspended, Synchronized,
    },
};
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use super::fixture::{Fixture, Log, at, authorized, connector, granted, organization, started};
use crate::{checkpoint, fingerprint, integrations};

/// Whose integration, of what kind, and what happens to it.
type Step = (&'static str, &'static str, IntegrationEvent);

/// Any event, also one that could not happen next: attempts from a few numbers, times within the history's first hour.
fn step() -> impl Strategy<Value = Step> {
    let whose = prop_oneof![
        3 => Just(("acme", "slack")),
        1 => Just(("acme", "github")),
        1 => Just(("rival", "slack")),
    ];
    (whose, 0..13_u8, 1..4_u128, 0..60_i64).prop_map(|((organization, kind), which, number, minutes)| {
        (organization, kind, event(kind, which, number, minutes))
    })
}

fn event(kind: &str, which: u8, number: u128, minutes: i64) -> IntegrationEvent {
    let attempt = Uuid::from_u128(number);
    let reason = format!("reason {number}");
    let names = ["one", "two", "three"];
    match which {
        0 => started(kind, number, minutes).into(),
        1 => AuthorizationReturned { attempt, leg: 1 }.into(),
        2 => AuthorizationFailed { attempt, reason }.into(),
        3 => Authorized {
            attempt: (minutes > 20).then_some(attempt),
            ..authorized(kind, &format!("account {number}"))
        }
        .into(),
        4 => granted(kind, ResourceKind::Channel, &names[..usize::try_from(number).unwrap()]).into(),
        5 => ResourceWithdrawn {
            connector: connector(kind),
            kind: ResourceKind::Channel,
            resource_ids: vec![format!("id-{}", names[0])],
        }
        .into(),
        6 => Synchronized {
            kind: ResourceKind::Channel,
            count: 1,
        }
        .into(),
        7 => PermissionsChanged {
            scopes: vec![format!("scope {number}")],
        }
        .into(),
        8 => Degraded { reason }.into(),
        9 => Recovered {}.into(),
        10 => Suspended { reason }.into(),
        11 => Resumed {}.into(),
        _ => Disconnected { reason }.into(),
    }
}

fn log(steps: &[Step]) -> Log {
    steps.iter().fold(Log::of("acme"), |log, (organization, kind, event)| {
        log.and(organization).integration(kind, event.clone())
    })
}

/// The aggregate after its own steps.
fn folded(steps: &[Step], organization: &str, kind: &str) -> integration::Integration {
    steps
        .iter()
        .filter(|step| (step.0, step.1) == (organization, kind))
        .fold(integration::Integration::default(), |state, step| state.evolve(&step.2))
}

/// Rows of two integrations of one organization, read at `minutes`, against their aggregates.
async fn check(fixture: &Fixture, steps: &[Step], minutes: i64) -> Result<(), TestCaseError> {
    let acme = organization("acme");
    for kind in ["slack", "github"] {
        let expected = folded(steps, "acme", kind);
        let row = integrations::find(&fixture.database, &acme, &connector(kind), at(minutes))
            .await
            .unwrap();
        let state = row.as_ref().map_or("not_started", |row| &row.state);
        prop_assert_eq!(
            state,
            expected.lifecycle(at(minutes)).as_str(),
            "{} at {}",
            kind,
            minutes
        );
        let reason = row.as_ref().and_then(|row| row.reason.as_deref());
        prop_assert_eq!(reason, expected.reason());
        if let Some(connected) = expected.ever_connected() {
            let row = row.unwrap();
            prop_assert_eq!(&row.scopes, &connected.scopes);
            prop_assert_eq!(row.account_id.as_ref(), Some(&connected.account.id));
        }
    }
    Ok(())
}

#[test]
fn any_history_gives_the_rows_of_its_aggregates_however_it_is_cut() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fixture = runtime.block_on(Fixture::start());
    let histories = (
        prop::collection::vec(step(), 1..30),
        prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    );
    // Each case asks PostgreSQL some twenty times.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&histories, |(steps, cuts)| {
        runtime.block_on(async {
            let events = log(&steps).events;
            checkpoint::reset(&fixture.database).await.unwrap();
            fixture.apply(&events).await;
            let whole = fingerprint(&fixture.database).await.unwrap();
            for minutes in [0, 15, 30, 45, 60] {
                check(&fixture, &steps, minutes).await?;
            }
            fixture.apply(&events).await;
            prop_assert_eq!(&fingerprint(&fixture.database).await.unwrap(), &whole, "applied twice");

            checkpoint::reset(&fixture.database).await.unwrap();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len())).collect();
            places.extend([0, events.len()]);
            places.sort_unstable();
            for cut in places.windows(2) {
                // What was in the last batch comes again, as after a crash.
                fixture.apply(&events[cut[0].saturating_sub(1)..cut[1]]).await;
            }
            prop_assert_eq!(
                &fingerprint(&fixture.database).await.unwrap(),
                &whole,
                "cut at {:?}",
                places
            );
            Ok(())
        })
    });
    outcome.unwrap();
}
