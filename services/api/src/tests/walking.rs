//! Every operation of the document, for everybody: who is let in is what the table says.

use axum::{
    body::Body,
    http::{Method, header},
};
use infragpt_events::organization::Role;
use serde_json::Value;

use super::{
    installation::{Installation, request},
    log::two_organizations,
};
use crate::v1::{self, TABLE};

struct Operation {
    id: String,
    method: Method,
    path: String,
}

/// Every operation, with something in the place of its parameters.
fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(v1::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path
                    .replace("{connector}", "slack")
                    .replace("{id}", "00000000-0000-0000-0000-000000000065"),
            });
        }
    }
    operations
}

#[tokio::test]
async fn every_operation_lets_in_whom_the_table_says_and_nobody_else() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let callers = [
        ("user_maya", "acme", Some(Role::Admin)),
        ("user_tom", "acme", Some(Role::Member)),
        ("user_gus", "globex", Some(Role::Admin)),
    ];
    let mut walked = 0;
    for operation in operations() {
        let least = TABLE
            .iter()
            .find(|rule| rule.operations.contains(&operation.id.as_str()))
            .unwrap()
            .least;
        let ask = async |token: Option<&str>, body: &'static str| {
            let mut asked = request(operation.method.clone(), &operation.path);
            if let Some(token) = token {
                asked = asked.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            installation.send(asked.body(Body::from(body)).unwrap()).await
        };
        for (user, organization, role) in callers {
            let token = installation.token(user, Some(organization));
            let answer = ask(Some(&token), "").await;
            let may = role.is_some_and(|role| role >= least);
            assert_eq!(
                answer.status != 403,
                may,
                "{user} {} {}: {}",
                operation.method,
                operation.path,
                answer.text
            );
            assert_ne!(answer.status, 500, "{user} {} {}", operation.method, operation.path);
            assert_documented(&operation, answer.status);
        }
        // Before anything of the request is looked at.
        ask(None, "{").await.expect(401).detail();
        walked += 1;
    }
    let ruled: usize = TABLE.iter().map(|rule| rule.operations.len()).sum();
    assert_eq!(walked, ruled);
}

fn assert_documented(operation: &Operation, status: u16) {
    let document = serde_json::to_value(v1::document()).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let found = items.flat_map(|item| item.as_object().unwrap().values());
    let documented: Vec<&Value> = found.filter(|it| it["operationId"] == operation.id.as_str()).collect();
    let responses = documented[0]["responses"].as_object().unwrap();
    assert!(
        responses.contains_key(&status.to_string()),
        "{}: {status} is not documented",
        operation.id
    );
}
