//! Whether each NATS user whose password is here can connect, and is refused what it must not do.

use std::time::Duration;

use futures::future::join_all;
use infragpt_nats::{Connection, connection, request};
use serde_json::{Value, json};

use super::finding::{Finding, counted};
use crate::{
    command::settings,
    configuration::{Configuration, NatsUser},
};

/// How long it takes to believe that nobody answers. The server refuses a request by not passing it on.
const SILENCE: Duration = Duration::from_secs(1);

/// What nobody but `admin` may do. There is no such stream, so that nothing happens where somebody may.
const DELETE: &str = "$JS.API.STREAM.DELETE.INFRAGPT_DOCTOR";

/// What nobody but `integrations` and `admin` may do. No message has the sequence that is asked for.
const READ: &str = "$JS.API.STREAM.MSG.GET.CREDENTIALS";

const MEND: &str = "start nats-server with nats/server.conf as it is in this build";

/// What came of looking at one user.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    Refused,
    /// It may do what it must not.
    Powerful(Vec<&'static str>),
    /// The server is not there, or too old, which is said elsewhere.
    Unknown,
}

/// Looks at the users.
pub async fn look(configuration: &Configuration) -> Vec<Finding> {
    let here = NatsUser::ALL
        .into_iter()
        .filter(|user| configuration.nats.password.contains_key(user));
    let looking = here.map(|user| async move { (user, try_out(configuration, user).await) });
    said(&join_all(looking).await)
}

async fn try_out(configuration: &Configuration, user: NatsUser) -> Outcome {
    let Ok(settings) = settings(configuration, user) else {
        return Outcome::Unknown;
    };
    let connection = match Connection::connect(&settings).await {
        Ok(connection) => connection,
        Err(connection::Error::Refused { .. }) => return Outcome::Refused,
        Err(connection::Error::Unreachable { .. } | connection::Error::TooOld { .. }) => return Outcome::Unknown,
    };
    let (delete, read) = tokio::join!(
        may(&connection, DELETE, json!({})),
        may(&connection, READ, json!({ "seq": 0 }))
    );
    connection.drain().await;
    let (Some(delete), Some(read)) = (delete, read) else {
        return Outcome::Unknown;
    };
    let mut powers = Vec::new();
    if delete && user != NatsUser::Admin {
        powers.push("delete streams");
    }
    if read && !matches!(user, NatsUser::Admin | NatsUser::Integrations) {
        powers.push("read CREDENTIALS");
    }
    if powers.is_empty() {
        Outcome::Fine
    } else {
        Outcome::Powerful(powers)
    }
}

/// Whether the server passes the request on, whatever is answered; nothing where the connection broke.
async fn may(connection: &Connection, subject: &str, request: Value) -> Option<bool> {
    match connection.request::<_, Value>(subject, &request, SILENCE).await {
        Err(request::Error::Unavailable(_)) => None,
        Err(request::Error::TimedOut(_)) => connection.is_connected().then_some(false),
        _ => Some(true),
    }
}

fn said(users: &[(NatsUser, Outcome)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut fine, mut unknown) = (0_u64, 0_u64);
    for (user, outcome) in users {
        let name = user.as_str();
        let variable = user.password_variable();
        match outcome {
            Outcome::Fine => fine += 1,
            Outcome::Unknown => unknown += 1,
            Outcome::Refused => findings.push(Finding::error(
                format!("NATS refuses user `{name}`: the password here is not the server's"),
                format!("set {variable} to what nats-server was started with"),
            )),
            Outcome::Powerful(powers) => findings.push(Finding::error(
                format!("NATS lets user `{name}` {}, which it must not", powers.join(" and ")),
                MEND,
            )),
        }
    }
    if unknown > 0 {
        findings.push(Finding::unknown(
            format!(
                "{} can't be tried, because NATS can't be asked",
                counted(unknown, "user")
            ),
            "mend what stands under `nats`, then run infragpt doctor again",
        ));
    }
    if fine > 0 || findings.is_empty() {
        let all = NatsUser::ALL.len();
        let text = format!(
            "{}: connected, and refused what must not be done",
            counted(fine, "user")
        );
        let elsewhere = all - users.len();
        findings.push(Finding::ok(match elsewhere {
            0 => text,
            _ => format!("{text}; the passwords of {elsewhere} others are not here"),
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};

    #[test]
    fn what_a_user_may_too_much_is_said() {
        let found = said(&[
            (NatsUser::Api, Outcome::Powerful(vec!["delete streams"])),
            (NatsUser::Slack, Outcome::Refused),
            (NatsUser::Agent, Outcome::Fine),
        ]);
        assert_eq!(found[0].status, Status::Error);
        assert!(found[0].found.contains("`api` delete streams"), "{found:?}");
        assert!(found[1].todo.as_ref().unwrap().contains("INFRAGPT_NATS_PASSWORD_SLACK"));
        assert!(
            found[2].found.starts_with("1 user:") && found[2].found.contains("11 others"),
            "{found:?}"
        );
    }
}
