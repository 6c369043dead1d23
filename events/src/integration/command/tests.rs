use super::super::event::Account;
use super::super::event::{ResourceGranted, ResourceWithdrawn, Synchronized};
use super::*;
use crate::{
    ConnectorKind, OrganizationId,
    integration::{Lifecycle, id},
    testing::given,
};

fn connector() -> ConnectorKind {
    ConnectorKind::parse("forge").unwrap()
}

fn authorized() -> Authorized {
    authorized_account("A1")
}

fn authorized_account(id: &str) -> Authorized {
    Authorized {
        connector: connector(),
        account: Account {
            id: id.into(),
            name: "Acme".into(),
        },
        bot_user: Some("B1".into()),
        scopes: vec!["read".into()],
        attempt: None,
        credential: Some(1),
        allowed_at: DateTime::from_timestamp(1_000, 0),
    }
}

fn repository(id: &str, name: &str) -> Resource {
    Resource {
        kind: ResourceKind::Repository,
        id: id.into(),
        name: name.into(),
        url: None,
        private: true,
    }
}

fn granted(resources: &[Resource]) -> IntegrationEvent {
    ResourceGranted {
        connector: connector(),
        resources: resources.to_vec(),
    }
    .into()
}

fn suspended() -> IntegrationEvent {
    Suspended {
        reason: "billing".into(),
    }
    .into()
}

fn disconnected() -> IntegrationEvent {
    Disconnected {
        reason: "uninstalled".into(),
    }
    .into()
}

#[test]
fn authorizing_connects_the_account() {
    given::<Integration>([])
        .when(IntegrationCommand::Authorize(authorized()))
        .then([authorized().into()]);
}

#[test]
fn authorizing_the_same_account_again_stays_quiet() {
    given::<Integration>([authorized().into()])
        .when(IntegrationCommand::Authorize(authorized()))
        .then_nothing();
}

#[test]
fn authorizing_ends_a_suspension() {
    given::<Integration>([authorized().into(), suspended()])
        .when(IntegrationCommand::Authorize(authorized()))
        .then([authorized().into()]);
}

#[test]
fn another_account_has_to_wait_until_the_first_is_let_go() {
    given::<Integration>([authorized().into()])
        .when(IntegrationCommand::Authorize(authorized_account("A2")))
        .then_refused(Refusal::OtherAccount {
            connected: "A1".into(),
            wanted: "A2".into(),
        });
    given::<Integration>([authorized().into(), disconnected()])
        .when(IntegrationCommand::Authorize(authorized_account("A2")))
        .then([authorized_account("A2").into()]);
}

#[test]
fn an_older_credential_does_not_take_the_place_of_a_newer() {
    let with = |credential| Authorized {
        credential: Some(credential),
        ..authorized()
    };
    given::<Integration>([with(2).into()])
        .when(IntegrationCommand::Authorize(with(1)))
        .then_refused(Refusal::Superseded);
    given::<Integration>([with(2).into(), disconnected()])
        .when(IntegrationCommand::Authorize(with(1)))
        .then_refused(Refusal::Superseded);
    given::<Integration>([with(2).into()])
        .when(IntegrationCommand::Authorize(with(3)))
        .then([with(3).into()]);
}

#[test]
fn granting_records_only_what_is_new_or_renamed() {
    given::<Integration>([
        authorized().into(),
        granted(&[repository("1", "a"), repository("2", "b")]),
    ])
    .when(IntegrationCommand::GrantResources {
        resources: vec![repository("1", "a"), repository("2", "renamed"), repository("3", "c")],
    })
    .then([granted(&[repository("2", "renamed"), repository("3", "c")])]);
}

#[test]
fn granting_what_is_known_stays_quiet() {
    given::<Integration>([authorized().into(), granted(&[repository("1", "a")])])
        .when(IntegrationCommand::GrantResources {
            resources: vec![repository("1", "a")],
        })
        .then_nothing();
}

