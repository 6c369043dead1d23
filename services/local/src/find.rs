//! Where the servers' programs are on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Consumer resets and the fixes that `sync_interval: always` relies on came with it.
const LEAST_NATS: (u32, u32, u32) = (2, 14, 4);
const LEAST_POSTGRES: u32 = 15;

/// The nats-server to run, 2.14.4 or newer: the one that `INFRAGPT_NATS_SERVER` names (and then no other), else the first
/// good one on `PATH`, else the one that `scripts/install-servers.sh` put into `.local/bin` of the workspace around the
/// current directory or around this executable.
///
/// # Errors
/// [`Error::NotFound`] with every candidate and the reason why it was refused.
pub fn nats_server() -> Result<PathBuf, Error> {
    if let Some(named) = env::var_os("INFRAGPT_NATS_SERVER").filter(|named| !named.is_empty()) {
        return first_nats_server([PathBuf::from(named)]);
    }
    let starts = [env::current_dir().ok(), env::current_exe().ok()];
    let cached = starts
        .into_iter()
        .flatten()
        .filter_map(|start| Some(workspace(&start)?.join(".local/bin/nats-server")));
    first_nats_server(on_path("nats-server").into_iter().chain(cached))
}

fn first_nats_server(candidates: impl IntoIterator<Item = PathBuf>) -> Result<PathBuf, Error> {
    first(candidates, |program| {
        let version = version(program, "-v", "nats-server: v")?;
        let mut numbers = version.splitn(3, '.').map(leading_number);
        let found = (
            numbers.next().flatten(),
            numbers.next().flatten(),
            numbers.next().flatten(),
        );
        match found {
            (Some(major), Some(minor), Some(patch)) if (major, minor, patch) >= LEAST_NATS => Ok(()),
            _ => Err(format!("is version {version}, which is too old")),
        }
    })
    .map_err(|refused| Error::NotFound {
        program: "nats-server",
        least: "2.14.4",
        refused,
        remedy: "set INFRAGPT_NATS_SERVER to one, or INFRAGPT_NATS_URL to a server that runs already",
    })
}

/// The directory of PostgreSQL's programs, 15 or newer: by `PATH`, else the newest that Debian's packages installed.
///
/// # Errors
/// [`Error::NotFound`] with every candidate and the reason why it was refused.
pub fn postgres() -> Result<PathBuf, Error> {
    let mut packaged: Vec<(Option<u32>, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| {
            (
                version.file_name().to_str().and_then(leading_number),
                version.path().join("bin/postgres"),
            )
        })
        .collect();
    packaged.sort();
    let candidates = on_path("postgres")
        .into_iter()
        .chain(packaged.into_iter().rev().map(|(_, program)| program));
    first_postgres(candidates)
}

fn first_postgres(candidates: impl IntoIterator<Item = PathBuf>) -> Result<PathBuf, Error> {
    // Debian links `postgres` alone into other directories; its companions are beside the real one.
    let real = candidates
        .into_iter()
        .map(|program| fs::canonicalize(&program).unwrap_or(program));
    let program = first(real, |program| {
        let major = postgres_major(program)?;
        if major < LEAST_POSTGRES {
            return Err(format!("is version {major}, which is too old"));
        }
        let initdb = program.with_file_name("initdb");
        if initdb.is_file() {
            Ok(())
        } else {
            Err("has no initdb beside it".to_owned())
        }
    })
    .map_err(|refused| Error::NotFound {
        program: "postgres",
        least: "15",
        refused,
        remedy: "install PostgreSQL's server package, or set INFRAGPT_DATABASE_URL to a server that runs already",
    })?;
    Ok(program.parent().map(Path::to_owned).unwrap_or_default())
}

/// The major version of a `postgres` program.
pub(crate) fn postgres_major(program: &Path) -> Result<u32, String> {
    let version = version(program, "--version", "postgres (PostgreSQL) ")?;
    leading_number(&version).ok_or_else(|| format!("has no version number ({version})"))
}

/// The first candidate that passes, or why none did.
fn first(
    candidates: impl IntoIterator<Item = PathBuf>,
    check: impl Fn(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let mut refused = Vec::new();
    for candidate in candidates {
        let reason = if candidate.is_file() {
            check(&candidate)
        } else {
            Err("does not exist".to_owned())
        };
        match reason {
            Ok(()) => return Ok(candidate),
            Err(reason) => {
                tracing::debug!("Refused {}: it {reason}", candidate.display());
                refused.push(format!("{} {reason}", candidate.display()));
            }
        }
    }
    if refused.is_empty() {
        Err("none on PATH".to_owned())
    } else {
        Err(refused.join("; "))
    }
}

/// What a program says its version is, after the given words.
fn version(program: &Path, option: &str, words: &str) -> Result<String, String> {
    let output = Command::new(program)
        .arg(option)
        .output()
        .map_err(|error| format!("does not run ({error})"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.lines().find_map(|line| line.strip_prefix(words));
    version
        .map(|version| version.trim().to_owned())
        .ok_or_else(|| format!("does not tell its version (`{option}`)"))
}

fn leading_number(text: &str) -> Option<u32> {
    text.split(|character: char| !character.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn on_path(program: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .filter(|program| program.is_file())
        .collect()
}

/// The nearest directory around `start` that holds a `Cargo.lock`.
fn workspace(start: &Path) -> Option<&Path> {
    start
        .ancestors()
        .find(|directory| directory.join("Cargo.lock").is_file())
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
