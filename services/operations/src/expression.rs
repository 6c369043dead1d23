//! An expression in the language of jq, on an event as `--json` prints it.

use std::fmt;

use jaq_core::{
    Compiler, Ctx, Vars, compile, data,
    load::{self, Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::Val;

use crate::Event;

type Filter = jaq_core::Filter<data::JustLut<Val>>;

/// A condition on events, compiled once.
pub struct Expression {
    text: String,
    filter: Filter,
}

impl fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Expression").field(&self.text).finish()
    }
}

/// An expression that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression `{text}` can't be read at character {at}: {problem}")]
pub struct Error {
    /// What was given.
    pub text: String,
    /// Where it goes wrong, from 1.
    pub at: usize,
    /// What is wrong there.
    pub problem: String,
}

impl Expression {
    /// Compiles `text`, as jq would: `.data.conclusion == "failure"`. It sees the event alone: no environment, no files.
    ///
    /// # Errors
    /// [`Error`], with the place.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let error = |part: &str, problem: String| Error {
            text: text.to_owned(),
            at: text[..load::span(text, part).start].chars().count() + 1,
            problem,
        };
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs()
            .chain(jaq_std::funs().filter(|(name, ..)| !OUTSIDE.contains(name)))
            .chain(jaq_json::funs());
        let arena = Arena::default();
        let loader = Loader::new(definitions.filter(|definition| !OUTSIDE.contains(&definition.name)));
        let modules = loader.load(&arena, File { path: (), code: text }).map_err(|errors| {
            match errors.into_iter().next() {
                Some((_, load::Error::Lex(errors))) => errors.into_iter().next().map(|(expected, found)| {
                    let first: String = found.chars().take(1).collect();
                    let found_text = if first.is_empty() {
                        "the end".to_owned()
                    } else {
                        format!("`{first}`")
                    };
                    error(found, format!("expected {}, found {found_text}", expected.as_str()))
                }),
                Some((_, load::Error::Parse(errors))) => errors.into_iter().next().map(|(expected, found)| {
                    let found_text = if found.is_empty() {
                        "the end".to_owned()
                    } else {
                        format!("`{found}`")
                    };
                    error(found, format!("expected {}, found {found_text}", expected.as_str()))
                }),
                Some((_, load::Error::Io(_))) => Some(error(text, "it can't load files".to_owned())),
                None => None,
            }
            .unwrap_or_else(|| error(text, "it is no filter of jq's".to_owned()))
        })?;
        let filter = Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(|errors| {
                let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
                first.map_or_else(
                    || error(text, "it is no filter of jq's".to_owned()),
                    |(found, undefined)| {
                        let what = match undefined {
                            compile::Undefined::Filter(arguments) if arguments > 0 => {
                                format!("there is no filter `{found}` with {arguments} arguments")
                            }
                            _ => format!("there is no {} `{found}`", undefined.as_str()),
                        };
                        error(found, what)
                    },
                )
            })?;
        Ok(Self {
            text: text.to_owned(),
            filter,
        })
    }

    /// Whether the expression gives something for `event` that is neither `false` nor `null`. What it can't be applied to does
    /// not match: `.data.run.attempt > 1` is also asked of events without a run.
    pub fn matches(&self, event: &Event) -> bool {
        let Ok(text) = serde_json::to_vec(event) else {
            return false;
        };
        let Ok(input) = jaq_json::read::parse_single(&text) else {
            return false;
        };
        let context = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut outputs = self.filter.id.run((context, input)).map(unwrap_valr);
        outputs.any(|output| output.is_ok_and(|value| !matches!(value, Val::Null | Val::Bool(false))))
    }
}

/// What would let an expression see more than the event, or end the process.
const OUTSIDE: [&str; 9] = [
    "env",
    "$ENV",
    "input",
    "inputs",
    "debug",
    "stderr",
    "halt",
    "halt_error",
    "input_line_number",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn event() -> Event {
        Event {
            stream: "RAW_GITHUB".into(),
            sequence: 7,
            subject: "raw.github.4242.workflow_run.completed".into(),
            stored_at: DateTime::UNIX_EPOCH,
            id: "1".into(),
            source: "/".into(),
            kind: "com.github.workflow_run.completed".into(),
            time: None,
            organization: None,
            correlation: None,
            causation: None,
            actor: None,
            attributes: BTreeMap::new(),
            data: json!({ "workflow_run": { "conclusion": "failure", "run_attempt": 2 } }),
        }
    }

    #[test]
    fn what_is_neither_false_nor_null_matches() {
        for (text, expected) in [
            (".data.workflow_run.conclusion == \"failure\"", true),
            (".data.workflow_run.run_attempt > 2", false),
            (".data.nothing.there", false),
            (".data.workflow_run.conclusion | test(\"^fail\")", true),
            (".sequence", true),
            (".subject + 1", false),
            (".type | startswith(\"com.github\")", true),
        ] {
            assert_eq!(Expression::parse(text).unwrap().matches(&event()), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, expected) in [
            (".data.conclusion == ", "at character 21"),
            (".data | nosuch", "at character 9: there is no filter `nosuch`"),
            (".data.[", "at character 8: expected closing bracket"),
            ("env.HOME", "there is no filter `env`"),
            ("halt", "there is no filter `halt`"),
        ] {
            let error = Expression::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
