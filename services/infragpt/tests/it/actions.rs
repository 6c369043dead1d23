//! What is done once somebody approved it: failed jobs of a workflow run that run again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt::{configuration::NatsUser, environment::Browser};
use infragpt_events::OrganizationId;
use infragpt_nats::{Connection, Grant, GrantKey, request};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::App;

const TOOL: &str = "tool.v1.github.rerun_failed_jobs";

/// An installation in which a run of acme/payments failed, and who runs what was approved.
struct Failed {
    app: App,
    conversations: Connection,
    key: GrantKey,
}

impl Failed {
    async fn start() -> Self {
        let app = App::start().await;
        let page = "https://github.com/acme/payments/actions/runs/7700001";
        let run = json!({
            "repository": "acme/payments", "sender": "maya",
            "patch": { "workflow_run": { "id": 7_700_001, "html_url": page } },
        });
        assert_eq!(app.webhook("workflow_run", run).await, 200);
        app.settled().await.unwrap();
        let secret = app.installation.environment()["INFRAGPT_GRANT_KEY"].clone();
        Self {
            conversations: app.installation.connect(NatsUser::Conversations).await.unwrap(),
            key: GrantKey::new(&secret.into()).unwrap(),
            app,
        }
    }

    /// Calls the tool for that run with this grant.
    async fn call(&self, grant: &str, repository: &str) -> Result<String, (u16, String)> {
        let request = json!({ "grant": grant, "repository": repository, "run_id": 7_700_001, "attempt": 1 });
        let replied: Result<Value, _> = self
            .conversations
            .request(TOOL, &request, Duration::from_secs(20))
            .await;
        match replied {
            Ok(done) => Ok(done["outcome"].as_str().unwrap().to_owned()),
            Err(request::Error::Service { code, message }) => Err((code, message)),
            Err(other) => panic!("{other}"),
        }
    }

    /// How often GitHub was asked to run something again.
    async fn posts(&self) -> usize {
        let state = self.app.control.call("state", &json!({})).await.unwrap();
        let calls = state["calls"].as_array().unwrap();
        calls
            .iter()
            .filter(|call| call["method"] == "github.rerun_failed_jobs")
            .count()
    }

