use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that reached the app.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An app's HTTP server that keeps what it gets, echoes challenges and answers 200.
#[derive(Clone, Default)]
pub(super) struct App(Arc<Mutex<Vec<Request>>>);

impl App {
    /// Starts one; returns it with its URL.
    pub(super) async fn start() -> (Self, String) {
        let app = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(take)).with_state(app.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (app, url)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap().clone()
    }
}

async fn take(State(app): State<App>, headers: HeaderMap, body: Bytes) -> String {
    let challenge = serde_json::from_slice::<Value>(&body)
        .ok()
        .and_then(|it| Some(it["challenge"].as_str()?.to_owned()));
    app.0.lock().unwrap().push(Request { headers, body });
    challenge.unwrap_or_default()
}
