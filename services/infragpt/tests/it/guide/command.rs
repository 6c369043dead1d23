//! What each command of the CLI asks of a server, as its sources have it: <https://github.com/nats-io/natscli>
//! (`cli/*_command.go`), <https://github.com/nats-io/jsm.go> and <https://github.com/synadia-io/orbit.go> (`jetstreamext`).

use std::collections::BTreeMap;

use infragpt::configuration::NatsUser;
use serde_json::{Value, json};

use super::shell::Command;

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

/// A command of the CLI.
#[derive(Debug)]
pub struct Nat {
    pub line: String,
    pub words: Vec<String>,
    pub flags: BTreeMap<String, String>,
    pub is_refused: bool,
}

/// What the CLI asks of the server.
#[derive(Debug)]
pub enum Ask {
    /// One request with one answer.
    Request(String, Value),
    /// The statistics of one instance of a service.
    Instance(String),
    /// To answer requests, in the services' queue.
    Serve(String),
}

impl Nat {
    /// Nothing for what is no command of the CLI.
    pub fn parse(command: &Command) -> Option<Self> {
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
    pub fn user(&self) -> NatsUser {
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
    pub fn asks(&self) -> Vec<Ask> {
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
