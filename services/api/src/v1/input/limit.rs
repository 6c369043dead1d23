//! How many rows a page has.

use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

const MOST: u16 = 100;
const USUAL: u16 = 50;

/// How many rows a page has at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub u16);

impl Default for Limit {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            limit @ 1..=MOST => Ok(Self(limit)),
            other => Err(D::Error::custom(format_args!(
                "`limit` is {other}, and has to be 1 to {MOST}"
            ))),
        }
    }
}

impl ToSchema for Limit {}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(MOST))
            .default(Some(USUAL.into()))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_row_at_least() {
        let read = |value: serde_json::Value| serde_json::from_value::<Limit>(value).map(|limit| limit.0).ok();
        assert_eq!((read(1.into()), read(100.into())), (Some(1), Some(100)));
        assert_eq!(
            (read(0.into()), read(101.into()), read((-1).into())),
            (None, None, None)
        );
        assert_eq!(Limit::default().0, 50);
    }
}
