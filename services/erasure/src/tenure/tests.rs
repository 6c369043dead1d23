use infragpt_events::integration::{Account, Authorized, Disconnected, Recovered};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn organization(name: &str) -> OrganizationId {
    OrganizationId::parse(name).unwrap()
}

fn tenure(name: &str, from: i64, to: Option<i64>) -> Tenure {
    Tenure {
        organization: organization(name),
        from: at(from),
        to: to.map(at),
    }
}

fn claim(name: &str, after: Option<i64>) -> Claim {
    Claim {
        after: after.map(at),
        ..Claim::new(organization(name), Uuid::nil())
    }
}

fn window(since: Option<i64>, until: Option<i64>) -> Window {
    Window {
        since: since.map(at),
        until: until.map(at),
    }
}

fn acme(all: &[Tenure], claim: Option<&Claim>) -> Vec<Window> {
    windows(&organization("acme"), all.to_vec(), claim)
}

#[test]
fn the_only_one_who_had_it_has_all_of_it() {
    let all = [tenure("acme", 10, Some(20))];
    assert_eq!(acme(&all, Some(&claim("acme", None))), [window(None, None)]);
    assert_eq!(
        acme(&all, None),
        [window(None, None)],
        "nobody has it, and nobody else had"
    );
    let twice = [tenure("acme", 10, Some(20)), tenure("acme", 30, None)];
    assert_eq!(acme(&twice, Some(&claim("acme", None))), [window(None, None)]);
}

#[test]
fn what_it_said_after_it_went_elsewhere_is_not_ours() {
    let all = [tenure("acme", 10, Some(20)), tenure("globex", 40, None)];
    let exact = claim("globex", Some(25));
    assert_eq!(acme(&all, Some(&exact)), [window(None, Some(25))]);
    // Claimed, and not connected yet.
    assert_eq!(acme(&all[..1], Some(&exact)), [window(None, Some(25))]);
    // A third one has it: when the second got it is not known any more.
    let third = [
        all[0].clone(),
        tenure("globex", 40, Some(50)),
        tenure("initech", 60, None),
    ];
    assert_eq!(
        acme(&third, Some(&claim("initech", Some(55)))),
        [window(None, Some(20))]
    );
    // The second let it go and has it again: the claim tells of the second time.
    let again = [
        all[0].clone(),
        tenure("globex", 40, Some(50)),
        tenure("globex", 60, None),
    ];
    assert_eq!(acme(&again, Some(&claim("globex", Some(25)))), [window(None, Some(20))]);
}

#[test]
fn what_it_said_before_it_came_from_elsewhere_is_not_ours() {
    let all = [tenure("globex", 10, Some(20)), tenure("acme", 40, None)];
    assert_eq!(acme(&all, Some(&claim("acme", Some(25)))), [window(Some(25), None)]);
    let passed_on = [
        all[0].clone(),
        tenure("acme", 40, Some(50)),
        tenure("initech", 60, None),
    ];
    assert_eq!(
        acme(&passed_on, Some(&claim("initech", Some(55)))),
        [window(Some(40), Some(55))]
    );
}

#[test]
fn it_can_be_ours_more_than_once() {
    let all = [
        tenure("acme", 10, Some(20)),
        tenure("globex", 30, Some(40)),
        tenure("acme", 50, Some(60)),
    ];
    assert_eq!(
        acme(&all, Some(&claim("acme", Some(45)))),
        [window(None, Some(20)), window(Some(45), None)]
    );
}

#[test]
fn a_history_tells_when_it_was_connected() {
    let authorized = |account: &str| -> IntegrationEvent {
        Authorized {
            connector: "slack".parse().unwrap(),
            account: Account {
                id: account.to_owned(),
                name: account.to_owned(),
            },
            bot_user: None,
            scopes: vec![],
            attempt: None,
            credential: None,
            allowed_at: None,
        }
        .into()
    };
    let ended = || -> IntegrationEvent {
        Disconnected {
            reason: "enough".into(),
        }
        .into()
    };
    let history = [
        (at(10), authorized("T1")),
        (at(15), authorized("T1")),
        (at(16), Recovered {}.into()),
        (at(20), ended()),
        (at(30), authorized("T2")),
        (at(40), ended()),
        (at(50), authorized("T1")),
    ];
    let of = |account| tenures(&organization("acme"), account, &history);
    assert_eq!(of("T1"), [tenure("acme", 10, Some(20)), tenure("acme", 50, None)]);
    assert_eq!(of("T2"), [tenure("acme", 30, Some(40))]);
    assert_eq!(of("T3"), []);
}

proptest! {
    /// Whatever happened: nothing that was said while somebody else was connected is ours.
    #[test]
    fn what_others_heard_is_theirs(
        owners in prop::collection::vec(0_usize..3, 1..6),
        released in any::<bool>(),
        moment in 0_i64..80,
    ) {
        const NAMES: [&str; 3] = ["acme", "globex", "initech"];
        // Each is connected for five seconds of ten; the account is let go at 7.
        let mut all = Vec::new();
        for (index, owner) in owners.iter().enumerate() {
            let begin = i64::try_from(index).unwrap() * 10;
            let is_last = index + 1 == owners.len();
            let to = (released || !is_last).then_some(begin + 5);
            all.push(tenure(NAMES[*owner], begin, to));
        }
        let last = owners[owners.len() - 1];
        let handed_over = (1..owners.len()).rev().find(|index| owners[*index - 1] != owners[*index]);
        let after = handed_over.map(|index| i64::try_from(index).unwrap() * 10 - 3);
        let held = claim(NAMES[last], after);
        let ours = acme(&all, Some(&held));
        let time = at(moment);
        for other in all.iter().filter(|tenure| tenure.organization != organization("acme")) {
            let theirs = time > other.from && other.to.is_none_or(|to| time <= to);
            prop_assert!(!(theirs && ours.iter().any(|window| window.covers(time))), "{ours:?} {moment}");
        }
        // And everything that was said while we were is ours.
        for own in all.iter().filter(|tenure| tenure.organization == organization("acme")) {
            let is_own = time > own.from && own.to.is_none_or(|to| time <= to);
            prop_assert!(!is_own || ours.iter().any(|window| window.covers(time)), "{ours:?} {moment}");
        }
    }
}
