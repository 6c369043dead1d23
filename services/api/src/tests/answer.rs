//! What came back.

use axum::{http::HeaderMap, response::Response};
use http_body_util::BodyExt as _;
use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The values of a field in a list's rows.
    #[track_caller]
    pub fn rows(&self, field: &str) -> Vec<String> {
        let body = self.json();
        let rows = body["data"]
            .as_array()
            .unwrap_or_else(|| panic!("no list: {}", self.text));
        rows.iter()
            .map(|row| {
                row[field]
                    .as_str()
                    .map_or_else(|| row[field].to_string(), str::to_owned)
            })
            .collect()
    }

    /// What a problem says.
    #[track_caller]
    pub fn detail(&self) -> String {
        assert_eq!(self.header("content-type"), crate::problem::MEDIA_TYPE, "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem["detail"].as_str().unwrap_or_default().to_owned()
    }
}
