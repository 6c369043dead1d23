//! Every `nats` command of the operator's guide does as it says: what the CLI asks for it is asked of a running server, as
//! the user that it names.
//!
//! What each command asks is read from its sources: <https://github.com/nats-io/natscli> (`cli/*_command.go`),
//! <https://github.com/nats-io/jsm.go> and <https://github.com/synadia-io/orbit.go> (`jetstreamext`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use infragpt::configuration::NatsUser;
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_nats::{Accounts, Claim, Connection, Namespace, Service, request};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::{Nats, until};

/// Flags of the CLI that are followed by a value. Others that the guide has are in [`SWITCHES`].
const VALUES: [&str; 13] = [
    "--context",
    "--count",
    "--inbox-prefix",
    "--last-for",
    "--max-pending",
    "--password",
    "--queue",
    "--replies",
    "--server",
    "--start-sequence",
    "--stream",
    "--subject",
    "--timeout",
];
const SWITCHES: [&str; 8] = [
    "-a",
    "--all",
    "--direct",
    "--force",
    "--headers-only",
    "--last",
    "--new",
    "--select",
];

/// A command as the guide has it.
#[derive(Debug, Default)]
struct Command {
    words: Vec<String>,
    comment: String,
}

/// A command of the CLI.
#[derive(Debug)]
struct Nat {
    line: String,
    words: Vec<String>,
    flags: BTreeMap<String, String>,
    is_refused: bool,
}

