//! What the documentation says of the repository is true of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use clap::{Parser as _, error::ErrorKind};
use infragpt::{
    command::Command,
    configuration::{NatsUser, read_from},
};
use infragpt_api::v1::TABLE;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below `directory` with this extension, without what is built, installed or hidden.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// The text from a heading to the next one of its level.
fn section<'a>(markdown: &'a str, heading: &str) -> &'a str {
    let start = markdown
        .find(heading)
        .unwrap_or_else(|| panic!("there is no `{heading}`"));
    let body = &markdown[start + heading.len()..];
    body.find("\n## ").map_or(body, |end| &body[..end])
}

/// The cells of a section's one table, row by row.
fn rows(section: &str) -> Vec<Vec<&str>> {
    section
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// What stands between backticks.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Where the links of a Markdown text lead.
fn links(markdown: &str) -> Vec<&str> {
    markdown
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect()
}

/// The anchors of a Markdown text's headings.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in markdown.lines() {
        fenced ^= line.starts_with("```");
        if fenced || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        found.insert(
            heading
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect(),
        );
    }
    found
}

/// The lines of a Markdown text's shell examples, without comments.
fn shell(markdown: &str) -> Vec<&str> {
    let mut language = None;
    let mut found = Vec::new();
    for line in markdown.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence) };
        } else if language == Some("sh") {
            found.push(line.split(" #").next().unwrap_or_default().trim());
        }
    }
    found
}

/// Name and folder of every workspace member, with the members that it depends on.
fn crates() -> BTreeMap<String, (String, BTreeSet<String>)> {
    files(&root(), "toml")
        .into_iter()
        .filter(|path| path.ends_with("Cargo.toml") && path.parent() != Some(&root()))
        .map(|path| {
            let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
            let name = manifest["package"]["name"].as_str().unwrap().to_owned();
            let folder = path.parent().unwrap().strip_prefix(root()).unwrap();
            let uses = manifest
                .get("dependencies")
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten()
                .map(|(dependency, _)| dependency.clone())
                .filter(|dependency| dependency.starts_with("infragpt"))
                .collect();
            (name, (folder.to_string_lossy().into_owned(), uses))
        })
        .collect()
}

#[test]
fn the_code_map_is_the_workspace() {
    let architecture = text("ARCHITECTURE.md");
    let crates = crates();
    let mut told = BTreeSet::new();
    for row in rows(section(&architecture, "## Code map")) {
        let name = code(row[0])[0];
        let (folder, uses) = crates
            .get(name)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md lists `{name}`, which is no crate"));
        assert_eq!(code(row[1]), [folder], "the folder of {name}");
        let said: BTreeSet<String> = if row[3] == "all of them" {
            crates.keys().filter(|other| *other != name).cloned().collect()
        } else {
            code(row[3]).into_iter().map(str::to_owned).collect()
        };
        assert_eq!(said, *uses, "what {name} uses");
        told.insert(name.to_owned());
    }
    assert_eq!(
        told,
        crates.into_keys().collect(),
        "every crate stands in ARCHITECTURE.md"
    );
    assert!(
        architecture.lines().count() <= 150,
        "ARCHITECTURE.md is a map, not a book"
    );
}

#[test]
fn every_invariant_names_a_test_that_is_there() {
    let architecture = text("ARCHITECTURE.md");
    let invariants = rows(section(&architecture, "## Invariants"));
    assert!(invariants.len() >= 7);
    for row in invariants {
        let sources: String = links(row[2]).into_iter().map(text).collect();
        let tests = code(row[2]);
        assert!(!tests.is_empty(), "`{}` is proved by nothing", row[0]);
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "there is no test `{test}`");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for file in files(&root(), "md") {
        let markdown = fs::read_to_string(&file).unwrap();
        for link in links(&markdown) {
            if link.contains("://") || link.contains('…') {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap().join(path)
            };
            assert!(target.exists(), "{}: `{link}` leads nowhere", file.display());
            if !anchor.is_empty() {
                let found = anchors(&fs::read_to_string(&target).unwrap());
                assert!(found.contains(anchor), "{}: no heading `{link}`", file.display());
            }
        }
    }
}

