//! Every `nats` command of the operator's guide does as it says: what the CLI asks for it is asked of a running server, as
//! the user that it names.

mod command;
mod shell;

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use infragpt::configuration::NatsUser;
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_nats::{Accounts, Claim, Connection, Namespace, Service, request};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{
    command::{Ask, Nat},
    shell::{Command, commands},
};
use crate::harness::{Nats, until};

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    Refused,
    Wrong(String),
}

/// The guide's shell examples.
fn guide() -> Vec<Command> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nats/README.md");
    let guide = fs::read_to_string(path).unwrap();
    let blocks = guide.split("```sh\n").skip(1);
    blocks
        .flat_map(|rest| commands(rest.split("```").next().unwrap()))
        .collect()
}

/// How long an answer may take. What a user may not ask is never answered, so that waiting for it has to end sooner.
const PATIENCE: Duration = Duration::from_secs(10);
const REFUSAL: Duration = Duration::from_millis(500);

/// Asks as `connection`, and waits for an answer.
async fn ask(connection: &Connection, subject: &str, request: &Value) -> (Outcome, Value) {
    ask_within(connection, subject, request, PATIENCE).await
}

async fn ask_within(connection: &Connection, subject: &str, request: &Value, limit: Duration) -> (Outcome, Value) {
    match connection.request::<_, Value>(subject, request, limit).await {
        Ok(answer) if answer["error"].is_null() => (Outcome::Answered, answer),
        Ok(answer) => (Outcome::Wrong(answer["error"].to_string()), answer),
        Err(request::Error::TimedOut(_)) => (Outcome::Refused, Value::Null),
        Err(other) => (Outcome::Wrong(other.to_string()), Value::Null),
    }
}

async fn done(connection: &Connection, nats: &Nats, asked: &Ask, limit: Duration) -> Outcome {
    match asked {
        Ask::Request(subject, request) => ask_within(connection, subject, request, limit).await.0,
        Ask::Instance(name) => {
            let (outcome, info) = ask(connection, &format!("$SRV.INFO.{name}"), &json!({})).await;
            let Some(id) = info["id"].as_str() else { return outcome };
            ask(connection, &format!("$SRV.STATS.{name}.{id}"), &json!({})).await.0
        }
        Ask::Serve(subject) => {
            let mut services = Services::default();
            services.start(connection, "another", subject);
            let operator = nats.connect(NatsUser::Operator).await;
            let served = until("the service", async || {
                let (outcome, answer) = ask_within(&operator, subject, &json!({}), REFUSAL).await;
                (answer["service"] == "another").then_some(outcome)
            });
            let outcome = served.await;
            services.stop().await;
            outcome
        }
    }
}

/// Services that say their name.
#[derive(Default)]
struct Services {
    running: JoinSet<()>,
    stop: CancellationToken,
}

impl Services {
    fn start(&mut self, connection: &Connection, name: &'static str, subject: &str) {
        let service = Service::new(connection, name, "0.1.0", "Says its name")
            .endpoint(subject, move |_| async move { Ok(json!({ "service": name })) })
            .run(self.stop.clone());
        self.running.spawn(async move { service.await.unwrap() });
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
    }
}

/// Puts there what the guide looks at.
async fn fill(nats: &Nats) {
    let handlers = nats.connect(NatsUser::Handlers).await;
    let slack = nats.connect(NatsUser::Slack).await;
    let github = nats.connect(NatsUser::Github).await;
    let mut subjects = vec![
        (&slack, "raw.slack.T0ACME.message"),
        (&github, "raw.github.4242.workflow_run.completed"),
        (&handlers, "events.integration.acme.x.authorized"),
        (&handlers, "events.organization.acme.x.member_added"),
        (&handlers, "dead.RAW_GITHUB.github_handler.raw.github.4242.push.-"),
        (&handlers, "dead.RAW_GITHUB.github_handler.raw.github.4242.push.-"),
    ];
    subjects.extend([(&handlers, "events.change.acme.x.recorded"); 42]);
    for (connection, subject) in subjects {
        let (outcome, _) = ask(connection, subject, &json!({})).await;
        assert_eq!(outcome, Outcome::Answered, "{subject}");
    }
    let accounts = Accounts::new(&nats.connect(NatsUser::Integrations).await);
    let organization: OrganizationId = "acme".parse().unwrap();
    let claim = Claim::new(organization, Uuid::nil());
    let slack = ConnectorKind::parse("slack").unwrap();
    accounts.claim(&slack, "T0ACME", &claim).await.unwrap();

    let monday = Namespace::parse("monday").unwrap();
    monday.create(&nats.connect(NatsUser::Admin).await).await.unwrap();
    let operator = nats.connect(NatsUser::Operator).await;
    let (outcome, _) = ask(&operator, &monday.subject("raw.slack.T0ACME.message"), &json!({})).await;
    assert_eq!(outcome, Outcome::Answered, "operators fill namespaces");
}

