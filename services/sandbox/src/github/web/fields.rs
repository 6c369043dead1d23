use std::fmt::Write;

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::super::installation::Choice;
use crate::html::escaped;

/// More than any form here has.
const LARGEST_FORM: usize = 1 << 20;

/// What a request says: its query, then its form or JSON.
#[derive(Debug)]
pub(super) struct Fields(Vec<(String, String)>);

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let unreadable = || (StatusCode::BAD_REQUEST, "The request is not readable.").into_response();
        let query = parts.uri.query().unwrap_or_default();
        let mut fields: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| unreadable())?;
        let body = to_bytes(body, LARGEST_FORM).await.map_err(|_| unreadable())?;
        let kind = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("application/json")) {
            let body: Value = serde_json::from_slice(&body).map_err(|_| unreadable())?;
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let named = body.as_object().into_iter().flatten();
            fields.extend(named.map(|(name, value)| (name.clone(), text(value))));
        } else {
            let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).map_err(|_| unreadable())?;
            fields.extend(form);
        }
        Ok(Self(fields))
    }
}

impl Fields {
    /// The last value of a field; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The last value of a field, unless it is empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        let mut found = self
            .0
            .iter()
            .rev()
            .filter(|(it, value)| it == name && !value.is_empty());
        found.next().map(|(_, value)| value.as_str())
    }

    /// The repositories that somebody chose: `selection`, and `repositories` as often as needed.
    ///
    /// # Errors
    ///
    /// A sentence for the person.
    pub(super) fn choice(&self, available: &[String]) -> Result<Choice, String> {
        if self.text("selection") == "all" {
            return Ok(Choice::All);
        }
        let chosen = self.0.iter().filter(|(name, _)| name == "repositories");
        let names: Vec<String> = chosen
            .map(|(_, name)| name.rsplit('/').next().unwrap_or(name).to_owned())
            .collect();
        if let Some(unknown) = names.iter().find(|name| !available.contains(name)) {
            return Err(format!("The account has no repository {unknown}."));
        }
        if names.is_empty() {
            return Err("Select at least one repository.".to_owned());
        }
        Ok(Choice::Selected(names))
    }
}

/// The part of a form that chooses repositories.
pub(super) fn chooser(available: &[String], is_all: bool, chosen: &[String]) -> String {
    let checked = |is: bool| if is { " checked" } else { "" };
    let mut html = format!(
        "<fieldset><legend>Repository access</legend>\
<label><input type=\"radio\" name=\"selection\" value=\"all\"{}> All repositories</label>\
<label><input type=\"radio\" name=\"selection\" value=\"selected\"{}> Only select repositories</label>",
        checked(is_all),
        checked(!is_all),
    );
    for name in available {
        // A text takes whatever is written to it.
        let _ = write!(
            html,
            "<label><input type=\"checkbox\" name=\"repositories\" value=\"{0}\"{1}> {0}</label>",
            escaped(name),
            checked(chosen.contains(name)),
        );
    }
    html + "</fieldset>"
}
