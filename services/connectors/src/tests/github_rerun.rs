use std::sync::Arc;

use infragpt_events::{
    OrganizationId,
    integration::{Account, Connected, Resource, ResourceKind},
};
use infragpt_nats::ServiceError;
use serde_json::{Value, json};

use super::{installation::Installation, world::World};
use crate::{Connector, Task, Tool, github::Github};

/// The one tool, with a connection that may see acme's repositories.
struct Place {
    world: World,
    installation: Installation,
}

impl Place {
    async fn start() -> Self {
        let place = Self {
            world: World::start().await,
            installation: Installation::start().await,
        };
        place.told(json!({})).await;
        place
    }

    /// A run is there, as GitHub told of it.
    async fn told(&self, run: Value) {
        let page = "https://github.com/acme/payments/actions/runs/7700001";
        let mut patch = json!({ "workflow_run": { "id": 7_700_001, "html_url": page, "run_attempt": 2 } });
        let fields = patch["workflow_run"].as_object_mut().unwrap();
        fields.extend(run.as_object().unwrap().clone());
        let webhook = json!({ "event": "workflow_run", "repository": "acme/payments", "patch": patch, "lose": true });
        self.world.control("github_webhook", webhook).await;
    }

    async fn tool(&self, github: Arc<Github>) -> Tool {
        github.tools(self.installation.vault().await).remove(0)
    }

    async fn call(&self, arguments: Value) -> Result<String, ServiceError> {
        self.call_with(self.world.github(), arguments).await
    }

    async fn call_with(&self, github: Arc<Github>, arguments: Value) -> Result<String, ServiceError> {
        let tool = self.tool(github).await;
        assert!(tool.changes);
        let done = (tool.perform)(task(arguments)).await?;
        Ok(done["outcome"].as_str().unwrap().to_owned())
    }

    async fn attempt(&self) -> Value {
        self.world.control("state", json!({})).await["github_runs"][0]["run_attempt"].clone()
    }
}

fn task(arguments: Value) -> Task {
    let repository = Resource {
        kind: ResourceKind::Repository,
        id: "1".to_owned(),
        name: "acme/payments".to_owned(),
        url: None,
        private: true,
    };
    Task {
        organization: OrganizationId::parse("acme").unwrap(),
        action: None,
        connected: Connected {
            connector: super::super::github::interpretation::connector(),
            account: Account {
                id: "4242".to_owned(),
                name: "acme".to_owned(),
            },
            bot_user: None,
            scopes: vec!["actions:write".to_owned()],
            credential: None,
            allowed_at: None,
            resources: [((ResourceKind::Repository, "1".to_owned()), repository)].into(),
        },
        arguments,
    }
}

fn failed() -> Value {
    json!({ "repository": "acme/payments", "run_id": 7_700_001, "attempt": 2 })
}

#[tokio::test]
async fn failed_jobs_run_again_once() {
    let place = Place::start().await;
    let done = place.call(failed()).await.unwrap();
    assert_eq!(
        done,
        "The failed jobs of run 7700001 in acme/payments run again, as attempt 3: \
         https://github.com/acme/payments/actions/runs/7700001"
    );
    let again = place.call(failed()).await.unwrap();
    assert_eq!(
        again,
        "Run 7700001 of acme/payments was run again already, it is at attempt 3: \
         https://github.com/acme/payments/actions/runs/7700001"
    );
    assert_eq!(place.world.calls("github.rerun_failed_jobs").await, 1);
}

#[tokio::test]
async fn two_at_once_run_it_once() {
    let place = Place::start().await;
    let slow = json!({ "method": "github.rerun_failed_jobs", "kind": "delay", "ms": 200, "times": 1 });
    place.world.control("fault", slow).await;
    let (first, second) = tokio::join!(place.call(failed()), place.call(failed()));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(place.attempt().await, 3);
}

#[tokio::test]
async fn after_an_unclear_answer_it_is_looked_up() {
    let place = Place::start().await;
    // The effect came, its answer did not.
    place.world.fault("github.rerun_failed_jobs", "hang_after", 1).await;
    assert_eq!(place.call(failed()).await.unwrap_err().code, 503);
    assert!(place.call(failed()).await.unwrap().contains("already"));
    // Neither came.
    place.told(json!({ "run_attempt": 4 })).await;
    let now = json!({ "repository": "acme/payments", "run_id": 7_700_001, "attempt": 4 });
    for (operation, kind, times) in [
        ("github.rerun_failed_jobs", "status", 1),
        ("github.workflow_run", "html", 3),
        ("github.rerun_failed_jobs", "rate_limit", 3),
    ] {
        place.world.fault(operation, kind, times).await;
        assert_eq!(
            place.call(now.clone()).await.unwrap_err().code,
            503,
            "{operation} {kind}"
        );
        place.world.control("clear_faults", json!({})).await;
    }
    assert!(place.call(now).await.unwrap().contains("as attempt 5"));
}

#[tokio::test]
async fn a_token_that_github_no_longer_takes_is_made_anew() {
    let place = Place::start().await;
    let github = place.world.github();
    place.told(json!({ "id": 8 })).await;
    let other = json!({ "repository": "acme/payments", "run_id": 8, "attempt": 2 });
    place.call_with(Arc::clone(&github), other).await.unwrap();
    place
        .world
        .control("expire_tokens", json!({ "service": "github" }))
        .await;
    place.call_with(github, failed()).await.unwrap();
    assert_eq!(place.world.calls("github.access_tokens").await, 2);
}

#[tokio::test]
async fn what_will_never_work_is_said_in_a_sentence() {
    let place = Place::start().await;
    let refused = async |arguments: Value| {
        let refused = place.call(arguments).await.unwrap_err();
        (refused.code, refused.message)
    };
    let with = |field: &str, value: Value| {
        let mut arguments = failed();
        arguments[field] = value;
        arguments
    };
    let (code, message) = refused(with("repository", "acme/checkout".into())).await;
    assert_eq!(
        (code, &*message),
        (404, "GitHub's connection does not see a repository `acme/checkout`.")
    );
    assert_eq!(refused(with("repository", "../../user".into())).await.0, 404);
    assert_eq!(refused(with("run_id", 9.into())).await.0, 404);
    assert_eq!(refused(with("run_id", "9/../../x".into())).await.0, 400);
    assert_eq!(refused(with("attempt", 3.into())).await.0, 409);
    assert_eq!(refused(json!({})).await.0, 400);
    place.told(json!({ "status": "in_progress", "conclusion": null })).await;
    let (code, message) = refused(failed()).await;
    assert!(code == 409 && message.contains("is not over yet"), "{message}");
    place.told(json!({})).await;
    place.world.control("github_app", json!({ "actions": "read" })).await;
    let (code, message) = refused(failed()).await;
    assert!(code == 403 && message.contains("`actions: write`"), "{message}");
    let keyless = place.world.github_with(&json!({
        "app_id": null, "private_key": null, "client_id": null, "client_secret": null, "webhook_secret": "x",
    }));
    assert_eq!(place.call_with(keyless, failed()).await.unwrap_err().code, 424);
    place
        .world
        .control("github_installation", json!({ "id": 4242, "action": "uninstall" }))
        .await;
    assert_eq!(refused(failed()).await.0, 403);
    assert_eq!(place.attempt().await, 2);
}
