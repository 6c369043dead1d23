use bytes::Bytes;
use chrono::DateTime;
use infragpt_events::change::{Actor, ChangeKind};
use infragpt_nats::Envelope;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}

const SHA: &str = "9c1185a5c5e9fc54612808977ee8f548b2258d31";

fn received(event: &str, payload: &str) -> Received {
    Received {
        envelope: Envelope {
            id: "guid".to_owned(),
            kind: format!("com.github.{event}"),
            datacontenttype: Some(fact::JSON.to_owned()),
            ..Envelope::default()
        },
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        stream: "RAW_GITHUB".to_owned(),
        subject: format!("raw.github.42000001.{event}.-"),
        sequence: 1,
        published: DateTime::UNIX_EPOCH,
        delivered: 1,
    }
}

fn changed(fixture: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(fixture).unwrap();
    change(&mut value);
    value.to_string()
}

fn change(event: &str, payload: &str) -> (String, Recorded) {
    match interpret(&received(event, payload)).unwrap() {
        Interpretation::Act {
            action: Action::Record { identity, change },
            ..
        } => (identity, *change),
        other => panic!("{other:?}"),
    }
}

fn commands(event: &str, payload: &str) -> Vec<IntegrationCommand> {
    match interpret(&received(event, payload)).unwrap() {
        Interpretation::Act {
            action: Action::Integrate(commands),
            ..
        } => commands,
        other => panic!("{other:?}"),
    }
}

fn nothing(event: &str, payload: &str) -> &'static str {
    match interpret(&received(event, payload)).unwrap() {
        Interpretation::Nothing(reason) => reason,
        acted @ Interpretation::Act { .. } => panic!("{acted:?}"),
    }
}

fn person(id: &str, name: &str) -> Actor {
    Actor {
        id: id.to_owned(),
        name: name.to_owned(),
        url: Some(format!("https://github.com/{name}")),
    }
}

fn repository(id: &str, name: &str, private: bool) -> Resource {
    Resource {
        kind: ResourceKind::Repository,
        id: id.to_owned(),
        name: name.to_owned(),
        url: Some(format!("https://github.com/{name}")),
        private,
    }
}

#[test]
fn a_push_is_told_by_its_newest_commit() {
    let (identity, push) = change("push", fixture!("push"));
    assert_eq!(
        identity,
        format!("push:555001:refs/heads/main:{}7..{SHA}", "0".repeat(39))
    );
    assert_eq!(push.kind, ChangeKind::Push);
    assert_eq!(push.repository, "acme/payments");
    assert_eq!(push.title, "Raise the refund limit (and 1 more commit)");
    assert_eq!(
        push.url,
        "https://github.com/acme/payments/compare/000000000007...9c1185a5c5e9"
    );
    assert_eq!(push.actor, person("101", "maya"));
    assert_eq!(
        (push.reference.as_deref(), push.revision.as_deref()),
        (Some("main"), Some(SHA))
    );
    assert_eq!(push.details, ["Raise the refund limit", "Retry refunds that time out"]);
    assert_eq!(push.occurred_at.timestamp(), 1_795_338_900);
}

#[test]
fn pushes_of_tags_and_of_nothing_are_no_changes() {
    assert_eq!(nothing("push", fixture!("push.deleted")), "no commit was pushed");
    let tag = changed(fixture!("push"), |value| value["ref"] = json!("refs/tags/v1"));
    assert_eq!(nothing("push", &tag), "a tag was pushed");
}

#[test]
fn a_large_push_keeps_the_newest_subjects() {
    let payload = changed(fixture!("push"), |value| {
        value["commits"] = (0..25)
            .map(|index| json!({"message": format!("Commit {index}\nbody")}))
            .collect();
        value["forced"] = json!(true);
    });
    let (_, push) = change("push", &payload);
    assert_eq!(push.title, "Raise the refund limit (and 24 more commits)");
    assert_eq!(push.details.len(), 22);
    assert_eq!(push.details[0], "force push");
    assert_eq!(push.details[1], "Commit 24");
    assert_eq!(push.details[21], "and 5 more");
}

