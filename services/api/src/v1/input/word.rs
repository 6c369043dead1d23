//! A text to look for.

use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// The most characters that are looked for.
const MOST: usize = 200;
/// The same as a regular expression: no control characters.
const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

/// A text to look for: 1 to 200 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(pub String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !(1..=MOST).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            return Err(D::Error::custom(format_args!(
                "a text has to have 1 to {MOST} characters, and no control character"
            )));
        }
        Ok(Self(text))
    }
}

impl ToSchema for Word {}

impl PartialSchema for Word {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MOST))
            .pattern(Some(PATTERN))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_something_in_it_and_nothing_invisible() {
        let read = |text: &str| serde_json::from_value::<Word>(text.into()).ok().map(|word| word.0);
        assert_eq!(read("acme/payments").as_deref(), Some("acme/payments"));
        assert!(read(&"ä".repeat(200)).is_some());
        for wrong in ["", "a\0", "a\nb", "\u{7f}", "\u{85}", &"x".repeat(201)] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