#[test]
fn granting_needs_a_connection() {
    let command = IntegrationCommand::GrantResources {
        resources: vec![repository("1", "a")],
    };
    given::<Integration>([])
        .when(command.clone())
        .then_refused(Refusal::NotConnected);
    given::<Integration>([authorized().into(), disconnected()])
        .when(command)
        .then_refused(Refusal::NotConnected);
}

#[test]
fn withdrawing_records_only_what_was_granted() {
    given::<Integration>([authorized().into(), granted(&[repository("1", "a")])])
        .when(IntegrationCommand::WithdrawResources {
            kind: ResourceKind::Repository,
            resource_ids: vec!["1".into(), "9".into()],
        })
        .then([ResourceWithdrawn {
            connector: connector(),
            kind: ResourceKind::Repository,
            resource_ids: vec!["1".into()],
        }
        .into()]);
}

#[test]
fn withdrawing_what_is_unknown_stays_quiet() {
    given::<Integration>([authorized().into()])
        .when(IntegrationCommand::WithdrawResources {
            kind: ResourceKind::Channel,
            resource_ids: vec!["1".into()],
        })
        .then_nothing();
}

#[test]
fn suspending_and_resuming_are_recorded_once() {
    let suspend = IntegrationCommand::Suspend {
        reason: "billing".into(),
    };
    given::<Integration>([authorized().into()])
        .when(suspend.clone())
        .then([suspended()]);
    given::<Integration>([authorized().into(), suspended()])
        .when(suspend.clone())
        .then_nothing();
    given::<Integration>([])
        .when(suspend)
        .then_refused(Refusal::NotConnected);
    given::<Integration>([authorized().into(), suspended()])
        .when(IntegrationCommand::Resume)
        .then([Resumed {}.into()]);
    given::<Integration>([authorized().into()])
        .when(IntegrationCommand::Resume)
        .then_nothing();
    given::<Integration>([])
        .when(IntegrationCommand::Resume)
        .then_refused(Refusal::NotConnected);
}

#[test]
fn disconnecting_is_recorded_once() {
    let disconnect = IntegrationCommand::Disconnect {
        reason: "uninstalled".into(),
    };
    given::<Integration>([authorized().into()])
        .when(disconnect.clone())
        .then([disconnected()]);
    given::<Integration>([authorized().into(), disconnected()])
        .when(disconnect.clone())
        .then_nothing();
    given::<Integration>([])
        .when(disconnect)
        .then_refused(Refusal::NotConnected);
}

