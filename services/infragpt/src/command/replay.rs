//! `infragpt replay`: recorded facts and questions through this build, without any effect unless that is asked for.

mod live;
mod words;

use std::{collections::BTreeMap, path::PathBuf, pin::pin, time::Instant};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use futures::StreamExt as _;
use infragpt_agent::Agent;
use infragpt_nats::{Connection, GrantKey, Log, Namespace, Received, namespace, scan::Begin};
use infragpt_operations::{
    Replay, Selection,
    replay::{self, Answerer, Branched, Verdict},
};
use infragpt_projections::generation;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::words::{describe, said};

use super::{
    bundle, connect,
    finding::Finding,
    output::{Format, Output, progress},
    projections::failure,
    select::Select,
    tail::until_interrupted,
};
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
    serve::{grant_key, now},
};

/// What `replay` can be told.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Replay only this, `RAW_SLACK#7`, or all facts of its case: an id, a Slack permalink, whatever `trace` takes
    #[arg(value_name = "ANYTHING")]
    reference: Option<String>,
    /// Replay the facts of this bundle with nothing but the bundle: no server is needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reference", "answers"])]
    bundle: Option<PathBuf>,
    /// Replay into a stream and a schema of their own: the facts, what this build makes of them, and everything else as it was
    #[arg(long, value_name = "NAME", conflicts_with_all = ["reference", "answers", "bundle", "checkpoint"])]
    into: Option<String>,
    /// Remove what `--into` made under this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["reference", "answers", "bundle", "checkpoint", "into"])]
    drop: Option<String>,
    /// Also ask this build's agent the questions of EVENTS again
    #[arg(long)]
    answers: bool,
    /// Keep how far it came in this file, and go on there the next time
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Stop after this many differences
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    most: u64,
    #[command(flatten)]
    real: live::ForReal,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    format: Format,
}

/// How far it came: the last sequence of each stream that was replayed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Checkpoint(BTreeMap<String, u64>);

#[derive(Debug, Default)]
struct Tally {
    facts: u64,
    different: u64,
}

impl Arguments {
    /// Replays, and says what this build decides differently.
    ///
    /// # Errors
    /// Findings where it does.
    pub async fn run(self, configuration: impl FnOnce() -> Result<Configuration, Failure>) -> Result<(), Failure> {
        if let Some(file) = &self.bundle {
            let stored = bundle::read(file)?.restore().map_err(Failure::usage)?;
            return self.replay(Replay::carried(&stored)).await;
        }
        let configuration = configuration()?;
        if self.real.live {
            return Box::pin(live::run(&self, &configuration)).await;
        }
        if let Some(name) = &self.drop {
            return drop_namespace(&configuration, name).await;
        }
        let selection = self.select.selection()?;
        if let Some(name) = &self.into {
            return self.branch(&configuration, name, selection).await;
        }
        let (answerer, agent) = if self.answers {
            let (answerer, connection) = answerer(&configuration).await?;
            (Some(answerer), Some(connection))
        } else {
            (None, None)
        };
        let (connection, replay) = Box::pin(self.prepare(&configuration, selection, answerer)).await?;
        let replayed = self.replay(replay).await;
        connection.drain().await;
        if let Some(agent) = agent {
            agent.drain().await;
        }
        replayed
    }

    async fn replay(&self, replay: Replay) -> Result<(), Failure> {
        let mut checkpoint = self.read_checkpoint()?;
        for cut in replay.cuts().await.map_err(anyhow::Error::from)? {
            eprintln!(
                "infragpt: what {} had before #{} is gone, and is not replayed",
                cut.stream, cut.bounds.first_sequence
            );
        }
        let replay = replay.after(checkpoint.0.clone());
        let mut tally = Tally::default();
        let mut output = Output::direct(self.format);
        let started = Instant::now();
        let work = Box::pin(self.work(replay, &mut checkpoint, &mut tally, &mut output));
        let all = until_interrupted(work).await;
        self.write_checkpoint(&checkpoint)?;
        let is_whole = all?.is_some();
        let seconds = started.elapsed().as_secs_f64();
        let Tally { facts, different } = tally;
        output.item(
            &json!({ "facts": facts, "different": different, "seconds": seconds, "interrupted": !is_whole }),
            || said(facts, different, is_whole),
        )?;
        match different {
            0 => Ok(()),
            _ => Err(Failure::findings(anyhow!(
                "this build does not decide as it was decided"
            ))),
        }
    }