#[tokio::test]
async fn every_command_of_the_guide_works_as_printed() {
    let nats = Nats::start().await;
    fill(&nats).await;
    let mut services = Services::default();
    for (user, name, subject) in [
        (NatsUser::Agent, "agent", "agent.v1.ask"),
        (NatsUser::Integrations, "integration", "integration.v1.list"),
        (NatsUser::Integrations, "connector", "connector.v1.slack.post"),
        (NatsUser::Queries, "infragpt_tools", "tool.v1.infragpt.status"),
    ] {
        services.start(&nats.connect(user).await, name, subject);
    }
    let operator = nats.connect(NatsUser::Operator).await;
    for name in ["agent", "integration", "connector", "infragpt_tools"] {
        until("the services", async || {
            let (outcome, _) = ask_within(&operator, &format!("$SRV.PING.{name}"), &json!({}), REFUSAL).await;
            (outcome == Outcome::Answered).then_some(())
        })
        .await;
    }

    let told: Vec<Nat> = guide().iter().filter_map(Nat::parse).collect();
    assert!(told.len() > 50, "only {} commands were found", told.len());
    assert!(told.iter().filter(|command| command.is_refused).count() > 10);
    for command in &told {
        let connection = nats.connect(command.user()).await;
        let asks = command.asks();
        for (index, asked) in asks.iter().enumerate() {
            // What is refused is the last thing that it asks: before that it has looked.
            let (expected, limit) = if command.is_refused && index + 1 == asks.len() {
                (Outcome::Refused, REFUSAL)
            } else {
                (Outcome::Answered, PATIENCE)
            };
            let outcome = done(&connection, &nats, asked, limit).await;
            assert_eq!(outcome, expected, "`{}` asks {asked:?}", command.line);
        }
    }
    services.stop().await;
}

#[test]
fn every_user_has_a_context_and_reads_its_own_inbox() {
    let told = guide();
    let roles = told
        .iter()
        .find(|command| command.words.starts_with(&["for".into(), "role".into(), "in".into()]))
        .unwrap();
    let mut users: BTreeSet<&str> = roles.words[3..].iter().map(String::as_str).collect();
    let contexts: Vec<Nat> = told
        .iter()
        .filter_map(Nat::parse)
        .filter(|command| command.words.starts_with(&["context".into(), "save".into()]))
        .collect();
    for context in &contexts {
        let user = context.flags["--user"].as_str();
        let name = context.words[2].as_str();
        assert_eq!(context.flags["--server"], "$INFRAGPT_NATS_URL", "{name}");
        assert_eq!(context.flags["--inbox-prefix"], format!("_INBOX.{user}"), "{name}");
        assert_eq!(
            name,
            if user == "operator" {
                "infragpt".to_owned()
            } else {
                format!("infragpt-{user}")
            }
        );
        if user != "$role" {
            let password = format!("${}", infragpt_nats::definition::password_variable(user));
            assert_eq!(context.flags["--password"], password, "{name}");
            users.insert(user);
        }
    }
    assert_eq!(contexts.len(), 3);
    assert_eq!(users, NatsUser::ALL.into_iter().map(NatsUser::as_str).collect());
}

/// Why the guide says `--direct`.
#[tokio::test]
async fn without_direct_an_older_terminal_reads_and_a_newer_one_may_not() {
    let nats = Nats::start().await;
    let operator = nats.connect(NatsUser::Operator).await;
    let made = async |name: &str, more: Value| {
        let mut config = json!({ "name": name, "ack_policy": "none", "filter_subject": "events.change.>" });
        config
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let subject = format!("$JS.API.CONSUMER.CREATE.EVENTS.{name}.events.change.>");
        ask(
            &operator,
            &subject,
            &json!({ "stream_name": "EVENTS", "config": config }),
        )
        .await
        .0
    };
    let pushed = json!({
        "deliver_subject": "_INBOX.operator.x", "flow_control": true, "idle_heartbeat": 5_000_000_000_i64, "num_replicas": 1,
        "mem_storage": true
    });
    assert_eq!(made("older", pushed).await, Outcome::Answered);
    assert_eq!(made("newer", json!({})).await, Outcome::Answered);
    let next = json!({ "batch": 1, "no_wait": true });
    let subject = "$JS.API.CONSUMER.MSG.NEXT.EVENTS.newer";
    let (outcome, _) = ask_within(&operator, subject, &next, REFUSAL).await;
    assert_eq!(outcome, Outcome::Refused);
}
