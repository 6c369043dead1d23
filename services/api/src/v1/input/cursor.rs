//! Pages of a list: a cursor is the key of the last row, in a form that nobody is meant to read.

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
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

    /// A page of rows that are JSON already, as the response: what the database holds in the right form is not taken apart.
    pub fn of_documents<R>(page: &Page<R, impl Serialize>, json: impl Fn(&R) -> &str) -> Result<Response, Error> {
        let next_cursor = page.next.as_ref().map(Cursor::of).transpose()?;
        let next_cursor = serde_json::to_string(&next_cursor).map_err(Error::internal)?;
        let length: usize = page.rows.iter().map(|row| json(row).len() + 1).sum();
        let mut body = String::with_capacity(length + next_cursor.len() + 32);
        body.push_str(r#"{"data":["#);
        for (index, row) in page.rows.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(json(row));
        }
        body.push_str(r#"],"next_cursor":"#);
        body.push_str(&next_cursor);
        body.push('}');
        Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
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

    #[tokio::test]
    async fn a_page_of_json_is_the_same_as_one_that_is_written() {
        for (rows, next) in [
            (vec!["{\"a\":1}", "{}"], Some(key())),
            (vec!["7"], None),
            (vec![], None),
        ] {
            let values: Vec<serde_json::Value> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
            let written = List::<serde_json::Value>::of(Page {
                rows: values,
                next: next.as_ref(),
            });
            let joined = List::<serde_json::Value>::of_documents(&Page { rows, next }, |row| row).unwrap();
            let body = http_body_util::BodyExt::collect(joined.into_body())
                .await
                .unwrap()
                .to_bytes();
            assert_eq!(body, serde_json::to_vec(&written.unwrap()).unwrap());
        }
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
