//! Every route of the API, for everybody: who may, who may not, and who must not see a trace of it.

use std::collections::BTreeMap;

use infragpt_api::v1::{Rule, TABLE};
use infragpt_events::organization::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Answer, Caller, profile},
    harness::App,
};

/// An operation of the document, with the identifiers of something of acme's in its path.
#[derive(Debug)]
struct Operation {
    id: String,
    method: Method,
    path: String,
}

impl Operation {
    fn rule(&self) -> Option<&'static Rule> {
        TABLE.iter().find(|rule| rule.operations.contains(&self.id.as_str()))
    }

    fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    async fn ask(&self, caller: &Caller) -> Answer {
        let request = caller.request(self.method.clone(), &self.path);
        let request = match self.id.as_str() {
            "set_profile" => request.json(&profile()),
            "set_rules" => request.json(&json!({ "shared_channels": false, "approvers": null, "retention_days": 90 })),
            "begin_authorization" => request.json(&json!({})),
            _ => request,
        };
        caller.send(request).await
    }
}

/// Every operation that the running API documents, about what `known` says of acme.
async fn operations(caller: &Caller, known: &BTreeMap<&str, String>) -> Vec<Operation> {
    let document = caller.get("/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            if ![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
                continue;
            }
            let mut path = path.strip_prefix("/api/v1").unwrap_or(path).to_owned();
            for (name, value) in known {
                let begin = name.split('.').next().unwrap();
                if path.starts_with(begin) {
                    path = path.replace(&format!("{{{}}}", name.split('.').nth(1).unwrap()), value);
                }
            }
            assert!(!path.contains('{'), "nothing is known for {path}");
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method,
                path,
            });
        }
    }
    all
}

fn first_id(list: &Value) -> String {
    list["data"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{list}"))
        .to_owned()
}

/// What is acme's, and must not be in an answer to anybody else.
const MARKS: [&str; 7] = ["acme", "user_maya", "user_tom", "T0ACME", "Okafor", "Lindqvist", "4242"];

/// Asks as those who may not: without a session, with a token that says what isn't true, as a member, and from elsewhere.
async fn locked_out(operation: &Operation, rule: &Rule, [nobody, intruder, member, foreign]: [&Caller; 4]) {
    operation.ask(nobody).await.expect(401);
    let refused = operation.ask(intruder).await;
    assert_eq!(refused.status, 403, "an intruder at {operation:?}: {}", refused.text);
    if rule.least == Role::Admin {
        let refused = operation.ask(member).await;
        assert_eq!(refused.status, 403, "a member at {operation:?}: {}", refused.text);
        assert!(
            MARKS.iter().all(|mark| !refused.text.contains(*mark)),
            "{}",
            refused.text
        );
    }
    let seen = operation.ask(foreign).await;
    let is_of_acme = ["/changes/", "/conversations/", "/actions/"]
        .iter()
        .any(|it| operation.path.starts_with(it));
    if is_of_acme {
        assert_eq!(seen.status, 404, "globex at {operation:?}: {}", seen.text);
    }
    assert!(seen.status < 500, "globex at {operation:?}: {}", seen.text);
    // The address of a consent page is the installation's own, for globex's state.
    if operation.id != "begin_authorization" {
        let leaked: Vec<_> = MARKS.iter().filter(|mark| seen.text.contains(**mark)).collect();
        assert!(
            leaked.is_empty(),
            "globex sees {leaked:?} at {operation:?}: {}",
            seen.text
        );
    }
}

#[tokio::test]
async fn every_route_is_for_whom_the_table_says_and_for_nobody_else() {
    let app = App::start_with(&[
        ("INFRAGPT_API_RATE_BURST", "10000"),
        ("INFRAGPT_API_RATE_PER_MINUTE", "10000"),
    ])
    .await;
    app.sign_up().await.unwrap();
    app.webhook("push", json!({ "repository": "acme/payments" })).await;
    let said = app
        .say(json!({ "text": "what changed today?", "mention": true, "via": "socket" }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    app.rows().await.unwrap();

    let nobody = Caller::nobody(&app);
    let admin = Caller::new(&app, "user_maya", "acme").await;
    let member = Caller::new(&app, "user_tom", "acme").await;
    let set = admin.put("/organization/profile", profile()).await.expect(200);
    let seen = admin
        .request(Method::GET, "/organization/profile")
        .header("Infragpt-Position", set.header("infragpt-position"));
    admin.send(seen).await.expect(200);
    let foreign = Caller::new(&app, "user_gus", "globex").await;
    // Signed in, and what their token says of the organization isn't true.
    let intruder = Caller::new(&app, "user_gus", "acme").await;
    let known = BTreeMap::from([
        ("/integrations.connector", "slack".to_owned()),
        ("/changes.id", first_id(&admin.get("/changes").await.json())),
        ("/conversations.id", first_id(&admin.get("/conversations").await.json())),
        // Nothing proposes actions yet, so there is none to find; the read model's own tests have some.
        ("/actions.id", uuid::Uuid::nil().to_string()),
    ]);
    let operations = operations(&nobody, &known).await;
    for rule in TABLE {
        for id in rule.operations {
            assert!(
                operations.iter().any(|operation| operation.id == *id),
                "`{id}` is not documented"
            );
        }
    }
    let events = async || {
        app.log
            .read("EVENTS", "events.integration.acme.>", 0)
            .await
            .unwrap()
            .len()
    };
    // Those who may not come first: what they did would show.
    let before = events().await;
    for operation in &operations {
        let Some(rule) = operation.rule() else {
            operation.ask(&nobody).await.expect(200);
            continue;
        };
        locked_out(operation, rule, [&nobody, &intruder, &member, &foreign]).await;
    }
    assert_eq!(
        events().await,
        before,
        "somebody who may not changed something of acme's"
    );
    // And those who may.
    for operation in operations
        .iter()
        .filter(|operation| operation.id != "disconnect_integration")
    {
        let Some(rule) = operation.rule() else { continue };
        let answer = operation.ask(&admin).await;
        if operation.id == "show_action" {
            answer.expect(404);
            continue;
        }
        assert!(
            (200..300).contains(&answer.status),
            "an administrator at {operation:?}: {} {}",
            answer.status,
            answer.text
        );
        if rule.least == Role::Member && !operation.is_write() {
            operation.ask(&member).await.expect(answer.status);
        }
    }
    admin.delete("/integrations/slack").await.expect(200);
    // What was refused is on record.
    app.until("the refusals in the audit", async || {
        let refused = admin.get("/audit?action=access_refused&limit=100").await.json();
        let wanted = ["integrations.manage", "audit.read", "organization.manage"];
        let rows = refused["data"].as_array().unwrap().clone();
        let all = wanted.iter().all(|wanted| {
            rows.iter()
                .any(|row| row["purpose"] == *wanted && row["actor"] == "user:user_tom" && row["outcome"] == "refused")
        });
        Ok(all.then_some(()))
    })
    .await
    .unwrap();
    app.finish().await;
}
