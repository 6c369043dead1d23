//! A deleted person leaves nothing but that they were there.

use serde_json::json;

use crate::harness::{Installation, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_person_is_gone_from_the_files_and_others_are_not() {
    let installation = Installation::start().await;
    for user in ["user_tom", "user_maya"] {
        installation.register(user).await;
        let canary = format!("canary-{user}-said");
        let own = json!({ "data": { "id": user, "first_name": canary } });
        installation.clerk(None, "user.updated", &own).await;
        let membership = json!({ "data": { "public_user_data": { "user_id": user, "first_name": canary } } });
        installation
            .clerk(Some("acme"), "organizationMembership.created", &membership)
            .await;
    }
    // It is about acme, and names who made it.
    let acme = json!({ "data": { "id": "acme", "created_by": "user_tom" } });
    let about_acme = installation.clerk(Some("acme"), "organization.created", &acme).await;
    let not_json = infragpt_nats::RawSubject::clerk(None, "user.created");
    installation
        .fact("clerk", &not_json, "{ user_tom, canary-user_tom-said")
        .await;
    installation.bury("RAW_CLERK", "clerk_handler").await;
    assert_eq!(installation.subjects("DEAD_LETTERS", ">").await.len(), 6);
    assert!(installation.files_with("canary-user_tom-name") > 0, "the search finds");
    assert!(installation.files_with("canary-user_tom-said") > 0);

    installation.delete_person("user_tom").await;
    let running = installation.erase().await;
    let erased = installation.until_person_erased("user_tom").await;
    running.stop().await;
    assert_eq!(installation.files_with("canary-user_tom"), 0);
    assert!(installation.files_with("canary-user_maya-name") > 0);
    assert!(installation.files_with("canary-user_maya-said") > 0);
    assert_eq!(
        installation.subjects("RAW_CLERK", ">").await,
        [
            "raw.clerk.-.user_updated",
            "raw.clerk.acme.organizationMembership_created"
        ]
    );
    assert_eq!(installation.subjects("DEAD_LETTERS", ">").await.len(), 2);
    let subjects = installation.subjects("EVENTS", "events.user.>").await;
    let names: Vec<&str> = subjects
        .iter()
        .map(|subject| subject.rsplit('.').next().unwrap())
        .collect();
    assert_eq!(names, ["registered", "deleted", "erased"]);

    assert_eq!((erased.user.as_str(), erased.events, erased.facts), ("user_tom", 1, 8));
    let [clerk] = &erased.erased[..] else {
        panic!("{erased:?}")
    };
    assert_eq!((clerk.stream.as_str(), clerk.prefix.as_str()), ("RAW_CLERK", ""));
    assert_eq!(clerk.sequences, [1, 2, about_acme, about_acme + 1]);
}

/// What is said of an organization matters to it, whoever it names: it is erased once it was heard.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_organization_has_not_heard_yet_waits() {
    let installation = Installation::start().await;
    installation.register("user_tom").await;
    let own = json!({ "data": { "id": "user_tom" } });
    installation.clerk(None, "user.updated", &own).await;
    let acme = json!({ "data": { "id": "acme", "created_by": "user_tom" } });
    installation.clerk(Some("acme"), "organization.created", &acme).await;
    installation.delete_person("user_tom").await;
    let running = installation.erase().await;
    let unheard = until("their own to be erased", async || {
        let subjects = installation.subjects("RAW_CLERK", ">").await;
        (subjects.len() < 2).then_some(subjects)
    })
    .await;
    assert_eq!(unheard, ["raw.clerk.acme.organization_created"]);
    assert!(
        installation
            .subjects("EVENTS", "events.user.-.*.erased")
            .await
            .is_empty()
    );
    installation.bury("RAW_CLERK", "clerk_handler").await;
    let erased = installation.until_person_erased("user_tom").await;
    running.stop().await;
    assert!(installation.subjects("RAW_CLERK", ">").await.is_empty());
    assert!(installation.subjects("DEAD_LETTERS", ">").await.is_empty());
    assert_eq!(erased.erased[0].sequences, [1, 2]);
}
