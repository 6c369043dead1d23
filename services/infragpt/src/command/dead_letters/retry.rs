//! `infragpt dead-letters retry`: as it is, or edited as a new fact.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use clap::Args;
use infragpt_nats::{Connection, FactPublisher, Letter, Log};
use infragpt_operations::{
    Operator,
    dead_letters::{Edit, Repair, Summary, edit},
};

use super::{
    choice::{self, Choice},
    work::each,
};
use crate::{
    command::{ask::operator, connect, output::Format},
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `retry` can be told.
#[derive(Debug, Clone, Args)]
pub struct Retry {
    #[command(flatten)]
    choice: Choice,
    /// Send what this file has as a new fact in the place of one letter
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    payload: Option<PathBuf>,
    /// How many a second at most
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    rate: f64,
    #[command(flatten)]
    format: Format,
}

impl Retry {
    /// Retries them.
    ///
    /// # Errors
    /// Findings where one stays.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let connection = connect(configuration, NatsUser::Operator).await?;
        let letters = self.choice.letters(&connection, "retry").await?;
        let operator = Operator::new(&connection, operator(), self.choice.reason.clone());
        let done = match &self.payload {
            None => {
                let repair = Repair::new(operator);
                each(&letters, self.rate, self.format, async |letter| {
                    repair.retry(letter).await
                })
                .await
            }
            Some(file) => {
                let [letter] = letters.as_slice() else {
                    return Err(Failure::usage(anyhow!("`--payload` is for one letter")));
                };
                self.send(configuration, &connection, (letter, file), operator).await
            }
        };
        connection.drain().await;
        done
    }

    async fn send(
        &self,
        configuration: &Configuration,
        connection: &Connection,
        (summary, file): (&Summary, &Path),
        operator: Operator,
    ) -> Result<(), Failure> {
        let letter = choice::letter(&Log::new(connection), summary.sequence).await?;
        let payload = read(file, &letter)?;
        let edit = edit(&letter, payload, operator.actor()).map_err(Failure::usage)?;
        let sender = connect(configuration, user(&edit)?).await?;
        let (repair, publisher) = (Repair::new(operator), FactPublisher::new(&sender));
        let letters = std::slice::from_ref(summary);
        let sent = each(letters, self.rate, self.format, async |letter| {
            repair.send(letter, edit.clone(), &publisher).await
        });
        let sent = sent.await;
        sender.drain().await;
        sent
    }
}

/// What is in `file`, if it can be meant for `letter`.
fn read(file: &Path, letter: &Letter) -> Result<Bytes, Failure> {
    let payload = std::fs::read(file)
        .with_context(|| format!("{} can't be read", file.display()))
        .map_err(Failure::usage)?;
    let is_json = |bytes: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(bytes);
    if is_json(&letter.payload).is_ok()
        && let Err(problem) = is_json(&payload)
    {
        return Err(Failure::usage(anyhow!("{} is no JSON: {problem}", file.display())));
    }
    if *payload == *letter.payload {
        return Err(Failure::usage(anyhow!(
            "{} has what the letter has: edit it, or retry without `--payload`",
            file.display()
        )));
    }
    Ok(payload.into())
}

/// Who has to send it.
fn user(edit: &Edit) -> Result<NatsUser, Failure> {
    match edit.user() {
        "slack" => Ok(NatsUser::Slack),
        "github" => Ok(NatsUser::Github),
        "clerk" => Ok(NatsUser::Clerk),
        other => Err(Failure::usage(anyhow!("this build has no connector `{other}`"))),
    }
}
