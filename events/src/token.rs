//! Identifiers that appear as one token of a NATS subject, so they are checked before they exist.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The most characters such an identifier may have.
pub const MAXIMUM_LENGTH: usize = 64;

/// Text that can't be used as an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a valid {what}: use 1 to {MAXIMUM_LENGTH} characters of A-Z, a-z, 0-9, `_` and `-`")]
pub struct InvalidToken {
    what: &'static str,
    value: String,
}

/// Whether `text` is safe as one token of a subject.
fn is_token(text: &str) -> bool {
    (1..=MAXIMUM_LENGTH).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

macro_rules! token {
    ($(#[$documentation:meta])* $name:ident, $what:literal) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and takes it as it is.
            ///
            /// # Errors
            /// [`InvalidToken`] when it is empty, too long, or has a character that a subject token may not have.
            pub fn parse(text: &str) -> Result<Self, InvalidToken> {
                Self::try_from(text.to_owned())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidToken;

            fn try_from(value: String) -> Result<Self, InvalidToken> {
                if is_token(&value) { Ok(Self(value)) } else { Err(InvalidToken { what: $what, value }) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidToken;

            fn from_str(text: &str) -> Result<Self, InvalidToken> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(token: $name) -> Self {
                token.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" })
            }
        }
    };
}

token!(
    /// The organization that owns what an event is about; the wall between tenants.
    OrganizationId,
    "organization"
);
impl OrganizationId {
    /// The place of an organization where none is known: `-`. Nobody is a member of it, and nothing can be connected
    /// for it.
    pub fn nobody() -> Self {
        Self("-".to_owned())
    }

    /// Whether it is [`nobody`](Self::nobody).
    pub fn is_nobody(&self) -> bool {
        self.0 == "-"
    }
}

token!(
    /// The kind of system that an integration connects, as its connector names itself.
    ConnectorKind,
    "connector"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_safe_word() {
        assert_eq!(OrganizationId::parse("acme-2_B").unwrap().as_str(), "acme-2_B");
        for hostile in ["", "a.b", "*", ">", "a b", "ä", "a\n", "$JS", &"x".repeat(65)] {
            assert!(OrganizationId::parse(hostile).is_err(), "{hostile:?} was taken");
        }
    }

    #[test]
    fn an_unsafe_token_is_refused_when_read_from_json() {
        let error = serde_json::from_str::<ConnectorKind>(r#""a.b""#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a.b` is not a valid connector"), "{error}");
    }
}
