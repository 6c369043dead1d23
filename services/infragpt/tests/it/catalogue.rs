//! What `infragpt events` tells is what runs, and what stands in the repository.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use infragpt::configuration::NatsUser;
use infragpt_operations::catalogue::ENDPOINTS;
use serde_json::{Value, json};

use crate::harness::{App, until};

fn written(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// What the command prints, with no configuration and no server.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_infragpt"))
        .arg("events")
        .args(arguments)
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_command_prints_what_stands_in_the_repository() {
    assert_eq!(printed(&["catalogue"]), written("docs/events/README.md"));
    assert_eq!(printed(&["asyncapi"]), written("docs/events/asyncapi.json"));

    let lines = printed(&["catalogue", "--json"]);
    let page = written("docs/events/README.md");
    let mut events = 0;
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let kind = event["type"].as_str().unwrap();
        assert!(page.contains(&format!("- Type `{kind}`")), "{kind}");
        assert!(event["schema"].is_object() && event["example"].is_object(), "{kind}");
        events += 1;
    }
    assert_eq!(events, page.matches("\n- Schema: ").count());
    assert_eq!(printed(&["asyncapi", "--json"]).lines().count(), 1);
}

/// A service that is added, or an endpoint, has to be told.
#[tokio::test]
async fn every_endpoint_that_runs_is_told_and_every_one_that_is_told_runs() {
    let app = App::start().await;
    let operator = app.installation.connect(NatsUser::Operator).await.unwrap();
    let services: BTreeSet<&str> = ENDPOINTS.iter().filter_map(|endpoint| endpoint.service).collect();
    let guide = written("nats/README.md");
    let mut running = BTreeSet::new();
    for service in services {
        assert!(
            guide.contains(&format!("`{service}`")),
            "nats/README.md says nothing of `{service}`"
        );
        let subject = format!("$SRV.INFO.{service}");
        let asked = async || -> Option<Value> {
            let limit = Duration::from_secs(10);
            operator.request(&subject, &json!({}), limit).await.ok()
        };
        let info = until("the service", asked).await;
        for endpoint in info["endpoints"].as_array().unwrap() {
            let subject = endpoint["subject"].as_str().unwrap().to_owned();
            running.insert((service.to_owned(), subject));
        }
    }
    let told = ENDPOINTS
        .iter()
        .filter_map(|endpoint| Some((endpoint.service?.to_owned(), endpoint.subject.to_owned())))
        .collect();
    assert_eq!(running, told);
    operator.drain().await;
    app.finish().await;
}