#[test]
fn operators_find_every_stream_consumer_and_user_in_the_guide() {
    let guide = text("nats/README.md");
    let anchors = anchors(&guide);
    let definitions = files(&root().join("nats"), "json");
    assert!(definitions.len() >= 13);
    for path in definitions {
        let definition: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = definition["name"].as_str().unwrap();
        assert!(code(&guide).contains(&name), "nats/README.md says nothing of `{name}`");
        let runbook = definition["metadata"]["runbook"].as_str().unwrap();
        let anchor = runbook.strip_prefix("nats/README.md#").unwrap();
        assert!(anchors.contains(anchor), "{}: no `{runbook}`", path.display());
    }
    let users: BTreeSet<&str> = rows(section(&guide, "## Users"))
        .into_iter()
        .flat_map(|row| code(row[0]))
        .collect();
    assert_eq!(
        users,
        NatsUser::ALL.into_iter().map(NatsUser::as_str).collect(),
        "nats/README.md's users"
    );
}

#[test]
fn who_may_do_what_is_one_table() {
    let guide = text("docs/api.md");
    let written: Vec<_> = rows(section(&guide, "## Who is asking"))
        .into_iter()
        .map(|row| (code(row[0])[0].to_owned(), row[1].to_owned(), code(row[2]).join(" ")))
        .collect();
    let decided: Vec<_> = TABLE
        .iter()
        .map(|rule| {
            (
                rule.permission.to_string(),
                rule.least.to_string(),
                rule.operations.join(" "),
            )
        })
        .collect();
    assert_eq!(written, decided);
}

#[test]
fn every_variable_that_is_named_is_one() {
    let mut named = BTreeSet::new();
    let documents = files(&root(), "md").into_iter().chain([
        root().join(".env.example"),
        root().join("docker-compose.yml"),
        root().join("nats/server.conf"),
        root().join("services/infragpt/src/configuration/default.toml"),
    ]);
    for path in documents {
        let document = fs::read_to_string(&path).unwrap();
        let words = document.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        named.extend(
            words
                .filter(|word| word.starts_with("INFRAGPT_") && !word.ends_with('_'))
                .map(str::to_owned),
        );
    }
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        // An empty variable is as good as none, but a name that nothing reads is an error.
        let read = read_from(Path::new("no such file"), [(name, String::new())]);
        assert!(read.is_ok(), "{:?}", read.err());
    }
}

#[test]
fn every_command_that_is_shown_can_be_typed() {
    let makefile = text("Makefile");
    let mut seen = 0;
    for file in files(&root(), "md") {
        let markdown = fs::read_to_string(&file).unwrap();
        let shown = shell(&markdown).into_iter().map(|line| (line, false));
        let mentioned = code(&markdown).into_iter().map(|span| (span, true));
        for (line, may_be_part) in shown.chain(mentioned) {
            if let Some(target) = line.strip_prefix("make ") {
                let there = makefile.contains(&format!("\n{target}:"));
                assert!(there, "{}: there is no `{line}`", file.display());
                seen += 1;
            } else if line.starts_with("infragpt ") && !line.contains('\n') {
                let words = shlex::split(line).unwrap_or_else(|| panic!("{}: `{line}`", file.display()));
                let ours = words.iter().take_while(|word| !["|", ">"].contains(&word.as_str()));
                let outcome = Command::try_parse_from(ours);
                if let Err(error) = outcome {
                    let good = match error.kind() {
                        ErrorKind::DisplayHelp => true,
                        ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                            may_be_part
                        }
                        _ => false,
                    };
                    assert!(good, "{}: `{line}`: {error}", file.display());
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} commands were found");
}
