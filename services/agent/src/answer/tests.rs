use chrono::{DateTime, Utc};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::question::{ChangesQuestion, Intent, understand};

fn now() -> DateTime<Utc> {
    "2026-11-22T14:05:00Z".parse().unwrap()
}

fn asked(question: &str) -> ChangesQuestion {
    match understand(question, now()) {
        Intent::Changes(asked) => asked,
        other => panic!("{other:?}"),
    }
}

fn change(kind: &str, title: &str, reference: Option<&str>, person: &str, at: &str, details: &[&str]) -> Value {
    json!({
        "kind": kind, "repository": "acme/payments", "title": title, "url": "https://github.com/acme/payments/x/1",
        "actor": {"id": "7", "name": person, "url": format!("https://github.com/{person}")},
        "reference": reference, "revision": "9f8e7d6c", "details": details, "occurred_at": at,
    })
}

fn found(changes: &[Value]) -> Changes {
    serde_json::from_value(json!({"changes": changes, "truncated": false})).unwrap()
}

fn a_day() -> Changes {
    found(&[
        change("release", "v1.4.0", Some("v1.4.0"), "maya", "2026-11-22T13:40:00Z", &[]),
        change(
            "workflow_run_failed",
            "CI failed on main",
            Some("main"),
            "liam",
            "2026-11-22T13:02:00Z",
            &["conclusion: failure"],
        ),
        change(
            "pull_request_merged",
            "Retry payments once",
            Some("#12"),
            "maya",
            "2026-11-22T12:58:00Z",
            &[],
        ),
        change(
            "push",
            "3 commits to main",
            Some("main"),
            "maya",
            "2026-11-22T12:57:00Z",
            &["Retry once", "Round up", "Test it", "Say why"],
        ),
        change(
            "deployment",
            "Deployed to production",
            Some("main"),
            "deploy-bot",
            "2026-11-22T13:45:00Z",
            &["state: success"],
        ),
    ])
}

fn integrations() -> Integrations {
    serde_json::from_value(json!({"integrations": [
        {"connector": "github", "state": "active", "account": {"id": "42", "name": "acme"}, "authorized_at": "2026-11-20T08:00:00Z",
         "repositories": ["acme/payments", "acme/web"], "channels": []},
        {"connector": "slack", "state": "suspended", "account": {"id": "T1", "name": "Acme <!channel>"}, "authorized_at": null,
         "repositories": [], "channels": ["deploys", "general"]},
    ]}))
    .unwrap()
}

#[test]
fn what_changed_today() {
    let answer = changes(
        &asked("what changed in acme/payments today?"),
        Some("acme/payments"),
        &a_day(),
    );
    assert_snapshot!(answer);
}

#[test]
fn who_did_what_this_week_everywhere() {
    assert_snapshot!(changes(&asked("who did what this week?"), None, &a_day()));
}

#[test]
fn what_failed_and_why() {
    let failed = found(&[change(
        "workflow_run_failed",
        "CI failed",
        Some("main"),
        "liam",
        "2026-11-22T03:02:00Z",
        &[],
    )]);
    assert_snapshot!(changes(
        &asked("why did acme/payments fail last night?"),
        Some("acme/payments"),
        &failed
    ));
}

#[test]
fn nothing_found() {
    let asked = asked("what purple deploys in acme/payments in the last 3 hours?");
    assert_snapshot!(changes(&asked, Some("acme/payments"), &Changes::default()));
}

#[test]
fn nothing_by_that_person() {
    assert_snapshot!(changes(&asked("what changed by zoe today"), None, &a_day()));
    assert_snapshot!(changes(&asked("what changed by me today"), None, &a_day()));
}

#[test]
fn only_by_one_person() {
    let answer = changes(&asked("what changed by Maya today?"), Some("acme/payments"), &a_day());
    assert!(answer.contains("v1.4.0") && !answer.contains("liam"), "{answer}");
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let many = (0..40)
        .map(|n| change("push", &format!("push {n}"), None, "maya", "2026-11-22T12:00:00Z", &[]))
        .collect::<Vec<_>>();
    let mut many = found(&many);
    many.truncated = true;
    let answer = changes(&asked("what changed today?"), None, &many);
    assert!(
        answer.contains("… and 30 more") && answer.contains("the oldest are missing"),
        "{answer}"
    );
}

