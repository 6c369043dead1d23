use std::fmt::Write;

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;\
color:#1d1c1d;background:#f6f6f6}main{background:#fff;border:1px solid #ddd;border-radius:12px;padding:1.5rem 2rem}\
h1{font-size:1.4rem;margin-top:0}fieldset{border:1px solid #ddd;border-radius:8px;margin:1rem 0}label{display:block;\
margin:.25rem 0}code{background:#eee;border-radius:4px;padding:0 .25rem}button{font:inherit;padding:.5rem 1.25rem;\
border:1px solid #bbb;border-radius:8px;background:#fff;cursor:pointer;margin-right:.5rem}button.yes{background:#116644;\
border-color:#116644;color:#fff}button.danger{color:#b3261e;border-color:#b3261e}small{color:#616061}\
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#131518}main{background:#1a1d21;border-color:#444}\
fieldset{border-color:#444}code{background:#333}button{background:#1a1d21;color:inherit}small{color:#ababad}a{color:#6cb6ff}}";

/// A text that is safe inside an element and inside a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Fields of a form that people do not see.
pub(crate) fn hidden(fields: &[(&str, &str)]) -> String {
    fields.iter().fold(String::new(), |mut html, (name, value)| {
        // A text takes whatever is written to it.
        let _ = write!(
            html,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escaped(name),
            escaped(value)
        );
        html
    })
}

/// A page around what `body` has, which is HTML already; the title is plain text.
pub(crate) fn document(title: &str, body: &str) -> Html<String> {
    let title = escaped(title);
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    ))
}

/// A page that says in plain text why there is nothing else.
pub(crate) fn refusal(status: StatusCode, title: &str, reason: &str) -> Response {
    (status, document(title, &format!("<p>{}</p>", escaped(reason)))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_an_attribute() {
        let html = hidden(&[("state", "\"'><script>&")]);
        assert_eq!(
            html,
            "<input type=\"hidden\" name=\"state\" value=\"&quot;&#39;&gt;&lt;script&gt;&amp;\">"
        );
    }
}
