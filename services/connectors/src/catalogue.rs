//! Closed lists of an external system's words that stay open at the end.

/// Declares an enum of known words with a variant for every other one, so that a word added tomorrow does no harm.
#[macro_export]
macro_rules! catalogue {
    ($(#[$documentation:meta])* pub enum $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$documentation])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "`")]
                $variant,
            )+
            /// A word that this build doesn't know.
            Other(String),
        }

        impl $name {
            /// Every word this build knows, as the external system writes it.
            pub const WORDS: &[&str] = &[$($word),+];

            /// Reads a word; an unknown one is kept as [`Self::Other`].
            pub fn parse(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The word as the external system writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(other) => other,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = $crate::text::Text::deserialize(deserializer)?;
                Ok(Self::parse(&word))
            }
        }
    };
}

pub use catalogue;

/// A connector's own name as the events write it. Only for words written in this crate.
pub(crate) fn connector_kind(word: &'static str) -> infragpt_events::ConnectorKind {
    infragpt_events::ConnectorKind::parse(word).unwrap_or_else(|error| unreachable!("a word of this crate: {error}"))
}