#[test]
fn hostile_titles_stay_text() {
    let hostile = found(&[change(
        "push",
        "<!channel> [pay](https://evil.example)\n# **now** @here",
        None,
        "<@U1>",
        "2026-11-22T12:00:00Z",
        &["`rm -rf`"],
    )]);
    assert_snapshot!(changes(&asked("what changed today?"), None, &hostile));
}

#[test]
fn an_unknown_kind_is_shown_as_something_else() {
    let new = found(&[change(
        "incident_opened",
        "Queue is full",
        None,
        "maya",
        "2026-11-22T12:00:00Z",
        &[],
    )]);
    assert!(changes(&asked("what changed today?"), None, &new).contains("**Other changes (1)**"));
}

#[test]
fn a_connection_that_does_not_work_says_why_and_what_it_told_still_counts() {
    let found: Integrations = serde_json::from_value(json!({"integrations": [
        {"connector": "github", "state": "degraded", "reason": "GitHub does not take the App's key: check it.",
         "account": {"id": "4242", "name": "acme"}, "repositories": ["acme/payments"]},
        {"connector": "slack", "state": "pending", "account": {"id": "", "name": ""}},
    ]}))
    .unwrap();
    assert_eq!(found.repositories(), ["acme/payments"]);
    assert_snapshot!("connected_not_working", connected(&found));
}

#[test]
fn about_itself() {
    assert_snapshot!("help", help());
    assert_snapshot!("unknown", unknown());
    assert_snapshot!("no_action", no_action());
    assert_snapshot!("connected", connected(&integrations()));
    assert_snapshot!("nothing_connected", connected(&Integrations::default()));
    let period = asked("what changed since 2027-01-01").period;
    assert_snapshot!("not_begun", not_begun(&period));
}

#[test]
fn how_things_are() {
    let status_now: Status = serde_json::from_value(json!({
        "integrations": [
            {"connector": "github", "state": "active", "account": {"id": "42", "name": "acme"}, "repositories": ["acme/payments"], "channels": []},
            {"connector": "slack", "state": "active", "account": {"id": "T1", "name": "Acme"}, "repositories": [], "channels": ["general"]},
        ],
        "conversations": 3, "changes_today": 5, "last_change_at": "2026-11-22T13:45:00Z", "projection_lag_seconds": 0.2,
    }))
    .unwrap();
    assert_snapshot!("status", status(&status_now, now()));
    assert_snapshot!(
        "status_of_nothing",
        status(
            &Status {
                projection_lag_seconds: Some(75.0),
                ..Status::default()
            },
            now()
        )
    );
}

#[test]
fn repositories_that_are_not_there() {
    let connected = ["acme/payments", "acme/web"];
    assert_snapshot!(
        "not_connected_near",
        repository_not_connected("acme/paymets", &["acme/payments".to_owned()], &connected)
    );
    assert_snapshot!("not_connected", repository_not_connected("kitchen", &[], &connected));
    assert_snapshot!("not_connected_none", repository_not_connected("kitchen", &[], &[]));
    assert_snapshot!(
        "ambiguous",
        repository_ambiguous("web", &["acme/web".to_owned(), "other/web".to_owned()])
    );
}

proptest! {
    #[test]
    fn nothing_that_strangers_wrote_becomes_markup(title in "\\PC{0,80}", person in "\\PC{0,30}", detail in "\\PC{0,60}", url in "\\PC{0,60}") {
        let mut change = change("push", &title, Some(&detail), &person, "2026-11-22T12:00:00Z", &[&detail]);
        change["url"] = json!(url);
        change["actor"]["url"] = json!(url);
        for question in ["what changed today?", "who did what today?"] {
            let answer = changes(&asked(question), None, &found(std::slice::from_ref(&change)));
            prop_assert!(!answer.contains('<'));
            prop_assert!(!answer.contains("]("), "{answer}");
        }
    }
}