#[test]
fn a_merged_pull_request_is_told_by_its_title() {
    let (identity, merged) = change("pull_request.closed", fixture!("pull_request.closed"));
    assert_eq!(identity, "pull_request:555001:42");
    assert_eq!(merged.kind, ChangeKind::PullRequestMerged);
    assert_eq!(merged.title, "Retry refunds that time out");
    assert_eq!(merged.url, "https://github.com/acme/payments/pull/42");
    assert_eq!(merged.actor, person("102", "noor"));
    assert_eq!(
        (merged.reference.as_deref(), merged.revision.as_deref()),
        (Some("#42"), Some(SHA))
    );
    assert_eq!(
        merged.details,
        [
            "retry-refunds into main",
            "opened by maya",
            "commits: 3, files: 5, lines: +120 -14"
        ]
    );
    assert_eq!(merged.occurred_at.to_rfc3339(), "2026-11-22T09:20:00+00:00");
    let closed = changed(fixture!("pull_request.closed"), |value| {
        value["pull_request"]["merged"] = json!(false);
    });
    assert_eq!(nothing("pull_request.closed", &closed), "no pull request was merged");
}

#[test]
fn a_failed_run_is_told_with_its_attempt() {
    let (identity, run) = change("workflow_run.completed", fixture!("workflow_run.completed"));
    assert_eq!(identity, "workflow_run:555001:7700001:2");
    assert_eq!(run.kind, ChangeKind::WorkflowRunFailed);
    assert_eq!(run.title, "CI failed: Raise the refund limit");
    assert_eq!(run.url, "https://github.com/acme/payments/actions/runs/7700001");
    assert_eq!(run.actor, person("102", "noor"));
    assert_eq!(
        run.details,
        ["conclusion: failure", "run #311, attempt 2", "triggered by push"]
    );
    for (conclusion, words) in [("timed_out", "CI timed out"), ("startup_failure", "CI failed to start")] {
        let payload = changed(fixture!("workflow_run.completed"), |value| {
            value["workflow_run"]["conclusion"] = json!(conclusion);
        });
        assert!(change("workflow_run.completed", &payload).1.title.starts_with(words));
    }
    for conclusion in [json!("success"), json!("cancelled"), Value::Null] {
        let payload = changed(fixture!("workflow_run.completed"), |value| {
            value["workflow_run"]["conclusion"] = conclusion;
        });
        assert_eq!(nothing("workflow_run.completed", &payload), "no workflow run failed");
    }
}

#[test]
fn a_release_is_told_by_name_and_tag() {
    let (identity, release) = change("release.published", fixture!("release.published"));
    assert_eq!(identity, "release:555001:8800");
    assert_eq!(release.title, "Refunds that hold (v2.4.0)");
    assert_eq!(release.reference.as_deref(), Some("v2.4.0"));
    assert_eq!(release.revision, None);
    assert_eq!(release.details, ["from main"]);
    let edited = changed(fixture!("release.published"), |value| value["action"] = json!("edited"));
    assert_eq!(nothing("release.edited", &edited), "no release was published");
}

#[test]
fn a_deployment_is_told_when_it_ends() {
    let (identity, deployment) = change("deployment_status.created", fixture!("deployment_status.created"));
    assert_eq!(identity, "deployment_status:555001:9900");
    assert_eq!(deployment.title, "Deployment of v2.4.0 to production failed");
    assert_eq!(deployment.url, "https://deploy.acme.example/9900");
    assert_eq!(deployment.details, ["state: failure", "Health check failed"]);
    let succeeded = changed(fixture!("deployment_status.created"), |value| {
        value["deployment_status"]["state"] = json!("success");
        for url in ["target_url", "log_url"] {
            value["deployment_status"][url] = json!("");
        }
    });
    let (_, deployment) = change("deployment_status.created", &succeeded);
    assert_eq!(deployment.title, "Deployed v2.4.0 to production");
    assert_eq!(deployment.url, "https://github.com/acme/payments/deployments");
    let pending = changed(fixture!("deployment_status.created"), |value| {
        value["deployment_status"]["state"] = json!("in_progress");
    });
    assert_eq!(
        nothing("deployment_status.created", &pending),
        "the deployment hasn't ended"
    );
}

#[test]
fn an_installation_grants_its_repositories() {
    let resources = vec![
        repository("555001", "acme/payments", true),
        repository("555002", "acme/website", false),
    ];
    assert_eq!(
        commands("installation.created", fixture!("installation.created")),
        [IntegrationCommand::GrantResources { resources }]
    );
    let added = IntegrationCommand::GrantResources {
        resources: vec![repository("555003", "acme/ledger", true)],
    };
    assert_eq!(
        commands(
            "installation_repositories.added",
            fixture!("installation_repositories.added")
        ),
        [added]
    );
    let removed = changed(fixture!("installation_repositories.added"), |value| {
        value["repositories_removed"] = value["repositories_added"].take();
        value["repositories_added"] = json!([]);
    });
    let expected = IntegrationCommand::WithdrawResources {
        kind: ResourceKind::Repository,
        resource_ids: vec!["555003".to_owned()],
    };
    assert_eq!(commands("installation_repositories.removed", &removed), [expected]);
}

