use std::{
    collections::{BTreeMap, HashSet},
    future::ready,
    sync::{Arc, Mutex},
};

use axum::{Router, http::HeaderMap, routing::post};
use infragpt_nats::log;
use serde_json::json;

use super::world::World;
use crate::github::reconciler::{Open, Reconciler, Run};

/// The webhook's receiver, which knows the GUIDs that it took.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<String>>>);

impl Receiver {
    async fn listen(&self) -> String {
        let taken = self.clone();
        let receive = move |headers: HeaderMap| {
            let guid = headers["x-github-delivery"].to_str().unwrap().to_owned();
            taken.0.lock().unwrap().push(guid);
            ready(())
        };
        let router = Router::new().route("/webhooks/github", post(receive));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn has(&self, open: &BTreeMap<String, Open>) -> HashSet<String> {
        let taken = self.taken();
        open.keys().filter(|guid| taken.contains(guid)).cloned().collect()
    }

    async fn wait_for(&self, count: usize) {
        while self.taken().len() < count {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

async fn lose(world: &World, event: &str) -> String {
    let lost = world
        .control("github_webhook", json!({"event": event, "lose": true}))
        .await;
    lost["guid"].as_str().unwrap().to_owned()
}

fn nothing(_: BTreeMap<String, Open>) -> std::future::Ready<Result<HashSet<String>, log::Error>> {
    ready(Ok(HashSet::new()))
}

#[tokio::test]
async fn what_was_missed_is_delivered_again_and_nothing_else() {
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let world = World::with(|configuration| configuration.github.webhook_url = Some(url)).await;
    let github = world.github();
    world.control("github_webhook", json!({"event": "push"})).await;
    let mut lost = Vec::new();
    for event in ["push", "pull_request", "push"] {
        lost.push(lose(&world, event).await);
    }
    assert_eq!(receiver.taken().len(), 1);

    let mut reconciler = Reconciler::default();
    let stored = |open: BTreeMap<String, Open>| ready(Ok(receiver.has(&open)));
    let run = reconciler.run(&github, stored).await.unwrap();
    assert_eq!(
        run,
        Run {
            asked: 3,
            ..Run::default()
        }
    );
    receiver.wait_for(4).await;
    let mut again = receiver.taken().split_off(1);
    again.sort_unstable();
    lost.sort_unstable();
    assert_eq!(again, lost, "under their own identifiers");

    let run = reconciler.run(&github, stored).await.unwrap();
    assert_eq!(run, Run::default());
    assert_eq!(world.calls("github.redeliver").await, 3);
}

#[tokio::test]
async fn what_never_arrives_is_asked_for_five_times() {
    let world = World::start().await;
    let github = world.github();
    lose(&world, "push").await;
    let mut reconciler = Reconciler::default();
    for _ in 0..4 {
        let run = reconciler.run(&github, nothing).await.unwrap();
        assert_eq!(
            run,
            Run {
                asked: 1,
                ..Run::default()
            }
        );
    }
    let run = reconciler.run(&github, nothing).await.unwrap();
    assert_eq!((run.asked, run.given_up), (1, 1));
    assert_eq!(reconciler.run(&github, nothing).await.unwrap(), Run::default());
    assert_eq!(world.calls("github.redeliver").await, 5);
}

#[tokio::test]
async fn what_was_taken_but_is_not_in_the_log_is_asked_for_once() {
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let world = World::with(|configuration| configuration.github.webhook_url = Some(url)).await;
    world.control("github_webhook", json!({"event": "push"})).await;
    let (github, mut reconciler) = (world.github(), Reconciler::default());
    let run = reconciler.run(&github, nothing).await.unwrap();
    assert_eq!(
        run,
        Run {
            asked: 1,
            ..Run::default()
        }
    );
    receiver.wait_for(2).await;
    assert_eq!(reconciler.run(&github, nothing).await.unwrap(), Run::default());
}

#[tokio::test]
async fn many_deliveries_are_read_page_by_page() {
    let world = World::start().await;
    let github = world.github();
    for _ in 0..230 {
        lose(&world, "push").await;
    }
    let mut reconciler = Reconciler::default();
    let run = reconciler.run(&github, nothing).await.unwrap();
    assert_eq!((run.asked, run.left), (200, 30));
    assert_eq!(world.calls("github.deliveries").await, 3);
}

#[tokio::test]
async fn a_run_that_fails_forgets_nothing() {
    let world = World::start().await;
    let github = world.github();
    lose(&world, "push").await;
    let mut reconciler = Reconciler::default();
    world.fault("github.deliveries", "html", 3).await;
    reconciler.run(&github, nothing).await.unwrap_err();
    world.fault("github.redeliver", "status", 1).await;
    reconciler.run(&github, nothing).await.unwrap_err();
    let run = reconciler.run(&github, nothing).await.unwrap();
    assert_eq!(run.asked, 1);
}
