use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

/// The arguments of a Web API call, whichever way they came: query, form or JSON.
///
/// <https://docs.slack.dev/apis/web-api/#basics>
#[derive(Debug, Default)]
pub(super) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Slack's own error for a body that it cannot read.
    pub(super) fn read(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Self, &'static str> {
        let mut arguments = Map::new();
        let pairs = |text: &[u8]| serde_urlencoded::from_bytes::<Vec<(String, String)>>(text);
        for (name, value) in pairs(query.unwrap_or_default().as_bytes()).map_err(|_| "invalid_arguments")? {
            arguments.insert(name, Value::String(value));
        }
        if body.is_empty() {
            // The official SDKs send `auth.test` as JSON with an empty body.
            return Ok(Self(arguments));
        }
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/json" => match serde_json::from_slice(body).map_err(|_| "invalid_json")? {
                Value::Object(object) => arguments.extend(object),
                _ => return Err("json_not_object"),
            },
            "application/x-www-form-urlencoded" => {
                for (name, value) in pairs(body).map_err(|_| "invalid_form_data")? {
                    arguments.insert(name, Value::String(value));
                }
            }
            "" => return Err("missing_post_type"),
            _ => return Err("invalid_post_type"),
        }
        Ok(Self(arguments))
    }

    /// All of them except the token.
    pub(super) fn all(&self) -> Map<String, Value> {
        self.0
            .iter()
            .filter(|(name, _)| *name != "token")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Whether it is there at all, even empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text that is present and not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A boolean, as JSON or in one of the forms' spellings.
    pub(super) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true" || text == "1",
            _ => false,
        }
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }

    /// A JSON value, which forms carry as text; an empty text or `null` counts as absent.
    ///
    /// # Errors
    ///
    /// `refusal` when the text is not JSON.
    pub(super) fn json(&self, name: &str, refusal: &'static str) -> Result<Option<Value>, &'static str> {
        let value = match self.0.get(name) {
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| refusal)?,
            Some(value) => value.clone(),
            None => return Ok(None),
        };
        Ok(Some(value).filter(|value| !value.is_null()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &'static str, body: &str) -> Result<Arguments, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        Arguments::read(Some("limit=3"), &headers, body.as_bytes())
    }

    #[test]
    fn forms_and_json_say_the_same() {
        let form = read(
            "application/x-www-form-urlencoded",
            "text=a+b&blocks=%5B%5D&inclusive=1",
        )
        .unwrap();
        let json = read(
            "application/json; charset=utf-8",
            r#"{"text":"a b","blocks":[],"inclusive":true}"#,
        )
        .unwrap();
        for arguments in [form, json] {
            assert_eq!(arguments.text("text").as_deref(), Some("a b"));
            assert_eq!(arguments.json("blocks", "bad"), Ok(Some(serde_json::json!([]))));
            assert!(arguments.flag("inclusive"));
            assert_eq!(arguments.number("limit"), Some(3));
        }
    }

    #[test]
    fn unreadable_bodies_get_slacks_errors() {
        assert_eq!(read("application/json", "{").unwrap_err(), "invalid_json");
        assert_eq!(read("application/json", "[]").unwrap_err(), "json_not_object");
        assert_eq!(read("text/plain", "a").unwrap_err(), "invalid_post_type");
        assert!(read("application/json", "").is_ok());
    }
}
