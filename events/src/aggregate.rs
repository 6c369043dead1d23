//! The shape that every aggregate has.

use std::fmt::Debug;

use serde_json::Value;

/// A fact that one aggregate decided, with a name and a version for ever.
pub trait DomainEvent: Sized + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The aggregate's name: the second token of its subjects.
    const AGGREGATE: &'static str;

    /// The event's name in `snake_case`: the last token of its subject.
    fn name(&self) -> &'static str;

    /// The version of the payload's shape, from 1.
    fn version(&self) -> u32;

    /// The payload in today's shape.
    fn payload(&self) -> Value;

    /// Reads a stored event of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when this build does not know the name or version, or the payload does not have that shape.
    fn decode(name: &str, version: u32, payload: &[u8]) -> Result<Self, DecodeError>;
}

/// A consistency boundary: commands are decided against a state that is folded from its own events.
pub trait Aggregate: Sized + Default + Clone + Send + Sync + 'static {
    /// What it decides.
    type Event: DomainEvent;
    /// What it can be asked.
    type Command: Clone + Send + Sync;
    /// Why it refuses.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Decides `command` against this state; an empty list means that there is nothing to do.
    ///
    /// # Errors
    /// A refusal in the words of the domain.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// The state after `event`. Total: an event that happened is never refused.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;
}

/// A stored event that this build can't read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No event of this aggregate has that name.
    #[error("this build knows no `{aggregate}` event named `{name}`")]
    UnknownName {
        /// The aggregate that was asked.
        aggregate: &'static str,
        /// The name found.
        name: String,
    },
    /// The event was written by a newer build.
    #[error("`{aggregate}.{name}` has version {version}, and this build reads up to {known}: upgrade it")]
    NewerVersion {
        /// The aggregate that was asked.
        aggregate: &'static str,
        /// The event's name.
        name: String,
        /// The version found.
        version: u32,
        /// The newest version that this build reads.
        known: u32,
    },
    /// The payload does not have the shape of its version.
    #[error("the payload of `{aggregate}.{name}` version {version} can't be read")]
    Payload {
        /// The aggregate that was asked.
        aggregate: &'static str,
        /// The event's name.
        name: String,
        /// The version found.
        version: u32,
        /// What the JSON reader found.
        #[source]
        source: serde_json::Error,
    },
}

/// Declares an aggregate's events: one variant each, named as its payload's type, with its stored name and version. Each
/// has one line of documentation, and a frozen payload in `tests/fixtures`.
macro_rules! domain_events {
    (
        #[doc = $documentation:literal]
        pub enum $events:ident of $aggregate:literal {
            $( #[doc = $meaning:literal] $variant:ident = $name:literal v $version:literal, )+
        }
    ) => {
        #[doc = $documentation]
        #[derive(Debug, Clone, PartialEq)]
        pub enum $events {
            $( #[doc = $meaning] $variant($variant), )+
        }

        $( impl From<$variant> for $events {
            fn from(payload: $variant) -> Self {
                Self::$variant(payload)
            }
        } )+

        impl $crate::DomainEvent for $events {
            const AGGREGATE: &'static str = $aggregate;

            fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $name, )+ }
            }

            fn version(&self) -> u32 {
                match self { $( Self::$variant(_) => $version, )+ }
            }

            fn payload(&self) -> serde_json::Value {
                match self {
                    $( Self::$variant(payload) => serde_json::json!(payload), )+
                }
            }

            fn decode(name: &str, version: u32, payload: &[u8]) -> Result<Self, $crate::DecodeError> {
                let known = match name {
                    $( $name => $version, )+
                    _ => return Err($crate::DecodeError::UnknownName { aggregate: $aggregate, name: name.to_owned() }),
                };
                if version > known {
                    return Err($crate::DecodeError::NewerVersion {
                        aggregate: $aggregate, name: name.to_owned(), version, known,
                    });
                }
                let decoded = match name {
                    $( $name => serde_json::from_slice(payload).map(Self::$variant), )+
                    _ => unreachable!("the name was found above"),
                };
                decoded.map_err(|source| $crate::DecodeError::Payload {
                    aggregate: $aggregate, name: name.to_owned(), version, source,
                })
            }
        }

        impl $events {
            /// Every event of this aggregate, in the order of its declaration.
            pub fn descriptions() -> Vec<$crate::catalogue::Description> {
                vec![ $( $crate::catalogue::Description {
                    aggregate: $aggregate,
                    name: $name,
                    version: $version,
                    about: $documentation.trim_ascii(),
                    meaning: $meaning.trim_ascii(),
                    schema: schemars::schema_for!($variant),
                    example: include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/", $aggregate, ".", $name, ".v", $version, ".json"
                    )),
                }, )+ ]
            }
        }
    };
}
pub(crate) use domain_events;
