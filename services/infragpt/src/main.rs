//! `infragpt`: see `infragpt --help`.

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use infragpt::command::Command;

fn main() -> ExitCode {
    // The one cryptography provider of the whole process; a second call can only come from ourselves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let command = Command::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("infragpt: the runtime can't be started: {error}");
            return ExitCode::from(3);
        }
    };
    let outcome = runtime.block_on(command.run());
    // A name that a resolver still looks up holds the end up no longer.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.code == infragpt::failure::ExitCode::Closed => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("infragpt: {failure}");
            ExitCode::from(failure.code as u8)
        }
    }
}
