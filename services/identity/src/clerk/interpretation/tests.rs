use std::collections::BTreeMap;

use bytes::Bytes;
use infragpt_events::{Aggregate, organization, user};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{fact::delivery, verification::Signed};
use super::*;

fn stored(body: impl Into<Bytes>) -> Received {
    let signed = Signed {
        id: "msg_1",
        timestamp: "1714000000",
        signature: "v1,x",
    };
    let fact = delivery(signed, &body.into());
    Received {
        envelope: fact.envelope,
        payload: fact.payload,
        stream: "RAW_CLERK".into(),
        subject: fact.subject.to_string(),
        sequence: 1,
        published: at(1_714_999_999_000),
        delivered: 1,
    }
}

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap()
}

fn event(kind: &str, data: &Value) -> Received {
    let event = json!({"data": data, "object": "event", "type": kind, "timestamp": 1_714_000_000_456_i64});
    stored(event.to_string())
}

fn fixture(name: &str) -> Action {
    let body = match name {
        "user.created" => &include_bytes!("../fixtures/user.created.json")[..],
        "user.deleted" => include_bytes!("../fixtures/user.deleted.json"),
        "organization.created" => include_bytes!("../fixtures/organization.created.json"),
        "organization.deleted" => include_bytes!("../fixtures/organization.deleted.json"),
        "organizationMembership.created" => include_bytes!("../fixtures/organizationMembership.created.json"),
        "organizationMembership.deleted" => include_bytes!("../fixtures/organizationMembership.deleted.json"),
        other => panic!("{other}"),
    };
    let received = stored(body);
    assert_eq!(received.payload, body, "a documented payload has no secret");
    match interpret(&received).unwrap() {
        Interpretation::Act { actor, action } => {
            assert_eq!(actor, "clerk:ins_2bAcme");
            action
        }
        Interpretation::Nothing(reason) => panic!("{reason}"),
    }
}

fn acme(commands: Vec<OrganizationCommand>) -> Action {
    Action::Organization {
        organization: OrganizationId::parse("org_2bAcme").unwrap(),
        commands,
    }
}

fn description() -> OrganizationCommand {
    OrganizationCommand::Describe(Description {
        name: "Acme".into(),
        slug: Some("acme".into()),
        updated_at: at(1_714_000_100_123),
    })
}

#[test]
fn a_person_is_known_by_their_name_and_primary_address() {
    let person = Person {
        user: "user_2bMaya".into(),
        name: Some("Maya Lindqvist".into()),
        email: Some("maya@acme.example".into()),
        updated_at: at(1_714_000_000_123),
    };
    let expected = Action::User {
        user: "user_2bMaya".into(),
        command: UserCommand::Describe(person),
    };
    assert_eq!(fixture("user.created"), expected);
}

#[test]
fn a_person_and_an_organization_can_be_gone() {
    let user = "user_2bMaya".to_owned();
    let command = UserCommand::Delete { user: user.clone() };
    assert_eq!(fixture("user.deleted"), Action::User { user, command });
    assert_eq!(fixture("organization.deleted"), acme(vec![OrganizationCommand::Delete]));
}

#[test]
fn an_organization_is_known_by_its_name() {
    assert_eq!(fixture("organization.created"), acme(vec![description()]));
}

#[test]
fn a_membership_says_who_belongs_to_what() {
    let admit = OrganizationCommand::Admit {
        membership: "orgmem_2bMaya".into(),
        member: Member {
            user: "user_2bMaya".into(),
            role: Role::Admin,
            updated_at: at(1_714_000_200_123),
        },
    };
    assert_eq!(
        fixture("organizationMembership.created"),
        acme(vec![description(), admit])
    );
    let dismiss = OrganizationCommand::Dismiss {
        membership: "orgmem_2bMaya".into(),
        user: "user_2bMaya".into(),
    };
    assert_eq!(fixture("organizationMembership.deleted"), acme(vec![dismiss]));
}

#[test]
fn only_clerk_s_administrators_are_administrators() {
    for (word, role) in [
        ("org:admin", Role::Admin),
        ("admin", Role::Admin),
        ("org:member", Role::Member),
        ("basic_member", Role::Member),
        ("org:administrator", Role::Member),
        ("org:billing_admin", Role::Member),
        ("", Role::Member),
    ] {
        assert_eq!(role_named(word), role, "{word}");
    }
}

#[test]
fn a_name_is_what_there_is_of_it() {
    let described = |data: Value| match interpret(&event("user.updated", &data)).unwrap() {
        Interpretation::Act {
            actor,
            action:
                Action::User {
                    command: UserCommand::Describe(person),
                    ..
                },
        } => {
            assert_eq!(actor, "clerk");
            (person.name, person.email, person.updated_at)
        }
        other => panic!("{other:?}"),
    };
    let address = json!([{"id": "idn_1", "email_address": "maya@acme.example"}]);
    for (data, name, email) in [
        (
            json!({"id": "u", "first_name": "Maya", "last_name": " "}),
            Some("Maya"),
            None,
        ),
        (
            json!({"id": "u", "first_name": null, "last_name": "L", "username": "m"}),
            Some("L"),
            None,
        ),
        (
            json!({"id": "u", "first_name": "", "username": "maya"}),
            Some("maya"),
            None,
        ),
        (
            json!({"id": "u", "email_addresses": address}),
            None,
            Some("maya@acme.example"),
        ),
        (
            json!({"id": "u", "email_addresses": address, "primary_email_address_id": "idn_gone"}),
            None,
            Some("maya@acme.example"),
        ),
    ] {
        // Without a time of its own it is as of the webhook's.
        let expected = (name.map(str::to_owned), email.map(str::to_owned), at(1_714_000_000_456));
        assert_eq!(described(data.clone()), expected, "{data}");
    }
}

