//! The document, and the page that shows it.

use axum::{
    body::Body,
    http::{Method, Request},
};

use super::{answer::Answer, installation::Installation};

#[tokio::test]
async fn the_document_and_its_page_are_there_for_everybody() {
    let installation = Installation::start().await;
    let get = async |path: &str| -> Answer {
        let request = Request::builder().method(Method::GET).uri(path).body(Body::empty());
        installation.send(request.unwrap()).await
    };
    let document = get("/api/v1/openapi.json").await.expect(200);
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json(), serde_json::to_value(crate::v1::document()).unwrap());
    assert_eq!(
        get("/api/v1/docs").await.expect(308).header("location"),
        "/api/v1/docs/"
    );
    let page = get("/api/v1/docs/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    // Nothing of it comes from elsewhere, and no script stands in the page itself, which the policy would not let run.
    assert!(
        !page.text.contains("https://") && !page.text.contains("<script>"),
        "{}",
        page.text
    );
    let named = page.text.split(['"', '\'']).filter(|text| text.starts_with("./"));
    let files: Vec<_> = named.map(|file| file.trim_start_matches("./").to_owned()).collect();
    assert!(
        files.iter().any(|file| file.ends_with("swagger-ui-bundle.js")),
        "{files:?}"
    );
    for file in files.iter().filter(|file| file.contains('.')) {
        get(&format!("/api/v1/docs/{file}")).await.expect(200);
    }
    let start = get("/api/v1/docs/swagger-initializer.js").await.expect(200);
    assert!(
        start.text.contains("/api/v1/openapi.json") && !start.text.contains("https://"),
        "{}",
        start.text
    );
    get("/api/v1/docs/nothing.js").await.expect(404).detail();
    get("/api/v1/docs/..%2f..%2fetc").await.expect(404).detail();
}
