//! A JSON string read without copying it, where it has no escapes.

use std::{borrow::Cow, ops::Deref};

use serde::Deserialize;

/// Borrows from the input also inside of an `Option`, which a plain `Cow` doesn't.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Says where JSON is wrong without repeating what it contains.
pub fn json_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it isn't valid JSON",
        serde_json::error::Category::Data if text.starts_with("missing field") => {
            text.split(" at line").next().unwrap_or("a field is missing")
        }
        serde_json::error::Category::Data => "a field has another type than documented",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}