#[test]
fn everything_else_asks_for_nothing() {
    for kind in EventType::WORDS.iter().copied().chain(["of.tomorrow"]) {
        let is_ours = kind.starts_with("user.")
            || kind.starts_with("organization.")
            || kind.starts_with("organizationMembership.");
        let outcome = interpret(&event(kind, &json!({"id": "x_1"})));
        assert_eq!(matches!(outcome, Ok(Interpretation::Nothing(_))), !is_ours, "{kind}");
    }
}

#[test]
fn what_is_not_as_documented_is_malformed() {
    for (kind, data, problem) in [
        ("user.created", json!({}), "missing field `id`"),
        ("user.created", json!({"id": "user 1"}), "an identifier isn't one"),
        ("user.deleted", json!({"id": "user.*"}), "an identifier isn't one"),
        ("organization.created", json!({"id": "org_1"}), "missing field `name`"),
        (
            "organization.deleted",
            json!({"id": "-"}),
            "the organization's identifier isn't one",
        ),
        (
            "organization.deleted",
            json!({"id": "a.b"}),
            "the organization's identifier isn't one",
        ),
        (
            "organizationMembership.created",
            json!({"id": "orgmem_1", "role": "org:admin", "organization": {"id": "org_1"}}),
            "missing field `public_user_data`",
        ),
        (
            "organizationMembership.deleted",
            json!({"id": "orgmem_1", "deleted": true}),
            "missing field `organization`",
        ),
    ] {
        let malformed = interpret(&event(kind, &data)).unwrap_err();
        assert_eq!(malformed.kind, kind);
        assert!(malformed.problem.contains(problem), "{kind} {data}: {malformed}");
    }
    let malformed = interpret(&stored("not json")).unwrap_err();
    assert_eq!(
        malformed.to_string(),
        "the payload can't be read as Clerk's `malformed`: it isn't valid JSON (line 1, column 2)"
    );
}

/// What is known after these were heard, in this order.
fn heard(
    facts: &[(&'static str, Value)],
) -> (
    BTreeMap<String, organization::Organization>,
    BTreeMap<String, user::User>,
) {
    fn hear<A: Aggregate>(state: &mut A, command: A::Command) {
        let events = state.decide(command).unwrap();
        *state = events.iter().fold(state.clone(), A::evolve);
    }
    let (mut organizations, mut users) = (BTreeMap::new(), BTreeMap::new());
    for (kind, data) in facts {
        match interpret(&event(kind, data)).unwrap() {
            Interpretation::Act {
                action: Action::Organization { organization, commands },
                ..
            } => {
                let state = organizations.entry(organization.to_string()).or_default();
                for command in commands {
                    hear(state, command);
                }
            }
            Interpretation::Act {
                action: Action::User { user, command },
                ..
            } => hear(users.entry(user).or_default(), command),
            Interpretation::Nothing(reason) => panic!("{reason}"),
        }
    }
    (organizations, users)
}

fn anything() -> impl Strategy<Value = (&'static str, Value)> {
    let organization = || {
        ("[12]", "[ab]", 0..4_i64)
            .prop_map(|(id, name, at)| json!({"id": format!("org_{id}"), "name": name, "updated_at": at}))
    };
    let membership = move || {
        (
            organization(),
            "[12]",
            prop_oneof![Just("org:admin"), Just("org:member")],
            0..4_i64,
        )
            .prop_map(|(organization, user, role, at)| {
                let id = format!("orgmem_{}_{user}", organization["id"].as_str().unwrap());
                json!({
                    "id": id, "role": role, "organization": organization,
                    "public_user_data": {"user_id": format!("user_{user}")}, "updated_at": at,
                })
            })
    };
    let user = ("[12]", "[ab]", 0..4_i64)
        .prop_map(|(id, name, at)| json!({"id": format!("user_{id}"), "first_name": name, "updated_at": at}));
    let gone = |what: &'static str| "[12]".prop_map(move |id| json!({"id": format!("{what}_{id}"), "deleted": true}));
    let named = |kind: &'static str| move |data: Value| (kind, data);
    prop_oneof![
        4 => organization().prop_map(named("organization.updated")),
        8 => membership().prop_map(named("organizationMembership.updated")),
        2 => membership().prop_map(named("organizationMembership.deleted")),
        4 => user.prop_map(named("user.updated")),
        1 => gone("org").prop_map(named("organization.deleted")),
        1 => gone("user").prop_map(named("user.deleted")),
    ]
}

proptest! {
    #[test]
    fn facts_in_any_order_and_twice_end_the_same(
        (facts, again) in proptest::collection::vec(anything(), 1..14).prop_flat_map(|facts| {
            let twice = [facts.clone(), facts.clone()].concat();
            (Just(facts), Just(twice).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(heard(&facts), heard(&again));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let received = stored(bytes);
        let is_json = serde_json::from_slice::<IgnoredAny>(&received.payload).is_ok();
        prop_assert_eq!(interpret(&received).is_ok(), is_json);
    }
}