    /// Replays into a namespace.
    async fn branch(&self, configuration: &Configuration, name: &str, selection: Selection) -> Result<(), Failure> {
        let namespace = Namespace::parse(name).map_err(Failure::usage)?;
        let admin = connect(configuration, NatsUser::Admin).await?;
        let created = namespace.create(&admin).await;
        admin.drain().await;
        created.map_err(Failure::findings)?;
        let connection = connect(configuration, NatsUser::Operator).await?;
        let since = match selection.range.begin {
            Begin::Since(time) => Some(time),
            Begin::First | Begin::At(_) => None,
        };
        let bar = progress("copied and decided", None);
        let work = async {
            let branched = replay::branch(&connection, &namespace, selection, |_, _| bar.inc(1)).await;
            branched.map_err(|error| match error {
                replay::BranchError::Sequences => Failure::usage(error),
                error => anyhow::Error::from(error).into(),
            })
        };
        let stream = namespace.stream();
        let work = async {
            let branched = work.await?;
            let schema = tables(configuration, &connection, &namespace, since).await?;
            Ok((branched, schema))
        };
        let branched = until_interrupted(Box::pin(work)).await;
        bar.finish_and_clear();
        connection.drain().await;
        let Some((branched, schema)) = branched? else {
            return Err(Failure::findings(anyhow!(
                "interrupted: `infragpt replay --drop {name}` removes what is in {stream}"
            )));
        };
        let mut output = Output::direct(self.format);
        output.item(&json!({ "stream": stream, "schema": schema, "branched": branched }), || {
            let Branched {
                facts,
                decided,
                replaced,
                carried,
                failed,
            } = branched;
            format!(
                "{stream} has {facts} facts, {decided} events that this build decides in place of {replaced}, and {carried} others as \
                 they were; {failed} facts can't be handled\n  infragpt tail --stream {stream}{}\n  infragpt replay --drop {name}",
                schema.as_ref().map_or_else(String::new, |schema| format!(
                    "\n  PGOPTIONS='-c search_path={schema}' psql \"$INFRAGPT_DATABASE_URL\""
                ))
            )
        })?;
        Ok(())
    }

    async fn prepare(
        &self,
        configuration: &Configuration,
        mut selection: Selection,
        answerer: Option<Answerer>,
    ) -> Result<(Connection, Replay), Failure> {
        if let Some(reference) = &self.reference {
            let given = given(configuration, reference).await?;
            let connection = connect(configuration, NatsUser::Operator).await?;
            let replay = Replay::of(&connection, given, answerer)
                .await
                .map_err(anyhow::Error::from)?;
            return Ok((connection, replay));
        }
        let connection = connect(configuration, NatsUser::Operator).await?;
        if self.answers && selection.streams.is_empty() {
            selection.streams = vec!["EVENTS".to_owned()];
        }
        let replay = Replay::prepare(&connection, selection, answerer).await;
        let replay = replay.map_err(|error| match error {
            replay::Error::NotHandled { .. } => Failure::usage(error),
            error => anyhow::Error::from(error).into(),
        })?;
        Ok((connection, replay))
    }

