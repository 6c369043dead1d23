use infragpt_sandbox::GithubPerson;
use serde_json::json;
use url::Url;

use super::world::{Journey, UNCLEAR, World, authorized, begin, public_url, with_state};
use crate::{Completion, Connector, Failure, Returned, github::Github};

/// Somebody authorizes on GitHub's page.
async fn authorize(world: &World, page: &Url, login: &str) -> Journey {
    let journey = world.answer(page, &[("login", login), ("decision", "authorize")]).await;
    assert_eq!(journey.path, "/oauth/github/callback");
    journey
}

/// Maya proves which installations are hers.
async fn proof(world: &World, github: &Github, account: &str) -> Journey {
    let page = github.begin(&begin(Some(account))).unwrap();
    authorize(world, &page, "maya").await
}

#[tokio::test]
async fn an_installation_is_made_and_proved() {
    let world = World::start().await;
    let github = world.github();
    let page = with_state(github.begin(&begin(None)).unwrap(), "state 1");
    let install = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    let journey = world.answer(&page, &install).await;
    assert_eq!(journey.path, "/oauth/github/setup");
    assert_eq!(journey.state.as_deref(), Some("state 1"));
    let id = journey.parameters["installation_id"].clone();

    let completed = github.complete(&journey.returned(1, None)).await.unwrap();
    let Completion::Redirect { url, account } = completed else {
        panic!("{completed:?}")
    };
    assert_eq!(account.as_ref(), Some(&id));
    let journey = authorize(&world, &with_state(url, "state 2"), "maya").await;
    assert_eq!(journey.state.as_deref(), Some("state 2"));
    let authorization = authorized(&*github, &journey.returned(2, Some(&id))).await.unwrap();
    assert_eq!(
        (&authorization.account.id, &*authorization.account.name),
        (&id, "globex")
    );
    assert!(authorization.scopes.contains(&"contents:read".to_owned()) && authorization.scopes.is_sorted());
    assert!(authorization.credential.is_none() && authorization.bot_user.is_none());
    assert_eq!(world.calls("github.revoke_user_token").await, 1);
}

#[tokio::test]
async fn an_installation_that_is_there_is_claimed_by_who_can_see_it() {
    let world = World::with(|configuration| {
        configuration.github.people.push(GithubPerson {
            login: "eve".to_owned(),
            owner: false,
            member_of: vec![],
        });
    })
    .await;
    let github = world.github();
    let journey = proof(&world, &github, "4242").await;
    let authorization = authorized(&*github, &journey.returned(1, Some("4242"))).await.unwrap();
    assert_eq!(authorization.account.name, "acme");

    let page = github.begin(&begin(Some("4242"))).unwrap();
    let journey = authorize(&world, &page, "eve").await;
    let Err(Failure::Refused(reason)) = authorized(&*github, &journey.returned(1, Some("4242"))).await else {
        panic!("somebody else's installation")
    };
    assert!(
        reason.contains("not one of the installations that you can access"),
        "{reason}"
    );
    assert_eq!(world.calls("github.revoke_user_token").await, 2, "whatever came of it");
    // A number in the address is believed no more than the one that was asked for.
    let journey = proof(&world, &github, "4242").await;
    let mut spoofed = journey;
    spoofed
        .parameters
        .insert("installation_id".to_owned(), "4243".to_owned());
    assert!(matches!(
        authorized(&*github, &spoofed.returned(1, None)).await,
        Err(Failure::Refused(_))
    ));
}

#[tokio::test]
async fn without_a_number_the_only_installation_is_taken() {
    let world = World::start().await;
    let github = world.github();
    let journey = proof(&world, &github, "4242").await;
    let authorization = authorized(&*github, &journey.returned(1, None)).await.unwrap();
    assert_eq!(authorization.account.id, "4242");

    let page = github.begin(&begin(None)).unwrap();
    let install = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    world.answer(&page, &install).await;
    let journey = proof(&world, &github, "4242").await;
    let Err(Failure::Refused(reason)) = authorized(&*github, &journey.returned(1, None)).await else {
        panic!("which one?")
    };
    assert!(reason.contains("several"), "{reason}");
}

#[tokio::test]
async fn an_authorization_on_installing_needs_no_second_journey() {
    let world = World::with(|configuration| {
        configuration.github.request_oauth_on_install = true;
        configuration.github.callback_urls = vec![format!("{}oauth/github/callback", public_url())];
    })
    .await;
    let github = world.github();
    let page = github.begin(&begin(None)).unwrap();
    let install = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    let journey = world.answer(&page, &install).await;
    assert_eq!(journey.path, "/oauth/github/callback");
    let authorization = authorized(&*github, &journey.returned(1, None)).await.unwrap();
    assert_eq!(authorization.account.name, "globex");
}

