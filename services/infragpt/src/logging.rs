//! Structured logs on the standard error, so that the standard output stays a command's own.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::configuration::{Log, LogFormat};

/// Starts logging for the rest of the process.
///
/// # Errors
/// When the level can't be read, or logging was started before.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|error| anyhow::anyhow!("`log.level` is `{}`, which can't be read: {error}", log.level))?;
    // These write what must not be written: slack-morphism logs the ticketed Socket Mode address, also
    // at ERROR; what went wrong with a connection is logged by its connector.
    let filter = [
        "slack_morphism=off",
        "tungstenite=info",
        "tokio_tungstenite=info",
        "hyper_util=info",
        "rustls=info",
        "async_nats=warn",
        "sqlx=warn",
    ]
    .into_iter()
    .filter_map(|directive| directive.parse().ok())
    .fold(filter, EnvFilter::add_directive);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let pretty = match log.format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let started = if pretty {
        lines.with_target(false).try_init()
    } else {
        lines.json().flatten_event(true).with_current_span(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logging can't be started: {error}"))
}