#[test]
fn a_suspended_integration_keeps_its_list_true() {
    let state = given::<Integration>([
        authorized().into(),
        granted(&[repository("1", "a")]),
        suspended(),
        granted(&[repository("2", "b")]),
        Resumed {}.into(),
    ])
    .state;
    let names: Vec<_> = state
        .connected()
        .unwrap()
        .resources
        .values()
        .map(|resource| resource.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(matches!(state.standing, Standing::Active(_)));
}

#[test]
fn reconnecting_starts_with_an_empty_list_under_the_same_identity() {
    let state = given::<Integration>([
        authorized().into(),
        granted(&[repository("1", "a")]),
        disconnected(),
        authorized().into(),
    ])
    .state;
    assert!(state.connected().unwrap().resources.is_empty());
    let organization = OrganizationId::parse("acme").unwrap();
    assert_eq!(id(&organization, &connector()), id(&organization, &connector()));
    assert_ne!(
        id(&organization, &connector()),
        id(&OrganizationId::parse("other").unwrap(), &connector())
    );
}

fn attempt() -> Uuid {
    Uuid::from_u128(7)
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn started() -> IntegrationEvent {
    AuthorizationStarted {
        connector: connector(),
        attempt: attempt(),
        requested_by: "user:maya".into(),
        expires_at: moment(600),
    }
    .into()
}

fn returned(leg: u32) -> IntegrationEvent {
    AuthorizationReturned {
        attempt: attempt(),
        leg,
    }
    .into()
}

fn come_back(leg: u32, by: Option<&str>, now: i64) -> IntegrationCommand {
    IntegrationCommand::Return {
        attempt: attempt(),
        leg,
        by: by.map(str::to_owned),
        now: moment(now),
    }
}

fn authorized_by_attempt() -> Authorized {
    Authorized {
        attempt: Some(attempt()),
        ..authorized()
    }
}

#[test]
fn an_attempt_is_started_once() {
    let IntegrationEvent::AuthorizationStarted(start) = started() else {
        unreachable!()
    };
    given::<Integration>([])
        .when(IntegrationCommand::StartAuthorization(start.clone()))
        .then([started()]);
    given::<Integration>([started()])
        .when(IntegrationCommand::StartAuthorization(start))
        .then_nothing();
}

#[test]
fn coming_back_uses_an_attempt_up() {
    given::<Integration>([started()])
        .when(come_back(1, None, 599))
        .then([returned(1)]);
    given::<Integration>([started(), returned(1)])
        .when(come_back(1, None, 599))
        .then_refused(Refusal::AttemptUsed);
    given::<Integration>([started(), returned(1)])
        .when(come_back(2, Some("user:maya"), 599))
        .then([returned(2)]);
    given::<Integration>([started()])
        .when(come_back(2, None, 599))
        .then_refused(Refusal::AttemptUnknown);
    given::<Integration>([started(), returned(1), returned(2), returned(3)])
        .when(come_back(4, None, 599))
        .then_refused(Refusal::AttemptUnknown);
}

#[test]
fn coming_back_late_unknown_or_as_somebody_else_is_refused() {
    given::<Integration>([started()])
        .when(come_back(1, None, 600))
        .then_refused(Refusal::AttemptExpired);
    given::<Integration>([])
        .when(come_back(1, None, 1))
        .then_refused(Refusal::AttemptUnknown);
    given::<Integration>([started()])
        .when(come_back(1, Some("user:eve"), 1))
        .then_refused(Refusal::AttemptOfAnother);
}

#[test]
fn an_attempt_leads_to_one_authorization() {
    given::<Integration>([started(), returned(1)])
        .when(IntegrationCommand::Authorize(authorized_by_attempt()))
        .then([authorized_by_attempt().into()]);
    given::<Integration>([started(), returned(1), authorized_by_attempt().into()])
        .when(IntegrationCommand::Authorize(authorized_by_attempt()))
        .then_refused(Refusal::AttemptUsed);
    given::<Integration>([started()])
        .when(IntegrationCommand::Authorize(authorized_by_attempt()))
        .then_refused(Refusal::AttemptUnknown);
}

#[test]
fn a_failed_attempt_is_over() {
    let fail = IntegrationCommand::FailAuthorization {
        attempt: attempt(),
        reason: "denied".into(),
    };
    let failed: IntegrationEvent = AuthorizationFailed {
        attempt: attempt(),
        reason: "denied".into(),
    }
    .into();
    given::<Integration>([started(), returned(1)])
        .when(fail.clone())
        .then([failed.clone()]);
    given::<Integration>([started(), returned(1), failed.clone()])
        .when(fail)
        .then_nothing();
    given::<Integration>([started(), returned(1), failed])
        .when(IntegrationCommand::Authorize(authorized_by_attempt()))
        .then_refused(Refusal::AttemptUsed);
}

#[test]
fn old_attempts_are_forgotten() {
    let many = (0..40).map(|number| {
        AuthorizationStarted {
            connector: connector(),
            attempt: Uuid::from_u128(number),
            requested_by: "user:maya".into(),
            expires_at: moment(600),
        }
        .into()
    });
    given::<Integration>(many)
        .when(come_back(1, None, 1))
        .then_refused(Refusal::AttemptUnknown);
}

#[test]
fn synchronizing_leaves_exactly_what_is_there() {
    given::<Integration>([
        authorized().into(),
        granted(&[repository("1", "a"), repository("2", "b"), repository("3", "c")]),
    ])
    .when(IntegrationCommand::Synchronize {
        kind: ResourceKind::Repository,
        resources: vec![repository("2", "b"), repository("3", "renamed"), repository("4", "d")],
    })
    .then([
        ResourceWithdrawn {
            connector: connector(),
            kind: ResourceKind::Repository,
            resource_ids: vec!["1".into()],
        }
        .into(),
        granted(&[repository("3", "renamed"), repository("4", "d")]),
        Synchronized {
            kind: ResourceKind::Repository,
            count: 3,
        }
        .into(),
    ]);
}

#[test]
fn degrading_is_told_once_for_each_reason() {
    let degrade = |reason: &str| IntegrationCommand::Degrade { reason: reason.into() };
    let degraded = |reason: &str| IntegrationEvent::from(Degraded { reason: reason.into() });
    given::<Integration>([authorized().into()])
        .when(degrade("revoked"))
        .then([degraded("revoked")]);
    given::<Integration>([authorized().into(), degraded("revoked")])
        .when(degrade("revoked"))
        .then_nothing();
    given::<Integration>([authorized().into(), degraded("revoked")])
        .when(degrade("scope"))
        .then([degraded("scope")]);
    given::<Integration>([])
        .when(degrade("revoked"))
        .then_refused(Refusal::NotConnected);
    given::<Integration>([authorized().into(), degraded("revoked")])
        .when(IntegrationCommand::Recover)
        .then([Recovered {}.into()]);
    given::<Integration>([authorized().into()])
        .when(IntegrationCommand::Recover)
        .then_nothing();
    given::<Integration>([authorized().into(), disconnected()])
        .when(IntegrationCommand::Recover)
        .then_refused(Refusal::NotConnected);
}

#[test]
fn permissions_are_told_when_they_differ() {
    let change = |scope: &str| IntegrationCommand::ChangePermissions {
        scopes: vec![scope.into()],
    };
    given::<Integration>([authorized().into()])
        .when(change("write"))
        .then([PermissionsChanged {
            scopes: vec!["write".into()],
        }
        .into()]);
    given::<Integration>([authorized().into()])
        .when(change("read"))
        .then_nothing();
    given::<Integration>([])
        .when(change("read"))
        .then_refused(Refusal::NotConnected);
}

#[test]
fn what_is_said_of_another_account_or_an_earlier_connection_changes_nothing() {
    let of = |account: &str, at: Option<i64>| IntegrationCommand::Of {
        account: account.into(),
        at: at.map(moment),
        command: Box::new(IntegrationCommand::Disconnect {
            reason: "uninstalled".into(),
        }),
    };
    let connected = || given::<Integration>([authorized().into()]);
    connected().when(of("A2", None)).then_nothing();
    connected().when(of("A1", Some(999))).then_nothing();
    connected().when(of("A1", Some(1_000))).then([disconnected()]);
    connected().when(of("A1", None)).then([disconnected()]);
    given::<Integration>([]).when(of("A1", None)).then_nothing();
}

#[test]
fn the_lifecycle_is_one_word() {
    let at = |events: &[IntegrationEvent], now: i64| given::<Integration>(events.to_vec()).state.lifecycle(moment(now));
    let degraded: IntegrationEvent = Degraded { reason: "x".into() }.into();
    assert_eq!(at(&[], 0), Lifecycle::NotStarted);
    assert_eq!(at(&[started()], 599), Lifecycle::Pending);
    assert_eq!(at(&[started()], 600), Lifecycle::NotStarted);
    assert_eq!(at(&[authorized().into(), started()], 0), Lifecycle::Active);
    assert_eq!(at(&[authorized().into(), degraded], 0), Lifecycle::Degraded);
    assert_eq!(at(&[authorized().into(), suspended()], 0), Lifecycle::Suspended);
    assert_eq!(at(&[authorized().into(), disconnected()], 0), Lifecycle::Disconnected);
    assert_eq!(
        at(&[authorized().into(), disconnected(), started()], 0),
        Lifecycle::Pending
    );
}