#[tokio::test]
async fn who_can_not_install_has_to_wait() {
    let world = World::start().await;
    let github = world.github();
    let page = github.begin(&begin(None)).unwrap();
    let ask = [("login", "tom"), ("account", "globex"), ("selection", "all")];
    let journey = world.answer(&page, &ask).await;
    let completed = github.complete(&journey.returned(1, None)).await.unwrap();
    assert!(
        matches!(&completed, Completion::Waiting(sentence) if sentence.contains("owner")),
        "{completed:?}"
    );
}

#[tokio::test]
async fn a_no_is_a_no() {
    let world = World::start().await;
    let github = world.github();
    let page = github.begin(&begin(Some("4242"))).unwrap();
    let journey = world.answer(&page, &[("login", "maya"), ("decision", "cancel")]).await;
    assert!(matches!(
        authorized(&*github, &journey.returned(1, Some("4242"))).await,
        Err(Failure::Denied(_))
    ));
}

#[tokio::test]
async fn what_github_refuses_says_what_to_do() {
    let world = World::start().await;
    let github = world.github();
    let journey = proof(&world, &github, "4242").await;
    let wrong = world.github_with(&json!({"client_secret": "wrong"}));
    let Err(Failure::NotConfigured(reason)) = authorized(&*wrong, &journey.returned(1, Some("4242"))).await else {
        panic!("a wrong secret")
    };
    assert!(reason.contains("github.client_secret"), "{reason}");
    authorized(&*github, &journey.returned(1, Some("4242"))).await.unwrap();
    let Err(Failure::Refused(reason)) = authorized(&*github, &journey.returned(1, Some("4242"))).await else {
        panic!("a used code")
    };
    assert!(reason.contains("start again"), "{reason}");
    world
        .control("github_installation", json!({"id": 4242, "action": "suspend"}))
        .await;
    let journey = proof(&world, &github, "4242").await;
    let Err(Failure::Refused(reason)) = authorized(&*github, &journey.returned(1, Some("4242"))).await else {
        panic!("a suspended installation")
    };
    assert!(reason.contains("suspended"), "{reason}");
}

#[tokio::test]
async fn nothing_is_connected_by_an_unclear_answer() {
    let world = World::start().await;
    let github = world.github();
    for kind in UNCLEAR {
        for (operation, times) in [
            ("github.oauth_token", 1),
            ("github.user_installations", 3),
            ("github.installation", 3),
        ] {
            let journey = proof(&world, &github, "4242").await;
            let before = world.calls(operation).await;
            world.fault(operation, kind, times).await;
            let completed = authorized(&*github, &journey.returned(1, Some("4242"))).await;
            assert!(
                matches!(completed, Err(Failure::Unavailable(_))),
                "{operation} {kind}: {completed:?}"
            );
            assert_eq!(
                world.calls(operation).await - before,
                times as usize,
                "{operation} {kind}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_can_not_be_ended_hinders_nobody() {
    let world = World::start().await;
    let github = world.github();
    let journey = proof(&world, &github, "4242").await;
    world.fault("github.revoke_user_token", "status", 3).await;
    authorized(&*github, &journey.returned(1, Some("4242"))).await.unwrap();
}

#[tokio::test]
async fn an_operators_number_is_checked_where_that_can_be() {
    let world = World::start().await;
    let github = world.github();
    let given = |id: &str| Returned::Account(id.to_owned());
    let checked = authorized(&*github, &given("4242")).await.unwrap();
    assert_eq!(checked.account.name, "acme");
    assert!(matches!(
        authorized(&*github, &given("4243")).await,
        Err(Failure::Refused(_))
    ));
    assert!(matches!(
        authorized(&*github, &given("acme")).await,
        Err(Failure::Refused(_))
    ));

    let keyless = world.github_with(&json!({
        "app_id": null, "private_key": null, "client_id": null, "client_secret": null, "webhook_secret": "x",
    }));
    let taken = authorized(&*keyless, &given(" 4243 ")).await.unwrap();
    assert_eq!(
        (&*taken.account.id, &*taken.account.name),
        ("4243", "installation 4243")
    );
    for account in ["", "acme", "4 2", "-1", "042", "99999999999999999999"] {
        assert!(
            matches!(authorized(&*keyless, &given(account)).await, Err(Failure::Refused(_))),
            "{account}"
        );
    }
    assert!(matches!(keyless.begin(&begin(None)), Err(Failure::NotConfigured(_))));
    assert!(matches!(
        authorized(&*keyless, &Returned::Token("ghp_x".into())).await,
        Err(Failure::Refused(_))
    ));
}
