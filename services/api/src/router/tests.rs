use axum::{body::Body, http::Request, response::Response, routing::get};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::{REQUEST_ID, layered};

async fn ask(readiness: Readiness, request: Request<Body>) -> Response {
    let panicking = Router::new().route("/panic", get(panics));
    layered(router(readiness).merge(panicking))
        .oneshot(request)
        .await
        .unwrap()
}

async fn panics() -> &'static str {
    panic!("secret inside")
}

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(REQUEST_ID, "r-1")
        .body(Body::empty())
        .unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Status, media type and body of a response.
async fn read(response: Response) -> String {
    let status = response.status();
    let kind = response
        .headers()
        .get("content-type")
        .map_or("-", |kind| kind.to_str().unwrap())
        .to_owned();
    format!("{status}\n{kind}\n{}", text(response).await)
}

#[tokio::test]
async fn alive_says_nothing_of_readiness() {
    let mut broken = Readiness::new();
    broken.add("postgresql", || async { Err("no connection".to_owned()) });
    assert_eq!(
        read(ask(broken, request("GET", "/healthz")).await).await,
        "200 OK\ntext/plain; charset=utf-8\nok"
    );
}

#[tokio::test]
async fn ready_tells_each_check() {
    let mut checks = Readiness::new();
    checks.add("nats.api", || async { Ok(()) });
    let response = ask(checks.clone(), request("GET", "/readyz")).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    insta::assert_snapshot!(read(response).await, @r#"
    200 OK
    application/json
    {"ready":true,"checks":{"nats.api":"ok"}}
    "#);
    checks.add("postgresql", || async { Err("no connection".to_owned()) });
    insta::assert_snapshot!(read(ask(checks, request("GET", "/readyz")).await).await, @r#"
    503 Service Unavailable
    application/json
    {"ready":false,"checks":{"nats.api":"ok","postgresql":"no connection"}}
    "#);
}

#[tokio::test]
async fn a_check_that_hangs_is_a_failed_one() {
    let mut hanging = Readiness::new();
    hanging.add("postgresql", std::future::pending);
    let body = read(ask(hanging, request("GET", "/readyz")).await).await;
    assert!(
        body.starts_with("503") && body.contains("no answer within 2 seconds"),
        "{body}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    insta::assert_snapshot!(read(ask(Readiness::new(), request("GET", "/nowhere?token=secret")).await).await, @r#"
    404 Not Found
    application/problem+json
    {"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at `/nowhere`.","request_id":"r-1"}
    "#);
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_and_says_which_are_right() {
    let response = ask(Readiness::new(), request("POST", "/healthz")).await;
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    insta::assert_snapshot!(read(response).await, @r#"
    405 Method Not Allowed
    application/problem+json
    {"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"`/healthz` does not take this method.","request_id":"r-1"}
    "#);
}

#[tokio::test]
async fn a_panic_is_a_problem_without_its_reason() {
    let response = ask(Readiness::new(), request("GET", "/panic")).await;
    assert_eq!(response.headers()[REQUEST_ID], "r-1");
    insta::assert_snapshot!(read(response).await, @r#"
    500 Internal Server Error
    application/problem+json
    {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"Something went wrong here. The log has the reason under this request id.","request_id":"r-1"}
    "#);
}

#[tokio::test]
async fn every_response_has_an_id() {
    let id_for = async |told: Option<&str>| {
        let mut request = Request::builder().uri("/healthz");
        if let Some(told) = told {
            request = request.header(REQUEST_ID, told);
        }
        let response = ask(Readiness::new(), request.body(Body::empty()).unwrap()).await;
        response.headers()[REQUEST_ID].to_str().unwrap().to_owned()
    };
    assert_eq!(id_for(Some("from-the-proxy.7")).await, "from-the-proxy.7");
    let made = id_for(None).await;
    assert_eq!(made.len(), 36);
    assert_ne!(made, id_for(None).await);
    for hostile in ["a b", "{\"x\":1}", &"x".repeat(129)] {
        assert_ne!(id_for(Some(hostile)).await, hostile);
    }
}

#[tokio::test]
async fn a_running_request_ends_before_the_server_does() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let (started, begun) = tokio::sync::oneshot::channel::<()>();
    let started = std::sync::Arc::new(std::sync::Mutex::new(Some(started)));
    let (finish, finished) = tokio::sync::watch::channel(false);
    let slow = Router::new().route(
        "/slow",
        get(move || {
            let mut finished = finished.clone();
            let started = started.lock().unwrap().take();
            async move {
                started.unwrap().send(()).unwrap();
                finished.wait_for(|finished| *finished).await.unwrap();
                "done"
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let server = tokio::spawn(crate::serve(listener, slow, shutdown.clone()));

    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    begun.await.unwrap();
    shutdown.cancel();
    finish.send(true).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    server.await.unwrap().unwrap();
}
