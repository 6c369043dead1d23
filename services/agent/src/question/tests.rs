use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;

/// A Sunday afternoon.
fn now() -> DateTime<Utc> {
    "2026-11-22T14:05:00Z".parse().unwrap()
}

fn changes(question: &str) -> ChangesQuestion {
    match understand(question, now()) {
        Intent::Changes(changes) => changes,
        other => panic!("`{question}` was understood as {other:?}"),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn the_question_of_the_scenario() {
    let asked = changes("what changed in acme/payments today?");
    assert_eq!(asked.repository.as_deref(), Some("acme/payments"));
    assert_eq!(
        asked.period,
        Period {
            since: at("2026-11-22T00:00:00Z"),
            until: now(),
            name: "today".to_owned()
        }
    );
    assert!(asked.kinds.is_empty() && asked.people.is_empty() && asked.not_understood.is_empty());
    assert_eq!(asked.grouping, Grouping::Kind);
}

#[test]
fn repositories_are_found_however_they_are_written() {
    for question in [
        "what changed in acme/payments?",
        "What changed in `acme/payments`?",
        "acme/payments",
        "anything new in https://github.com/acme/payments?",
        "what changed in <https://github.com/acme/payments/pull/7|that> yesterday",
        "show me the changes of the acme/payments repository please",
        "so what happened to acme/payments this week",
        "status of acme/payments?",
    ] {
        assert_eq!(
            changes(question).repository.as_deref(),
            Some("acme/payments"),
            "{question}"
        );
    }
    for question in [
        "what changed in payments?",
        "what changed in the payments repo in the last 3 hours",
        "whats new in our payments service",
        "payments repository changes since monday",
        "who deployed to payments yesterday",
        "what is going on with payments?",
        "anything in payments today?",
    ] {
        assert_eq!(changes(question).repository.as_deref(), Some("payments"), "{question}");
    }
    for question in [
        "what changed in the last 3 hours",
        "what changed on monday",
        "what changed in all repositories",
        "what changed in general",
        "what failed in CI today",
        "what changed and/or failed",
        "I want to know what changed",
    ] {
        assert_eq!(changes(question).repository, None, "{question}");
    }
}

#[test]
fn periods_are_read() {
    let day = |date: &str, next: &str| (at(&format!("{date}T00:00:00Z")), at(&format!("{next}T00:00:00Z")));
    let since = |time: &str| (at(time), now());
    for (said, expected, name) in [
        ("", since("2026-11-21T14:05:00Z"), "the last 24 hours"),
        ("today", since("2026-11-22T00:00:00Z"), "today"),
        ("yesterday", day("2026-11-21", "2026-11-22"), "yesterday"),
        ("in the last 3 hours", since("2026-11-22T11:05:00Z"), "the last 3 hours"),
        ("in the past two days", since("2026-11-20T14:05:00Z"), "the last 2 days"),
        ("last hour", since("2026-11-22T13:05:00Z"), "the last hour"),
        ("over the past week", since("2026-11-15T14:05:00Z"), "the last week"),
        ("last 24h", since("2026-11-21T14:05:00Z"), "the last 24 hours"),
        ("last 30 minutes", since("2026-11-22T13:35:00Z"), "the last 30 minutes"),
        ("this week", since("2026-11-16T00:00:00Z"), "this week"),
        ("this month", since("2026-11-01T00:00:00Z"), "this month"),
        ("last week", day("2026-11-09", "2026-11-16"), "last week"),
        ("last month", day("2026-10-01", "2026-11-01"), "last month"),
        ("since monday", since("2026-11-16T00:00:00Z"), "since Monday"),
        ("since last Friday", since("2026-11-20T00:00:00Z"), "since Friday"),
        ("since sunday", since("2026-11-22T00:00:00Z"), "since Sunday"),
        ("on Friday", day("2026-11-20", "2026-11-21"), "on Friday"),
        ("since 2026-11-20", since("2026-11-20T00:00:00Z"), "since 2026-11-20"),
        ("on 2026-11-20", day("2026-11-20", "2026-11-21"), "on 2026-11-20"),
        ("on 20 November", day("2026-11-20", "2026-11-21"), "on 2026-11-20"),
        ("on dec 24th", day("2025-12-24", "2025-12-25"), "on 2025-12-24"),
        ("since 09:30", since("2026-11-22T09:30:00Z"), "since 09:30 UTC"),
        ("since 9am", since("2026-11-22T09:00:00Z"), "since 09:00 UTC"),
        (
            "since 23:00 UTC",
            since("2026-11-21T23:00:00Z"),
            "since 23:00 UTC yesterday",
        ),
        ("since yesterday", since("2026-11-21T00:00:00Z"), "since yesterday"),
        ("since 2 hours ago", since("2026-11-22T12:05:00Z"), "since 2 hours ago"),
        (
            "last night",
            (at("2026-11-21T18:00:00Z"), at("2026-11-22T06:00:00Z")),
            "last night (18:00 to 06:00 UTC)",
        ),
        (
            "between monday and wednesday",
            day("2026-11-16", "2026-11-19"),
            "from Monday to Wednesday",
        ),
        (
            "from 09:00 to 12:00",
            (at("2026-11-22T09:00:00Z"), at("2026-11-22T12:00:00Z")),
            "from 09:00 UTC to 12:00 UTC",
        ),
    ] {
        for question in [
            format!("what changed {said}?"),
            format!("What failed in acme/payments {said}"),
        ] {
            let asked = changes(&question);
            assert_eq!((asked.period.since, asked.period.until), expected, "{question}");
            assert_eq!(asked.period.name, name, "{question}");
            assert!(
                asked.not_understood.is_empty(),
                "{question}: {:?}",
                asked.not_understood
            );
        }
    }
}

#[test]
fn a_period_that_cannot_be_read_is_admitted() {
    for (question, said) in [
        ("what changed since the outage?", "since the outage"),
        ("what changed since 2026-13-45", "since 2026-13-45"),
        ("what changed in november", "november"),
        ("what changed in the last 99999999999 days", "last 99999999999 days"),
        ("what will be released tomorrow", "tomorrow"),
    ] {
        let asked = changes(question);
        assert!(
            asked.not_understood.contains(&said.to_owned()),
            "{question}: {:?}",
            asked.not_understood
        );
        assert_eq!(asked.period.name, "the last 24 hours", "{question}");
    }
}

#[test]
fn a_period_ahead_has_not_begun() {
    assert!(changes("what changed since 2027-01-01").period.has_not_begun());
}

#[test]
fn kinds_are_read() {
    use ChangeKind::{Deployment, PullRequestMerged, Push, Release, WorkflowRunFailed};
    for (question, kinds) in [
        ("what failed today?", vec![WorkflowRunFailed]),
        ("is anything broken?", vec![WorkflowRunFailed]),
        ("failed workflow runs since monday", vec![WorkflowRunFailed]),
        ("show me the deploys of payments", vec![Deployment]),
        ("what was released this week?", vec![Release]),
        ("which pull requests were merged yesterday?", vec![PullRequestMerged]),
        ("PRs merged by maya", vec![PullRequestMerged]),
        ("pushes and releases today", vec![Release, Push]),
        ("what shipped today", vec![Deployment, Release]),
        ("what changed today", vec![]),
    ] {
        assert_eq!(
            changes(question).kinds.into_iter().collect::<Vec<_>>(),
            kinds,
            "{question}"
        );
    }
}

#[test]
fn people_are_read() {
    for (question, people) in [
        ("what changed by maya today", vec!["maya"]),
        ("what was merged by @maya-ops in payments", vec!["maya-ops"]),
        ("changes by maya and liam since monday", vec!["maya", "liam"]),
        ("what did Maya do yesterday?", vec!["Maya"]),
        ("what has liam merged this week", vec!["liam"]),
        ("maya's pushes", vec!["maya"]),
        ("what changed by <@U024BE7LH>", vec!["U024BE7LH"]),
        ("what was deployed by me", vec!["me"]),
        ("what's new today", vec![]),
        ("what did we release today", vec![]),
    ] {
        assert_eq!(changes(question).people, people, "{question}");
    }
}

#[test]
fn who_arranges_by_person() {
    let asked = changes("who deployed acme/payments yesterday?");
    assert_eq!(asked.grouping, Grouping::Person);
    assert_eq!(changes("who did what today?").grouping, Grouping::Person);
    assert_eq!(changes("who broke the build?").grouping, Grouping::Person);
}

#[test]
fn a_cause_that_is_asked_for_is_noticed() {
    assert!(changes("why did payments fail last night?").wants_cause);
    assert!(!changes("what failed last night?").wants_cause);
}

#[test]
fn help_status_and_connections() {
    for question in ["help", "Help!", "", "  ", "hi", "what can you do?", "commands", "?"] {
        assert_eq!(understand(question, now()), Intent::Help, "{question}");
    }
    for question in [
        "status",
        "Status?",
        "what's your status",
        "are you alive?",
        "show me the status please",
    ] {
        assert_eq!(understand(question, now()), Intent::Status, "{question}");
    }
    for question in [
        "who is connected?",
        "what is connected",
        "which repositories do you see?",
        "list repos",
        "show integrations",
        "is github connected?",
    ] {
        assert_eq!(understand(question, now()), Intent::Connected, "{question}");
    }
}

#[test]
fn an_order_is_not_taken_for_a_question() {
    for question in [
        "deploy payments",
        "roll back the last release",
        "please restart acme/payments",
        "merge #12",
        "connect github",
    ] {
        assert_eq!(understand(question, now()), Intent::Action, "{question}");
    }
    for question in [
        "deploys today",
        "release history of payments",
        "merge requests since monday",
    ] {
        assert!(matches!(understand(question, now()), Intent::Changes(_)), "{question}");
    }
}

fn rerun(before: Option<&str>, question: &str) -> RerunOrder {
    match understand_after(before, question, now()) {
        Intent::Rerun(order) => order,
        other => panic!("`{question}` was understood as {other:?}"),
    }
}

#[test]
fn an_order_to_run_something_again() {
    let repository = "acme/payments";
    for (question, repository, run) in [
        ("re-run the failed run of acme/payments", Some(repository), None),
        (
            "Please re-run the last failed CI run in `acme/payments`!",
            Some(repository),
            None,
        ),
        (
            "can you rerun run 7700001 in acme/payments?",
            Some(repository),
            Some(7_700_001),
        ),
        ("retry the failed CI of payments", Some("payments"), None),
        ("re run #7700001", None, Some(7_700_001)),
        ("run the failed jobs of payments again", Some("payments"), None),
        ("restart the failed build", None, None),
        ("rerun acme/payments", Some(repository), None),
        (
            "rerun <https://github.com/acme/payments/actions/runs/77>",
            Some(repository),
            Some(77),
        ),
        (
            "retry the run that failed last night in acme/payments",
            Some(repository),
            None,
        ),
        ("hey, could you please retry maya's failed run", None, None),
    ] {
        let order = rerun(None, question);
        assert_eq!(
            (order.repository.as_deref(), order.run),
            (repository, run),
            "{question}"
        );
        assert!(
            order.not_understood.is_empty(),
            "{question}: {:?}",
            order.not_understood
        );
    }
    assert_eq!(rerun(None, "retry maya's failed run").people, ["maya"]);
    let named = rerun(None, "retry the run that failed yesterday");
    assert_eq!(named.period.map(|period| period.name).as_deref(), Some("yesterday"));
    assert_eq!(rerun(None, "rerun the payments build").not_understood, ["payments"]);
}

#[test]
fn another_order_runs_nothing_again() {
    for question in [
        "restart acme/payments",
        "retry payments",
        "rerun the migration in acme/payments",
        "re-run the deployment of acme/payments",
        "run the migration",
        "rerun it",
        "retry",
    ] {
        assert!(!matches!(understand(question, now()), Intent::Rerun(_)), "{question}");
    }
    for question in [
        "who reran the build yesterday?",
        "what failed again today?",
        "runs of acme/payments today",
    ] {
        assert!(!matches!(understand(question, now()), Intent::Rerun(_)), "{question}");
    }
}

#[test]
fn an_order_follows_the_question_before_it() {
    let before = Some("what failed in acme/payments today?");
    for question in [
        "run it again",
        "please rerun that",
        "re-run the failed run",
        "and retry it",
    ] {
        let order = rerun(before, question);
        assert_eq!(order.repository.as_deref(), Some("acme/payments"), "{question}");
        assert_eq!(
            order.period.map(|period| period.name).as_deref(),
            Some("today"),
            "{question}"
        );
    }
    let other = rerun(before, "rerun the failed run of acme/web");
    assert_eq!(other.repository.as_deref(), Some("acme/web"));
    assert_eq!(other.period, None);
    assert_eq!(rerun(Some("rerun run 7700001"), "rerun it").run, Some(7_700_001));
    assert!(!matches!(
        understand_after(Some("help"), "run it again", now()),
        Intent::Rerun(_)
    ));
}

#[test]
fn what_it_cannot_answer_stays_unknown() {
    for question in [
        "what is the weather in Berlin?",
        "who is on call?",
        "what's for lunch today?",
        "how much did we spend on AWS",
        "write a poem about NATS",
        "is the new office in Lisbon ready for everybody",
        "how many users signed up today?",
        "what is the failure rate of jet engines made by large british companies",
        "pong",
    ] {
        assert_eq!(understand(question, now()), Intent::Unknown, "{question}");
    }
}

#[test]
fn words_without_meaning_are_kept_to_be_named() {
    assert_eq!(changes("what purple changes happened today").not_understood, ["purple"]);
}

#[test]
fn a_narrowing_question_continues_the_one_before() {
    let before = Some("what failed in acme/payments today?");
    let Intent::Changes(asked) = understand_after(before, "and yesterday?", now()) else {
        panic!()
    };
    assert_eq!(asked.repository.as_deref(), Some("acme/payments"));
    assert_eq!(asked.period.name, "yesterday");
    assert!(asked.kinds.contains(&ChangeKind::WorkflowRunFailed));

    let Intent::Changes(asked) = understand_after(before, "what about acme/billing", now()) else {
        panic!()
    };
    assert_eq!(asked.repository.as_deref(), Some("acme/billing"));
    assert_eq!(asked.period.name, "today");

    let Intent::Changes(asked) = understand_after(before, "and in billing?", now()) else {
        panic!()
    };
    assert_eq!(asked.repository.as_deref(), Some("billing"));

    assert_eq!(understand_after(before, "status", now()), Intent::Status);
    assert_eq!(
        understand_after(Some("help"), "and yesterday?", now()),
        understand("yesterday", now())
    );
}

proptest! {
    #[test]
    fn any_text_is_understood_somehow(question in "\\PC{0,300}", before in proptest::option::of("\\PC{0,80}")) {
        let _ = understand(&question, now());
        let _ = understand_after(before.as_deref(), &question, now());
    }

    #[test]
    fn any_sequence_of_its_own_words_is_understood_somehow(
        words in proptest::collection::vec(prop_oneof![
            Just("what".to_owned()), Just("changed".to_owned()), Just("since".to_owned()), Just("last".to_owned()), Just("between".to_owned()),
            Just("and".to_owned()), Just("by".to_owned()), Just("in".to_owned()), Just("the".to_owned()), Just("ago".to_owned()), Just("hours".to_owned()),
            Just("weeks".to_owned()), Just("monday".to_owned()), Just("'s".to_owned()), Just("x's".to_owned()), Just("<".to_owned()), Just("did".to_owned()),
            Just("november".to_owned()), Just("until".to_owned()), "[0-9]{1,22}", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{1,2}:[0-9]{2}(am|pm|z)?", "[0-9]{1,20}[dhwm]", "\\+?[0-9]{5,6}-01-01",
        ], 0..14),
        seconds in 0_i64..4_000_000_000,
    ) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        if let Intent::Changes(asked) = understand(&words.join(" "), now) {
            prop_assert!(asked.period.until <= now);
        }
    }
}
