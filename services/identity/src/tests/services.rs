use std::time::Duration;

use infragpt_events::organization::Organization;
use infragpt_nats::{Connection, Origin, request};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    handling::Handling,
    installation::{Installation, now, until},
};
use crate::Identity;

/// The role, running, and somebody who may ask it.
struct Running {
    installation: Installation,
    api: Connection,
    shutdown: CancellationToken,
    role: JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let installation = Installation::start().await;
        let identity = Identity::new(&installation.connect("identity").await, now);
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let role = tokio::spawn(async move { identity.run(stop).await.unwrap() });
        let api = installation.connect("api").await;
        Self {
            installation,
            api,
            shutdown,
            role,
        }
    }

    /// The organization `org_acme` as Clerk tells of it, and another that is gone.
    async fn with_organizations() -> Self {
        let running = Self::start().await;
        let handling = Handling::start(&running.installation).await;
        let acme = json!({"id": "org_acme", "name": "Acme", "updated_at": 5});
        handling.send("msg_1", "organization.created", &acme).await;
        let gone = json!({"id": "org_gone", "deleted": true});
        handling.send("msg_2", "organization.deleted", &gone).await;
        handling.finish(&running.installation).await;
        running
    }

    async fn ask(&self, subject: &str, request: &Value) -> Result<Value, (u16, String)> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            match self.api.request(subject, request, Duration::from_secs(5)).await {
                // It starts while we ask.
                Err(request::Error::NoResponders(_)) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(request::Error::Service { code, message }) => return Err((code, message)),
                outcome => return Ok(outcome.unwrap()),
            }
        }
    }

    async fn set(&self, organization: &str, changes: &Value) -> Result<Value, (u16, String)> {
        let mut request = json!({
            "organization": organization, "profile": profile("1-10"), "actor": "user:user_maya", "request_id": "r-1",
            "origin": {"address": "203.0.113.7", "request": "req-1"},
        });
        for (key, value) in changes.as_object().unwrap() {
            request[key] = value.clone();
        }
        self.ask("organization.v1.set_profile", &request).await
    }

    async fn finish(self) -> Installation {
        self.shutdown.cancel();
        self.role.await.unwrap();
        self.installation
    }
}

fn profile(company_size: &str) -> Value {
    json!({
        "company_size": company_size, "team_size": "1-5", "use_cases": ["other", "incident_response", "other"],
        "observability": [],
    })
}

#[tokio::test]
async fn a_profile_is_set_by_somebody_from_somewhere() {
    let running = Running::with_organizations().await;
    let reply = running.set("org_acme", &json!({})).await.unwrap();
    assert_eq!(reply["changed"], true);
    let events = running
        .installation
        .stored("EVENTS", "events.organization.*.*.profile_set")
        .await;
    let [set] = &events[..] else { panic!("{events:?}") };
    assert_eq!(reply["position"], set.sequence);
    assert_eq!(set.envelope.actor.as_deref(), Some("user:user_maya"));
    assert_eq!(set.envelope.client_address.as_deref(), Some("203.0.113.7"));
    assert_eq!(set.envelope.request.as_deref(), Some("req-1"));
    assert_eq!(set.envelope.causation.as_deref(), Some("r-1"));
    let stored: Value = serde_json::from_slice(&set.payload).unwrap();
    assert_eq!(stored["profile"]["use_cases"], json!(["incident_response", "other"]));
    // The same again, whatever its request is called.
    for request in ["r-1", "r-2"] {
        let again = running.set("org_acme", &json!({"request_id": request})).await.unwrap();
        assert_eq!(again, json!({"changed": false, "position": null}));
    }
    let installation = running.finish().await;
    let Organization::Known(known) = installation.organization("org_acme").await else {
        panic!("it is there")
    };
    assert_eq!(known.profile.unwrap().company_size.as_str(), "1-10");
}

#[tokio::test]
async fn a_profile_that_was_changed_meanwhile_stays() {
    let running = Running::with_organizations().await;
    let none = json!({"expected": null});
    assert_eq!(running.set("org_acme", &none).await.unwrap()["changed"], true);
    let other = profile("11-50");
    let refused = running
        .set(
            "org_acme",
            &json!({"expected": null, "profile": other, "request_id": "r-2"}),
        )
        .await;
    let sentence = "The profile was changed meanwhile: look at it again.";
    assert_eq!(refused, Err((412, sentence.to_owned())));
    let expected = json!({"expected": profile("1-10"), "profile": other, "request_id": "r-3"});
    assert_eq!(running.set("org_acme", &expected).await.unwrap()["changed"], true);
    running.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_in_a_sentence() {
    let running = Running::with_organizations().await;
    let mut unknown_word = profile("1-10");
    unknown_word["company_size"] = "a few".into();
    for (organization, changes, code, sentence) in [
        ("org_nobody", json!({}), 404, "There is no such organization."),
        ("org_gone", json!({}), 410, "The organization was deleted."),
        ("-", json!({}), 400, "`-` stands for no organization: name one."),
        ("a.b", json!({}), 400, "`a.b` is not a valid organization"),
        (
            "org_acme",
            json!({"actor": "system:erasure"}),
            400,
            "`actor` has to be `user:`",
        ),
        ("org_acme", json!({"actor": null}), 400, "can't be read"),
        (
            "org_acme",
            json!({"profile": unknown_word}),
            400,
            "unknown variant `a few`",
        ),
    ] {
        let (found, message) = running.set(organization, &changes).await.unwrap_err();
        assert_eq!(found, code, "{organization} {changes}: {message}");
        assert!(message.contains(sentence), "{organization} {changes}: {message}");
    }
    let installation = running.finish().await;
    assert!(
        installation
            .stored("EVENTS", "events.organization.*.*.profile_set")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn who_was_refused_is_on_record_also_when_the_role_ends() {
    let running = Running::start().await;
    let origin = Origin {
        address: Some("203.0.113.7".into()),
        request: Some("req-1".into()),
    };
    let refused = json!({
        "organization": "org_acme", "actor": "user:user_tom", "permission": "integrations.manage",
        "reason": "members may not do this", "origin": origin,
    });
    for _ in 0..3 {
        assert_eq!(running.ask("audit.v1.refused", &refused).await, Ok(json!({})));
    }
    let mut unsigned = refused.clone();
    unsigned["actor"] = "tom".into();
    assert_eq!(running.ask("audit.v1.refused", &unsigned).await.unwrap_err().0, 400);
    let installation = running.finish().await;
    let records = until("the record", async || {
        let records = installation.stored("EVENTS", "events.audit.org_acme.>").await;
        (!records.is_empty()).then_some(records)
    })
    .await;
    let recorded: Vec<Value> = records
        .iter()
        .map(|record| serde_json::from_slice(&record.payload).unwrap())
        .collect();
    let count: u64 = recorded.iter().map(|record| record["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 3);
    assert_eq!(recorded[0]["action"], "access_refused");
    assert_eq!(recorded[0]["purpose"], "integrations.manage");
    assert_eq!(recorded[0]["refused"], "members may not do this");
    assert_eq!(records[0].envelope.actor.as_deref(), Some("user:user_tom"));
    assert_eq!(records[0].envelope.client_address.as_deref(), Some("203.0.113.7"));
}