/// What the CLI asks of the server.
#[derive(Debug)]
enum Ask {
    /// One request with one answer.
    Request(String, Value),
    /// The statistics of one instance of a service.
    Instance(String),
    /// To answer requests, in the services' queue.
    Serve(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    Refused,
    Wrong(String),
}

/// The commands in a shell's text: words without their quotes, substitutions as they stand, and the comment behind each.
fn commands(text: &str) -> Vec<Command> {
    let mut found = vec![Command::default()];
    let (mut word, mut quote, mut depth) = (None::<String>, None::<char>, 0);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let command = found.last_mut().unwrap();
        match letter {
            '(' if word.as_ref().is_some_and(|word| word.ends_with('$')) || depth > 0 => {
                depth += 1;
                word.get_or_insert_default().push(letter);
            }
            ')' if depth > 0 => {
                depth -= 1;
                word.get_or_insert_default().push(letter);
            }
            _ if depth > 0 => word.get_or_insert_default().push(letter),
            _ if quote == Some(letter) => quote = None,
            _ if quote.is_some() => word.get_or_insert_default().push(letter),
            '\'' | '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            '\\' if letters.peek() == Some(&'\n') => {
                letters.next();
                command.words.extend(word.take());
            }
            '#' if word.is_none() => {
                while let Some(letter) = letters.next_if(|letter| *letter != '\n') {
                    command.comment.push(letter);
                }
            }
            '\n' | ';' => {
                command.words.extend(word.take());
                found.push(Command::default());
            }
            ' ' => command.words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    found.last_mut().unwrap().words.extend(word);
    found.retain(|command| !command.words.is_empty());
    found
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

impl Nat {
    /// Nothing for what is no command of the CLI.
    fn parse(command: &Command) -> Option<Self> {
        let line = command.words.join(" ");
        let mut rest = command.words.iter().skip_while(|word| *word == "do");
        if rest.next()? != "nats" {
            return None;
        }
        let (mut words, mut flags) = (Vec::new(), BTreeMap::new());
        while let Some(word) = rest.next() {
            if VALUES.contains(&word.as_str()) || word == "--user" {
                let value = rest.next().unwrap_or_else(|| panic!("`{line}`: {word} has no value"));
                flags.insert(word.clone(), value.clone());
            } else if SWITCHES.contains(&word.as_str()) {
                flags.insert(word.clone(), String::new());
            } else {
                assert!(!word.starts_with('-'), "`{line}`: this test knows no {word}");
                words.push(word.clone());
            }
        }
        Some(Self {
            line,
            words,
            flags,
            is_refused: command.comment.trim().starts_with("refused"),
        })
    }

    /// Who does it.
    fn user(&self) -> NatsUser {
        let Some(context) = self.flags.get("--context") else {
            return NatsUser::Operator;
        };
        let name = context.strip_prefix("infragpt-").unwrap_or(context);
        *NatsUser::ALL
            .iter()
            .find(|user| user.as_str() == name)
            .unwrap_or_else(|| panic!("`{}`: no user has the context {context}", self.line))
    }

    fn number(&self, flag: &str) -> u64 {
        self.flags.get(flag).map_or(1, |value| value.parse().unwrap())
    }

    /// Everything that it asks, in order.
    fn asks(&self) -> Vec<Ask> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let api = |what: String, request: Value| Ask::Request(format!("$JS.API.{what}"), request);
        let stream = |name: &str| api(format!("STREAM.INFO.{name}"), json!({}));
        let level = || api("INFO".to_owned(), json!({}));
        match words[..] {
            // These say nothing to the server but hello.
            ["context", "save" | "ls", ..] | ["rtt"] => vec![],
            ["pub", subject, body] => vec![Ask::Request(subject.to_owned(), body.parse().unwrap())],
            ["req", subject, body] => vec![Ask::Request(subject.to_owned(), serde_json::from_str(body).unwrap())],
            ["reply", subject, _] => {
                assert_eq!(
                    self.flags["--queue"], "q",
                    "`{}`: services answer in the queue q",
                    self.line
                );
                vec![Ask::Serve(subject.to_owned())]
            }
            ["micro", "ls"] => vec![Ask::Request("$SRV.INFO".to_owned(), json!({}))],
            ["micro", "ping"] => vec![Ask::Request("$SRV.PING".to_owned(), json!({}))],
            ["micro", "info", name] => vec![Ask::Instance(name.to_owned())],
            ["micro", "stats", name] => vec![Ask::Request(format!("$SRV.STATS.{name}"), json!({}))],
            ["kv", "get", bucket, key] => vec![
                stream(&format!("KV_{bucket}")),
                api(format!("DIRECT.GET.KV_{bucket}.$KV.{bucket}.{key}"), json!({})),
            ],
            ["sub"] => {
                assert!(
                    self.flags.contains_key("--direct"),
                    "`{}` would make a consumer",
                    self.line
                );
                let name = &self.flags["--stream"];
                let batch = json!({ "seq": self.number("--start-sequence"), "batch": 1 });
                vec![stream(name), level(), api(format!("DIRECT.GET.{name}"), batch)]
            }
            ["stream", "ls" | "report"] => {
                let filter = self.flags.get("--subject");
                vec![api("STREAM.LIST".to_owned(), json!({ "offset": 0, "subject": filter }))]
            }
            ["stream", "info", name] => vec![stream(name)],
            ["stream", "subjects", name, ref filter @ ..] => {
                let filter = filter.first().unwrap_or(&">");
                vec![api(format!("STREAM.INFO.{name}"), json!({ "subjects_filter": filter }))]
            }
            ["stream", "get", name, ref sequence @ ..] => {
                let which = match sequence {
                    [sequence] => json!({ "seq": sequence.parse::<u64>().unwrap() }),
                    _ => json!({ "last_by_subj": self.flags["--last-for"] }),
                };
                vec![stream(name), api(format!("STREAM.MSG.GET.{name}"), which)]
            }
            ["stream", "rmm", name, sequence] => {
                let which = json!({ "seq": sequence.parse::<u64>().unwrap() });
                vec![stream(name), api(format!("STREAM.MSG.DELETE.{name}"), which)]
            }
            ["stream", "purge", name] => vec![stream(name), api(format!("STREAM.PURGE.{name}"), json!({}))],
            ["stream", "rm", name] => vec![stream(name), api(format!("STREAM.DELETE.{name}"), json!({}))],
            ["consumer", action, name, ref rest @ ..] => self.consumer_asks(action, name, rest),
            _ => panic!(
                "`{}`: this test doesn't know what that asks; look it up and say it here",
                self.line
            ),
        }
    }

    fn consumer_asks(&self, action: &str, stream: &str, rest: &[&str]) -> Vec<Ask> {
        let api = |what: String, request: Value| Ask::Request(format!("$JS.API.{what}"), request);
        let info = |name: &str| api(format!("CONSUMER.INFO.{stream}.{name}"), json!({}));
        let level = || api("INFO".to_owned(), json!({}));
        let pause = |name: &str, until: Value| api(format!("CONSUMER.PAUSE.{stream}.{name}"), until);
        match (action, rest) {
            ("ls", []) => vec![api(format!("CONSUMER.LIST.{stream}"), json!({ "offset": 0 }))],
            ("report", []) => vec![
                api(format!("STREAM.INFO.{stream}"), json!({})),
                api(format!("CONSUMER.LIST.{stream}"), json!({ "offset": 0 })),
                info("projections"),
            ],
            ("info", [name]) => vec![info(name)],
            ("pause", [name, _]) => {
                let until = json!({ "pause_until": "2100-01-01T00:00:00Z" });
                vec![info(name), level(), pause(name, until)]
            }
            ("resume", [name]) => vec![info(name), level(), pause(name, json!({}))],
            ("next", [name]) => vec![
                info(name),
                api(
                    format!("CONSUMER.MSG.NEXT.{stream}.{name}"),
                    json!({ "batch": 1, "no_wait": true }),
                ),
            ],
            ("rm", [name]) => vec![info(name), api(format!("CONSUMER.DELETE.{stream}.{name}"), json!({}))],
            ("edit", [name]) => {
                let config = json!({ "durable_name": name, "name": name, "ack_policy": "explicit" });
                let request = json!({ "stream_name": stream, "config": config });
                vec![info(name), api(format!("CONSUMER.CREATE.{stream}.{name}"), request)]
            }
            _ => panic!(
                "`{}`: this test doesn't know what that asks; look it up and say it here",
                self.line
            ),
        }
    }
}

/// Asks as `connection`. What a user may not ask is never answered.
async fn ask(connection: &Connection, subject: &str, request: &Value) -> (Outcome, Value) {
    match connection
        .request::<_, Value>(subject, request, Duration::from_millis(500))
        .await
    {
        Ok(answer) if answer["error"].is_null() => (Outcome::Answered, answer),
        Ok(answer) => (Outcome::Wrong(answer["error"].to_string()), answer),
        Err(request::Error::TimedOut(_)) => (Outcome::Refused, Value::Null),
        Err(other) => (Outcome::Wrong(other.to_string()), Value::Null),
    }
}

async fn done(connection: &Connection, nats: &Nats, asked: &Ask) -> Outcome {
    match asked {
        Ask::Request(subject, request) => ask(connection, subject, request).await.0,
        Ask::Instance(name) => {
            let (outcome, info) = ask(connection, &format!("$SRV.INFO.{name}"), &json!({})).await;
            let Some(id) = info["id"].as_str() else { return outcome };
            ask(connection, &format!("$SRV.STATS.{name}.{id}"), &json!({})).await.0
        }
        Ask::Serve(subject) => {
            let mut services = Services::default();
            services.start(connection.clone(), "another", subject);
            let operator = nats.connect(NatsUser::Operator).await;
            let served = until("the service", async || {
                let (outcome, answer) = ask(&operator, subject, &json!({})).await;
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
    fn start(&mut self, connection: Connection, name: &'static str, subject: &str) {
        let service = Service::new(&connection, name, "0.1.0", "Says its name")
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
        services.start(nats.connect(user).await, name, subject);
    }
    let operator = nats.connect(NatsUser::Operator).await;
    for name in ["agent", "integration", "connector", "infragpt_tools"] {
        until("the services", async || {
            let (outcome, _) = ask(&operator, &format!("$SRV.PING.{name}"), &json!({})).await;
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
            let expected = if command.is_refused && index + 1 == asks.len() {
                Outcome::Refused
            } else {
                Outcome::Answered
            };
            let outcome = done(&connection, &nats, asked).await;
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
    let (outcome, _) = ask(&operator, "$JS.API.CONSUMER.MSG.NEXT.EVENTS.newer", &next).await;
    assert_eq!(outcome, Outcome::Refused);
}

#[test]
fn a_shell_s_text_is_read_as_a_shell_reads_it() {
    let text = "a 'b c' \"d $e\" \\\n    f   # why\n# alone\ng \"$(h \"i j\")\"; k\n'l\nm'\n";
    let read: Vec<_> = commands(text)
        .into_iter()
        .map(|command| (command.words, command.comment))
        .collect();
    let expected: Vec<(Vec<String>, String)> = [
        (vec!["a", "b c", "d $e", "f"], " why"),
        (vec!["g", "$(h \"i j\")"], ""),
        (vec!["k"], ""),
        (vec!["l\nm"], ""),
    ]
    .into_iter()
    .map(|(words, comment)| (words.into_iter().map(str::to_owned).collect(), comment.to_owned()))
    .collect();
    assert_eq!(read, expected);
}
