//! A point in time, with its offset.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// A point in time, as <https://www.rfc-editor.org/rfc/rfc3339> writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).ok().filter(|_| !text.contains(' '));
        let time = time.ok_or_else(|| {
            D::Error::custom(format_args!(
                "`{text}` is no time such as `2026-11-22T08:00:00Z`; a `+` is written `%2B`"
            ))
        })?;
        Ok(Self(time.to_utc()))
    }
}

impl ToSchema for Time {}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_an_offset() {
        let read = |text: &str| {
            serde_json::from_value::<Time>(text.into())
                .map(|time| time.0.to_rfc3339())
                .ok()
        };
        assert_eq!(
            read("2026-11-22T08:00:00.5+01:00").as_deref(),
            Some("2026-11-22T07:00:00.500+00:00")
        );
        assert_eq!(
            read("0000-01-01t00:00:00z").as_deref(),
            Some("0000-01-01T00:00:00+00:00")
        );
        for wrong in [
            "",
            "2026-11-22",
            "2026-11-22T08:00:00",
            "2026-11-22T08:00:00 01:00",
            "2026-11-22 08:00:00Z",
            "2026-02-30T00:00:00Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
