//! Whether PostgreSQL answers, has the tables of this build, and keeps organizations apart.

use std::time::Duration;

use infragpt_projections::{
    self as projections, PgPool,
    generation::{self, Error, State, check_migrations},
    inspection::{Breach, Inspection, LEAST_SERVER_VERSION, breaches, inspect},
};
use tokio::time::timeout;

use super::{
    finding::{Finding, Status},
    nats::bytes,
};
use crate::{command::database_url, configuration::Configuration};

const DATABASE: &str = "start PostgreSQL, or set INFRAGPT_DATABASE_URL to where it is";
/// How long connecting may take.
const REACHED_WITHIN: Duration = Duration::from_secs(4);

const MIGRATE: &str = "infragpt migrate";

/// The database of the configuration, or why there is none. It is reached for when it is first used.
pub fn open(configuration: &Configuration) -> Result<PgPool, Finding> {
    let url = database_url(configuration)
        .map_err(|_| Finding::unknown("`database.url` is missing", "set INFRAGPT_DATABASE_URL"))?;
    projections::connect(url, "infragpt doctor").map_err(|error| Finding {
        status: Status::Error,
        // It repeats no URL, and shows one that looks like a secret.
        found: error.to_string(),
        todo: Some("set INFRAGPT_DATABASE_URL".to_owned()),
    })
}

/// Looks at the database.
pub async fn look(database: Result<&PgPool, &Finding>) -> Vec<Finding> {
    let database = match database {
        Ok(database) => database,
        Err(problem) => return vec![problem.clone()],
    };
    let mut findings = match timeout(REACHED_WITHIN, inspect(database)).await {
        Ok(Ok(found)) => vec![server(&found)],
        Ok(Err(error)) => return vec![Finding::error(format!("PostgreSQL does not answer: {error}"), DATABASE)],
        Err(_) => {
            let text = format!("PostgreSQL does not answer within {} s", REACHED_WITHIN.as_secs());
            return vec![Finding::error(text, DATABASE)];
        }
    };
    match check_migrations(database).await {
        Ok(last) => findings.push(Finding::ok(format!(
            "the tables are those of this build: migration {last}"
        ))),
        Err(error @ (Error::TooOld { .. } | Error::Absent)) => {
            findings.push(Finding::error(error.to_string(), MIGRATE));
            return findings;
        }
        Err(error @ Error::TooNew { .. }) => {
            findings.push(Finding::error(
                error.to_string(),
                "run the newer build, or one that knows these tables",
            ));
            return findings;
        }
        Err(error) => {
            findings.push(Finding::unknown(format!("{:#}", anyhow::Error::from(error)), MIGRATE));
            return findings;
        }
    }
    findings.push(generations(database).await);
    findings.extend(wall(breaches(database).await));
    findings
}

fn server(found: &Inspection) -> Finding {
    let size = bytes(found.bytes.unsigned_abs());
    let text = format!("PostgreSQL {} answers; the database takes {size}", found.version);
    if found.major < LEAST_SERVER_VERSION {
        let todo = format!("install PostgreSQL {LEAST_SERVER_VERSION} or newer");
        return Finding::error(text, todo);
    }
    Finding::ok(text)
}

/// Which generation of the read models is read, and whether another was refused.
async fn generations(database: &PgPool) -> Finding {
    const LIST: &str = "infragpt projections generations";
    let all = match generation::list(database).await {
        Ok(all) => all,
        Err(error) => return Finding::unknown(error, LIST),
    };
    let of = |state| all.iter().filter(move |generation| generation.state == state);
    if let Some(refused) = of(State::Refused).next_back() {
        return Finding::warning(
            format!(
                "generation {} of the read models was refused, because it differs",
                refused.id
            ),
            LIST,
        );
    }
    match of(State::Active).next() {
        Some(active) => Finding::ok(format!("generation {} of the read models is read", active.id)),
        None => Finding::error(
            "no generation of the read models is read",
            "infragpt projections rebuild",
        ),
    }
}

fn wall(found: Result<Vec<Breach>, projections::DatabaseError>) -> Vec<Finding> {
    let breaches = match found {
        Ok(breaches) => breaches,
        Err(error) => return vec![Finding::unknown(error, MIGRATE)],
    };
    if breaches.is_empty() {
        return vec![Finding::ok("row-level security keeps organizations apart")];
    }
    let todo = |breach: &Breach| match breach {
        Breach::NoRole => "CREATE ROLE infragpt_api NOLOGIN NOINHERIT; then infragpt projections rebuild".to_owned(),
        Breach::Powerful(_) => {
            "ALTER ROLE infragpt_api NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION NOLOGIN".to_owned()
        }
        Breach::NotOurs => "GRANT infragpt_api TO the user of `database.url`".to_owned(),
        Breach::Unguarded(table) => format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
        // A generation that is made anew has the policies and rights of this build.
        Breach::Lax(_) | Breach::Closed(_) => "infragpt projections rebuild".to_owned(),
    };
    let said = breaches
        .iter()
        .map(|breach| Finding::error(breach.to_string(), todo(breach)));
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_the_wall_is_an_error() {
        assert_eq!(wall(Ok(Vec::new()))[0].status, Status::Ok);
        let found = wall(Ok(vec![Breach::NoRole, Breach::Unguarded("changes".into())]));
        assert!(found.iter().all(|finding| finding.status == Status::Error), "{found:?}");
        assert!(found[1].todo.as_ref().unwrap().contains("TABLE changes ENABLE"));
    }
}
