//! Pages of a list: a cursor is the key of the last row, in a form that nobody is meant to read.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use infragpt_projections::Page;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::v1::Error;

/// The longest cursor that is read, in bytes. A row's key is a time, a name and an identity or two.
const LONGEST: usize = 2048;

/// Where the page before ended, as it was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursor(Option<String>);

impl Cursor {
    /// The key of the last row that was seen; none at the beginning.
    ///
    /// # Errors
    /// Not found, where no page of this list ever ended there.
    pub fn key<K: DeserializeOwned>(&self) -> Result<Option<K>, Error> {
        let Some(text) = &self.0 else { return Ok(None) };
        let nowhere = || Error::NotFound("This cursor leads nowhere: begin with the first page.".into());
        if text.len() > LONGEST {
            return Err(nowhere());
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| nowhere())?;
        // No row has U+0000 in its key, and PostgreSQL takes none.
        if json.windows(6).any(|six| six == br"\u0000") {
            return Err(nowhere());
        }
        serde_json::from_slice(&json).map(Some).map_err(|_| nowhere())
    }

    fn of(key: &impl Serialize) -> Result<String, Error> {
        let json = serde_json::to_vec(key).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }
}

impl<'de> Deserialize<'de> for Cursor {
    /// An empty one is the beginning.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(Some(text).filter(|text| !text.is_empty())))
    }
}

impl ToSchema for Cursor {}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(LONGEST))
            .into()
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// What stands on this page.
    data: Vec<T>,
    /// What to ask for the next page with; null on the last.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page as it was read.
    pub fn of<R: Into<T>>(page: Page<R, impl Serialize>) -> Result<Self, Error> {
        Ok(Self {
            next_cursor: page.next.as_ref().map(Cursor::of).transpose()?,
            data: page.rows.into_iter().map(Into::into).collect(),
        })
    }

    /// A list that is never longer than a page.
    pub fn whole(data: Vec<T>) -> Self {
        Self {
            data,
            next_cursor: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Key {
        name: String,
        sequence: i64,
    }

    fn cursor(text: &str) -> Cursor {
        serde_json::from_value(text.into()).unwrap()
    }

    fn key() -> Key {
        Key {
            name: "ä/b".to_owned(),
            sequence: -7,
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_key() {
        let text = Cursor::of(&key()).unwrap();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{text}"
        );
        assert_eq!(cursor(&text).key::<Key>().unwrap(), Some(key()));
        assert_eq!(cursor("").key::<Key>().unwrap(), None);
        assert_eq!(Cursor::default().key::<Key>().unwrap(), None);
    }

    #[test]
    fn what_is_none_leads_nowhere() {
        let nul = URL_SAFE_NO_PAD.encode(br#"{"name":"\u0000","sequence":1}"#);
        let other = URL_SAFE_NO_PAD.encode(br#"{"last_at":"2026-01-01T00:00:00Z"}"#);
        for text in ["x", "!", "%00", "null", &nul, &other, &"A".repeat(4096)] {
            assert_eq!(cursor(text).key::<Key>().unwrap_err().status(), 404, "{text}");
        }
    }
}