    async fn finish(self) {
        self.conversations.drain().await;
        self.app.finish().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the role verifies by the real clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A grant for an approved action of acme.
fn approved() -> Grant {
    Grant {
        organization: OrganizationId::parse("acme").unwrap(),
        conversation: Uuid::nil(),
        tools: vec![TOOL.to_owned()],
        expires: now() + TimeDelta::minutes(2),
        action: Some(Uuid::now_v7()),
    }
}

#[tokio::test]
async fn failed_jobs_run_again_once_for_an_approved_action() {
    let it = Failed::start().await;
    let grant = it.key.sign(&approved());
    let done = it.call(&grant, "acme/payments").await.unwrap();
    assert!(
        done.contains("as attempt 2: https://github.com/acme/payments/actions/runs/7700001"),
        "{done}"
    );
    let again = it.call(&grant, "acme/payments").await.unwrap();
    assert!(again.contains("was run again already"), "{again}");
    // For another action, too: what was to be done is done.
    let other = it.call(&it.key.sign(&approved()), "ACME/payments").await.unwrap();
    assert!(other.contains("was run again already"), "{other}");
    assert_eq!(it.posts().await, 1);
    // GitHub tells of the new attempt as of any other.
    it.app
        .until("the webhooks of the new attempt", async || {
            Ok((it.app.log.read("RAW_GITHUB", ">", 0).await?.len() == 3).then_some(()))
        })
        .await
        .unwrap();
    it.finish().await;
}

/// The App is installed on globex, and an operator connects that for an organization of its own.
async fn connect_globex(app: &App) {
    let browser = Browser::new().unwrap();
    let page = format!(
        "{}/apps/infragpt/installations/new",
        app.installation.endpoints.github_web_url
    );
    let install = browser.open(&page).await.unwrap();
    let fields = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    // The page leads back to us, where nobody began: the App is installed nevertheless.
    drop(browser.submit(&install, &fields).await);
    let state = app.control.call("state", &json!({})).await.unwrap();
    let installation = state["github_installations"][1]["id"].to_string();
    let connect = [
        "integrations",
        "connect",
        "github",
        "--organization",
        "globex",
        "--as-operator",
    ];
    let connect = [&connect[..], &["--account", &installation]].concat();
    app.installation.infragpt(&connect).await.unwrap();
}

#[tokio::test]
async fn nothing_runs_without_a_good_grant_for_an_approved_action() {
    let it = Failed::start().await;
    let good = it.key.sign(&approved());
    let mut altered = good.clone();
    altered.replace_range(10..11, if &good[10..11] == "A" { "B" } else { "A" });
    let unapproved = it.key.sign(&Grant {
        action: None,
        ..approved()
    });
    let expired = it.key.sign(&Grant {
        expires: now() - TimeDelta::seconds(1),
        ..approved()
    });
    let tools = vec!["tool.v1.infragpt.changes".to_owned()];
    let for_another_tool = it.key.sign(&Grant { tools, ..approved() });
    let forged = GrantKey::new(&"o".repeat(32).into()).unwrap().sign(&approved());
    for (case, grant, sentence) in [
        ("unapproved", unapproved, "people decide first"),
        ("expired", expired, "expired"),
        ("for another tool", for_another_tool, "does not cover"),
        ("altered", altered, "not one of this installation"),
        ("forged", forged, "not one of this installation"),
        ("none", String::new(), "not one of this installation"),
    ] {
        let (code, said) = it.call(&grant, "acme/payments").await.unwrap_err();
        assert_eq!(code, 403, "{case}: {said}");
        assert!(said.contains(sentence), "{case}: {said}");
    }
    assert_eq!(it.posts().await, 0);
    it.finish().await;
}

#[tokio::test]
async fn nothing_runs_in_a_repository_that_the_organization_does_not_see() {
    let it = Failed::start().await;
    connect_globex(&it.app).await;
    let of = |organization: &str| {
        let organization = OrganizationId::parse(organization).unwrap();
        it.key.sign(&Grant {
            organization,
            ..approved()
        })
    };
    for (organization, repository, sentence) in [
        ("globex", "acme/payments", "does not see a repository `acme/payments`"),
        ("initech", "acme/payments", "has not connected github"),
        ("acme", "globex/reactor", "does not see a repository"),
        (
            "acme",
            "acme/payments/../../globex/reactor",
            "does not see a repository",
        ),
    ] {
        let (code, said) = it.call(&of(organization), repository).await.unwrap_err();
        assert_eq!(code, 404, "{organization} {repository}: {said}");
        assert!(said.contains(sentence), "{organization} {repository}: {said}");
    }
    assert_eq!(it.posts().await, 0);
    it.finish().await;
}

#[tokio::test]
async fn who_asks_the_bot_for_it_gets_a_proposal_and_it_is_done_once_approved() {
    let it = Failed::start().await;
    let said = json!({ "text": "re-run the failed run of payments", "via": "socket" });
    let said = it.app.say(said).await.unwrap();
    let proposed: Value = it
        .app
        .until("a proposal", async || {
            let events = it.app.log.read("EVENTS", "events.action.*.*.proposed", 0).await?;
            Ok(events
                .first()
                .map(|event| serde_json::from_slice(&event.payload).unwrap()))
        })
        .await
        .unwrap();
    assert_eq!(
        (&proposed["tool"], &proposed["arguments"]),
        (
            &json!(TOOL),
            &json!({ "repository": "acme/payments", "run_id": 7_700_001, "attempt": 1 })
        )
    );
    let replies = it
        .app
        .control
        .replies(&said.channel, &said.ts, 2, Duration::from_secs(20))
        .await
        .unwrap();
    assert!(
        replies[0].markdown().contains("Somebody has to approve that first"),
        "{replies:?}"
    );
    assert_eq!(it.posts().await, 0);

    let press = json!({
        "ts": replies[1].ts, "channel": said.channel, "action_id": "infragpt_approve", "user": "U0MAYA", "via": "socket",
    });
    it.app.control.call("press", &press).await.unwrap();
    let executed = it
        .app
        .until("the outcome", async || {
            let events = it.app.log.read("EVENTS", "events.action.*.*.executed", 0).await?;
            Ok(events
                .first()
                .map(|event| String::from_utf8_lossy(&event.payload).into_owned()))
        })
        .await
        .unwrap();
    assert!(executed.contains("as attempt 2"), "{executed}");
    assert_eq!(it.posts().await, 1);
    it.finish().await;
}