    async fn work(
        &self,
        replay: Replay,
        checkpoint: &mut Checkpoint,
        tally: &mut Tally,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let bar = progress("replayed", Some(replay.matching()));
        let mut verdicts = pin!(replay.verdicts());
        while let Some(verdict) = verdicts.next().await {
            let (fact, verdict) = verdict.map_err(anyhow::Error::from)?;
            bar.inc(1);
            checkpoint.0.insert(fact.stream.clone(), fact.sequence);
            tally.facts += 1;
            if let Verdict::Different(difference) = verdict {
                tally.different += 1;
                bar.suspend(|| output.item(&*difference, || describe(&difference)))?;
                if tally.different >= self.most {
                    eprintln!(
                        "infragpt: stopped after {} differences: `--most` asks for more",
                        self.most
                    );
                    break;
                }
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn read_checkpoint(&self) -> Result<Checkpoint, Failure> {
        let Some(path) = self.checkpoint.as_ref().filter(|path| path.exists()) else {
            return Ok(Checkpoint::default());
        };
        let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no checkpoint of a replay", path.display()))
            .map_err(Failure::usage)
    }

    fn write_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let Some(path) = &self.checkpoint else { return Ok(()) };
        // Whoever is killed while writing leaves the one before.
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let written =
            std::fs::write(&beside, json!(checkpoint).to_string()).and_then(|()| std::fs::rename(&beside, path));
        Ok(written.with_context(|| format!("{} can't be written", path.display()))?)
    }
}

/// The tables of a replayed history, in a schema of their own; nothing where no database is configured.
async fn tables(
    configuration: &Configuration,
    connection: &Connection,
    namespace: &Namespace,
    since: Option<DateTime<Utc>>,
) -> Result<Option<String>, Failure> {
    let Some(url) = &configuration.database.url else {
        eprintln!("infragpt: no database is configured: there are no tables of this history");
        return Ok(None);
    };
    let made = generation::replayed(url, connection, namespace, since, |_| {}).await;
    Ok(Some(made.map_err(failure)?))
}

/// Removes a namespace: its stream and its tables.
async fn drop_namespace(configuration: &Configuration, name: &str) -> Result<(), Failure> {
    let namespace = Namespace::parse(name).map_err(Failure::usage)?;
    let admin = connect(configuration, NatsUser::Admin).await?;
    let deleted = namespace.delete(&admin).await;
    admin.drain().await;
    let had_tables = match &configuration.database.url {
        Some(url) => generation::drop_replayed(url, &namespace).await.map_err(failure)?,
        None => false,
    };
    match deleted {
        // Whoever was interrupted between the two finds one of them.
        Err(namespace::Error::Absent(_)) if had_tables => Ok(()),
        deleted => deleted.map_err(Failure::findings),
    }
}

/// The one message at a place, or all that are of a case.
async fn given(configuration: &Configuration, reference: &str) -> Result<Vec<Received>, Failure> {
    let finding = Finding::look_up(configuration, reference).await?;
    let connection = finding.connection.clone();
    let given = match place(reference) {
        Some((stream, sequence)) => at(&Log::new(&connection), &stream, sequence).await?,
        None => finding.stored_case().await?,
    };
    connection.drain().await;
    Ok(given)
}

/// What `STREAM#sequence` says.
fn place(reference: &str) -> Option<(String, u64)> {
    let (stream, sequence) = reference.split_once('#')?;
    Some((stream.to_ascii_uppercase(), sequence.parse().ok()?))
}

/// The message at a place, if that is still there.
async fn at(log: &Log, stream: &str, sequence: u64) -> Result<Vec<Received>, Failure> {
    let found = log.at(stream, sequence).await.map_err(anyhow::Error::from)?;
    match found {
        Some(found) => Ok(vec![found]),
        None => Err(Failure::findings(anyhow!(
            "{stream} no longer has #{sequence}, and can't replay it"
        ))),
    }
}

/// This build's agent, with the tools that are there now.
async fn answerer(configuration: &Configuration) -> Result<(Answerer, Connection), Failure> {
    let connection = connect(configuration, NatsUser::Agent).await?;
    let grants: GrantKey = grant_key(configuration.grant.key.as_ref())?;
    let answerer = Answerer::new(Agent::new(&connection, now), grants, || now() + TimeDelta::minutes(1));
    Ok((answerer, connection))
}
