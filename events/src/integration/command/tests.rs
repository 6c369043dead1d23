use super::super::event::Account;
use super::*;
use crate::{ConnectorKind, OrganizationId, integration::id, testing::given};

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
    assert!(matches!(state, Integration::Active(_)));
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
