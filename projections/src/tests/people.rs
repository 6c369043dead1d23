//! Organizations, their members, and people.

use infragpt_events::organization::{
    CompanySize, Confirmed, MemberConfirmed, MemberRemoved, MemberRoleChanged, Renamed, Role,
};
use infragpt_events::user::{self, Updated};

use super::fixture::{Fixture, Log, at, created, joined, organization, profile, registered};
use crate::{
    members::{self, Filter, Key, Member},
    organizations,
    users::{self, User},
};

async fn member(fixture: &Fixture, whose: &str, user: &str) -> Option<Member> {
    let connection = &mut *fixture.connection().await;
    members::find(connection, &organization(whose), user).await.unwrap()
}

#[tokio::test]
async fn an_organization_is_called_as_it_was_called_last() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .organization(created("Acme", 1))
        .organization(profile(CompanySize::UpTo10))
        .organization(Renamed {
            name: "Acme\0 Inc.".to_owned(),
            slug: None,
            updated_at: at(5),
        })
        .organization(Confirmed { updated_at: at(9) })
        .organization(profile(CompanySize::UpTo50));
    fixture.apply(&log.events).await;
    let connection = &mut *fixture.connection().await;
    let found = organizations::find(connection, &organization("acme"))
        .await
        .unwrap()
        .unwrap();
    let said = profile(CompanySize::UpTo50).profile;
    let expected = organizations::Organization {
        id: "acme".to_owned(),
        name: Some("Acme\u{fffd} Inc.".to_owned()),
        slug: None,
        updated_at: Some(at(9)),
        profile: Some(said),
        profile_set_at: Some(at(5)),
    };
    assert_eq!(found, expected);
    let unknown = organizations::find(connection, &organization("rival")).await.unwrap();
    assert_eq!(unknown, None);
}

#[tokio::test]
async fn a_membership_may_come_before_its_organization_and_its_person() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme").organization(joined("maya", Role::Admin, 1));
    fixture.apply(&log.events).await;
    let known = member(&fixture, "acme", "user_maya").await.unwrap();
    assert_eq!((known.role, known.name, known.since), (Role::Admin, None, at(1)));
    let connection = &mut *fixture.connection().await;
    let nameless = organizations::find(connection, &organization("acme")).await.unwrap();
    assert_eq!(nameless.unwrap().name, None);

    let log = log.user(registered("maya", 2)).organization(created("Acme", 3));
    fixture.apply(&log.events).await;
    let known = member(&fixture, "acme", "user_maya").await.unwrap();
    assert_eq!(known.email.as_deref(), Some("maya@example.test"));
}

#[tokio::test]
async fn of_two_memberships_the_newest_that_did_not_end_counts() {
    let fixture = Fixture::start().await;
    let again = |role, minutes| infragpt_events::organization::MemberAdded {
        membership: "mem_again".to_owned(),
        ..joined("maya", role, minutes)
    };
    let removed = |membership: &str| MemberRemoved {
        membership: membership.to_owned(),
        user: "user_maya".to_owned(),
    };
    let mut log = Log::of("acme").organization(joined("maya", Role::Admin, 5));
    let role = async |log: &Log| {
        fixture.apply(&log.events).await;
        member(&fixture, "acme", "user_maya").await.map(|member| member.role)
    };
    assert_eq!(role(&log).await, Some(Role::Admin));
    log = log.organization(again(Role::Member, 7));
    assert_eq!(role(&log).await, Some(Role::Member), "the newer");
    log = log.organization(MemberConfirmed {
        membership: "mem_maya".to_owned(),
        user: "user_maya".to_owned(),
        updated_at: at(9),
    });
    assert_eq!(role(&log).await, Some(Role::Admin), "what is confirmed is newer");
    log = log.organization(removed("mem_maya"));
    assert_eq!(role(&log).await, Some(Role::Member));
    log = log.organization(MemberRoleChanged {
        membership: "mem_again".to_owned(),
        user: "user_maya".to_owned(),
        role: Role::Admin,
        updated_at: at(11),
    });
    assert_eq!(role(&log).await, Some(Role::Admin));
    log = log
        .organization(removed("mem_again"))
        .organization(removed("mem_unheard"));
    assert_eq!(role(&log).await, None);
    let ended = infragpt_events::organization::MemberAdded {
        membership: "mem_unheard".to_owned(),
        ..joined("maya", Role::Admin, 20)
    };
    log = log.organization(ended);
    assert_eq!(role(&log).await, None, "what ended does not begin again");
}

#[tokio::test]
async fn members_are_paged_by_their_identifier_and_found_by_their_role() {
    let fixture = Fixture::start().await;
    let mut log = Log::of("acme");
    for (name, role) in [
        ("c", Role::Member),
        ("a", Role::Admin),
        ("b", Role::Member),
        ("d", Role::Admin),
    ] {
        log = log.organization(joined(name, role, 1)).user(registered(name, 1));
    }
    let twice = infragpt_events::organization::MemberAdded {
        membership: "mem_b2".to_owned(),
        ..joined("b", Role::Admin, 2)
    };
    let log = log
        .organization(twice)
        .and("rival")
        .organization(joined("a", Role::Member, 1));
    fixture.apply(&log.events).await;
    let acme = organization("acme");
    let connection = &mut *fixture.connection().await;
    let mut page = async |role, after: Option<&str>, limit| {
        let key = after.map(|user_id| Key {
            user_id: user_id.to_owned(),
        });
        let page = members::page(connection, &acme, &Filter { role }, key.as_ref(), limit)
            .await
            .unwrap();
        let names: Vec<_> = page.rows.into_iter().map(|member| member.name.unwrap()).collect();
        (names.join(""), page.next.map(|key| key.user_id))
    };
    assert_eq!(page(None, None, 3).await, ("abc".to_owned(), Some("user_c".to_owned())));
    assert_eq!(page(None, Some("user_c"), 3).await, ("d".to_owned(), None));
    assert_eq!(
        page(Some(Role::Admin), None, 2).await,
        ("ab".to_owned(), Some("user_b".to_owned()))
    );
    assert_eq!(page(Some(Role::Admin), Some("user_b"), 2).await, ("d".to_owned(), None));
    assert_eq!(page(Some(Role::Member), None, 9).await, ("c".to_owned(), None));
}

#[tokio::test]
async fn a_person_is_called_as_they_were_called_last() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .user(user::Confirmed {
            user: "user_maya".to_owned(),
            updated_at: at(0),
        })
        .user(registered("maya", 1))
        .user(Updated {
            user: "user_maya".to_owned(),
            name: None,
            email: Some("m@example.test".to_owned()),
            updated_at: at(2),
        })
        .user(user::Confirmed {
            user: "user_maya".to_owned(),
            updated_at: at(3),
        });
    fixture.apply(&log.events).await;
    let connection = &mut *fixture.connection().await;
    let expected = User {
        id: "user_maya".to_owned(),
        name: None,
        email: Some("m@example.test".to_owned()),
        updated_at: Some(at(3)),
    };
    assert_eq!(users::find(connection, "user_maya").await.unwrap(), Some(expected));
    assert_eq!(users::find(connection, "user_tom").await.unwrap(), None);
}