#[test]
fn an_installations_pause_and_end_are_told() {
    let fixture = fixture!("installation.suspend");
    let reason = "The installation was suspended on GitHub by noor".to_owned();
    assert_eq!(
        commands("installation.suspend", fixture),
        [IntegrationCommand::Suspend { reason }]
    );
    let unsuspended = changed(fixture, |value| value["action"] = json!("unsuspend"));
    assert_eq!(
        commands("installation.unsuspend", &unsuspended),
        [IntegrationCommand::Resume]
    );
    let deleted = changed(fixture, |value| value["action"] = json!("deleted"));
    let reason = "The App was uninstalled on GitHub by noor".to_owned();
    assert_eq!(
        commands("installation.deleted", &deleted),
        [IntegrationCommand::Disconnect { reason }]
    );
    let unknown = changed(fixture, |value| value["action"] = json!("of_tomorrow"));
    assert_eq!(
        nothing("installation.of_tomorrow", &unknown),
        "its action means nothing to us"
    );
}

#[test]
fn what_is_allowed_now_is_told() {
    let accepted = changed(fixture!("installation.suspend"), |value| {
        value["action"] = json!("new_permissions_accepted");
        value["installation"]["permissions"] = json!({"metadata": "read", "contents": "write"});
    });
    let scopes = vec!["contents:write".to_owned(), "metadata:read".to_owned()];
    assert_eq!(
        commands("installation.new_permissions_accepted", &accepted),
        [IntegrationCommand::ChangePermissions { scopes }]
    );
}

#[test]
fn a_persons_authorization_and_an_accounts_name_ask_for_nothing() {
    let event = r#"{"action": "revoked", "sender": {"login": "maya"}}"#;
    assert!(nothing("github_app_authorization.revoked", event).contains("no token of a person"));
    let event = r#"{"action": "renamed", "installation": {"id": 1}, "account": {"login": "acme2"}}"#;
    assert!(nothing("installation_target.renamed", event).contains("new name"));
}

#[test]
fn a_repositorys_new_name_is_told() {
    let resources = vec![repository("555001", "acme/billing", true)];
    assert_eq!(
        commands("repository.renamed", fixture!("repository.renamed")),
        [IntegrationCommand::GrantResources { resources }]
    );
}

#[test]
fn the_sender_is_the_actor() {
    let Interpretation::Act { actor, .. } = interpret(&received("push", fixture!("push"))).unwrap() else {
        panic!("an action")
    };
    assert_eq!(actor, "github:maya");
}

#[test]
fn a_form_is_read_like_json() {
    let form = serde_urlencoded::to_string([("payload", fixture!("push"))]).unwrap();
    let mut stored = received("push", &form);
    stored.envelope.datacontenttype = Some(fact::FORM.to_owned());
    assert_eq!(interpret(&stored), interpret(&received("push", fixture!("push"))));
    assert_eq!(route_key(&stored).as_deref(), Some("repository:555001"));
    stored.payload = Bytes::from_static(b"nothing=here");
    assert_eq!(interpret(&stored).unwrap_err().problem, "the form has no `payload`");
}

#[test]
fn unknown_events_do_no_harm_and_malformed_ones_say_what_is_wrong() {
    assert_eq!(nothing("of_tomorrow", "{}"), "its event means nothing to us");
    assert_eq!(
        nothing("ping", r#"{"zen":"Half measures are as bad as nothing at all."}"#),
        "its event means nothing to us"
    );
    for (event, payload, problem) in [
        ("ping", "{\"zen\":", "it ends too early (line 1, column 7)"),
        ("push", "hush", "it isn't valid JSON"),
        ("push", r#"{"ref":"hush"}"#, "missing field `before`"),
        (
            "push",
            r#"{"ref":7,"x":"hush"}"#,
            "a field has another type than documented",
        ),
    ] {
        let malformed = interpret(&received(event, payload)).unwrap_err().to_string();
        assert!(malformed.contains(problem), "{malformed}");
        assert!(!malformed.contains("hush"), "{malformed}");
    }
}

proptest! {
    #[test]
    fn any_payload_is_taken(event in "[a-z_]{1,20}", payload in ".*") {
        let _ = interpret(&received(&event, &payload));
        let _ = route_key(&received(&event, &payload));
    }
}
