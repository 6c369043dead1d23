//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    bundle, dead_letters, doctor, events, integrations, keys, nats, projections, replay, sandbox, show, tail, timeline,
    trace,
};
use crate::{bench, configuration, demo, environment, failure::Failure, logging, role::Role, serve};

const EXAMPLES: &str = "\
Start here:
  infragpt demo                      see everything work on local servers, then stop
  infragpt dev                       the same, and stay up to play with it

In production:
  infragpt nats apply                make streams and consumers as their files say
  infragpt migrate                   bring the database up to date
  infragpt serve                     run every role in one process
  infragpt serve --role slack        run one role; each has its own NATS user
  infragpt keys generate             make a key for the vault of credentials
  infragpt integrations connect slack --organization acme

Looking and repairing:
  infragpt doctor                    look at everything, and what to do where something is wrong
  infragpt trace <permalink>         what led to an answer, step by step
  infragpt integrations list --organization acme
  infragpt nats check                what `nats apply` would change
  infragpt dead-letters list         what could not be handled, by cause
  infragpt projections status        how far the read models are behind
  infragpt projections rebuild       make the read models again from the log
  infragpt configuration             every setting, with its default and its variable

Exit codes: 0 done, 1 something was found, 2 wrong usage or configuration, 3 something needed isn't there.";

/// An operations copilot in Slack, event-sourced on NATS JetStream.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Command {
    /// Read this configuration file instead of ./infragpt.toml.
    #[arg(long, global = true, env = "INFRAGPT_CONFIGURATION", value_name = "FILE")]
    configuration: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run roles until SIGTERM or Ctrl-C
    Serve {
        /// Run only this role; may be given several times
        #[arg(long = "role", value_enum)]
        roles: Vec<Role>,
        /// End when the standard input closes, so that a parent's death is noticed
        #[arg(long, hide = true)]
        until_stdin_closes: bool,
    },
    /// Start local servers, the sandbox and all roles, and stay up
    Dev(environment::DevArguments),
    /// Play the whole scenario on local servers and print what happened
    Demo(demo::Arguments),
    /// Measure ingest, mention to answer, start and memory beside the bare NATS operations
    Bench(bench::Arguments),
    /// Run only the sandbox: simulated Slack and GitHub
    Sandbox(sandbox::Arguments),
    /// Show the last events of the log, and then what comes, until Ctrl-C
    Tail(Box<tail::Tail>),
    /// Look for something in the log; exit code 1 if it is not there
    Grep(Box<tail::Grep>),
    /// Replay recorded facts through this build, without any effect unless `--live`; exit code 1 where it decides differently
    Replay(Box<replay::Arguments>),
    /// What could not be handled, why, and what to do about it
    #[command(subcommand)]
    DeadLetters(dead_letters::Action),
    /// A case in one file, to look at and to replay anywhere
    #[command(subcommand)]
    Bundle(bundle::Action),
    /// Show one event: its attributes, its payload, what it means, what caused it and what it caused
    Show(show::Show),
    /// Show what led to something and what that led to, across streams, with times
    Trace(trace::Trace),
    /// Show everything of a conversation, an integration or an organization, in order and in words
    Timeline(Box<timeline::Timeline>),
    /// Every event that is written down: what it means, who writes it, who reads it
    #[command(subcommand)]
    Events(events::Action),
    /// Streams and consumers
    #[command(subcommand)]
    Nats(nats::Action),
    /// Bring the database up to date, making it if it isn't there
    Migrate,
    /// The read models
    #[command(subcommand)]
    Projections(projections::Action),
    /// Connections to Slack and GitHub
    #[command(subcommand)]
    Integrations(integrations::Action),
    /// What credentials are encrypted with
    #[command(subcommand)]
    Keys(keys::Action),
    /// Look at everything and say what to do about it; exit code 1 where anything is an error or a warning
    Doctor(doctor::Doctor),
    /// Print every setting with its default and its variable
    Configuration,
}

impl Command {
    /// Runs it.
    ///
    /// # Errors
    /// A sentence and an exit code.
    pub async fn run(self) -> Result<(), Failure> {
        let configured = || {
            let configuration = configuration::read(self.configuration.as_deref()).map_err(Failure::usage)?;
            logging::start(&configuration.log).map_err(Failure::usage)?;
            Ok::<_, Failure>(configuration)
        };
        match self.action {
            Action::Serve {
                roles,
                until_stdin_closes,
            } => serve::run(&configured()?, &roles, until_stdin_closes).await,
            Action::Tail(tail) => Box::pin(tail.run(&configured()?)).await,
            Action::Grep(grep) => Box::pin(grep.run(&configured()?)).await,
            Action::Replay(replay) => Box::pin(replay.run(configured)).await,
            Action::DeadLetters(action) => Box::pin(action.run(&configured()?)).await,
            Action::Bundle(action) => Box::pin(action.run(configured)).await,
            Action::Show(show) => show.run(&configured()?).await,
            Action::Trace(trace) => trace.run(&configured()?).await,
            Action::Timeline(timeline) => Box::pin(timeline.run(&configured()?)).await,
            Action::Events(action) => Ok(action.run()?),
            Action::Nats(action) => action.run(&configured()?).await,
            Action::Migrate => projections::migrate(&configured()?).await,
            Action::Projections(action) => action.run(&configured()?).await,
            Action::Integrations(action) => action.run(&configured()?).await,
            Action::Keys(keys::Action::Generate) => {
                keys::Action::generate();
                Ok(())
            }
            Action::Keys(action) => action.run(&configured()?).await,
            Action::Dev(arguments) => Box::pin(environment::dev(arguments)).await,
            Action::Demo(arguments) => Box::pin(demo::run(arguments)).await,
            Action::Bench(arguments) => Box::pin(bench::run(arguments)).await,
            Action::Sandbox(arguments) => sandbox::run(arguments).await,
            // It says itself what is wrong, and provokes complaints of the server, so it does not log.
            Action::Doctor(doctor) => {
                let configuration = configuration::read(self.configuration.as_deref()).map_err(Failure::usage)?;
                Box::pin(doctor.run(&configuration)).await
            }
            Action::Configuration => {
                print!("{}", configuration::DEFAULTS);
                Ok(())
            }
        }
    }
}
