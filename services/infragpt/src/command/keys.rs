//! `infragpt keys`: what credentials are encrypted with.

use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use futures::StreamExt as _;
use infragpt_nats::Connection;
use infragpt_vault::KeyRing;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ask::{ask, failure, operator},
    connect,
};
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// How long the next word of a rotation may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What can be done with keys.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// Print a new key for INFRAGPT_ENCRYPTION_KEYS
    Generate,
    /// How many credentials are wrapped under which key
    Status {
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Wrap every credential's data key under the current key, the first of INFRAGPT_ENCRYPTION_KEYS
    Rotate {
        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Action {
    /// Prints a new key. Nothing has to be configured for it.
    pub fn generate() {
        println!("{}", KeyRing::generate().expose_secret());
    }

    /// Runs it.
    ///
    /// # Errors
    /// When nobody serves integrations, or keys are missing.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let connection = connect(configuration, NatsUser::Operator).await?;
        let outcome = match self {
            Self::Generate => {
                Self::generate();
                Ok(())
            }
            Self::Status { json } => status(&connection, json).await,
            Self::Rotate { json } => rotate(&connection, json).await,
        };
        connection.drain().await;
        outcome
    }
}

async fn status(connection: &Connection, json: bool) -> Result<(), Failure> {
    let answer = ask(connection, "key_status", json!({})).await?;
    if json {
        println!("{answer}");
        return Ok(());
    }
    println!("KEY               DATA KEYS");
    let configured = answer["configured"].as_array().cloned().unwrap_or_default();
    let counts = answer["data_keys"].as_object().cloned().unwrap_or_default();
    for (id, count) in &counts {
        let note = if *id == answer["current"] {
            "current"
        } else if configured.contains(&Value::from(id.as_str())) {
            "older: `infragpt keys rotate`, then leave it out"
        } else {
            "NOT CONFIGURED: these credentials can't be read"
        };
        println!("{id:<17} {count:>9}  {note}");
    }
    if !counts.contains_key(answer["current"].as_str().unwrap_or_default()) {
        println!(
            "{:<17} {:>9}  current",
            answer["current"].as_str().unwrap_or_default(),
            0
        );
    }
    Ok(())
}

async fn rotate(connection: &Connection, json: bool) -> Result<(), Failure> {
    let request = json!({ "actor": operator(), "request_id": Uuid::now_v7() }).to_string();
    let mut frames = connection
        .request_frames("integration.v1.rotate_keys", request.into(), PATIENCE)
        .await
        .map_err(failure)?;
    let live = std::io::stderr().is_terminal();
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(failure)?;
        match frame.kind.as_deref() {
            Some("step") => {
                let at: Value = serde_json::from_slice(&frame.payload).unwrap_or_default();
                if live {
                    let step = if at["step"] == "erasing" {
                        "erasing older wrappings of"
                    } else {
                        "wrapping"
                    };
                    eprint!("\r{step} data keys: {} of {}   ", at["done"], at["total"]);
                    let _ = std::io::stderr().flush();
                }
            }
            Some("error") => {
                return Err(Failure::findings(anyhow!(
                    "{}",
                    String::from_utf8_lossy(&frame.payload).into_owned()
                )));
            }
            _ => {
                if live {
                    eprintln!();
                }
                return outcome(&frame.payload, json);
            }
        }
    }
    Err(anyhow!("the rotation was cut off: run it again, it goes on where it stopped").into())
}

fn outcome(payload: &[u8], json: bool) -> Result<(), Failure> {
    let rotation: Value = serde_json::from_slice(payload).context("the outcome can't be read")?;
    let lost = rotation["lost"].as_array().map_or(0, Vec::len);
    if json {
        println!("{rotation}");
    } else {
        println!(
            "{} data keys wrapped under the current key, {} were already; older wrappings of {} erased",
            rotation["rewrapped"], rotation["already"], rotation["erased"]
        );
    }
    if lost > 0 {
        return Err(Failure::findings(anyhow!(
            "{lost} data keys are wrapped under a key that is not configured: add it to INFRAGPT_ENCRYPTION_KEYS"
        )));
    }
    Ok(())
}
