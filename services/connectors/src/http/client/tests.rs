//! The client against a provider made for each test.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::*;

struct Provider {
    url: Url,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn new(answer: impl Fn(usize, &str, &HeaderMap) -> Response + Clone + Send + Sync + 'static) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let router = Router::new().fallback(any(move |request: axum::extract::Request| {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let answered = answer(number, request.uri().path(), request.headers());
            async move { answered }
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked }
    }

    fn call(&self, method: Method) -> Call {
        Call::new("test", method, self.url.join("start?code=hush").unwrap())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn client() -> Client {
    Client::new("test", || DateTime::from_timestamp(1_000, 0).unwrap()).unwrap()
}

async fn json_of(client: &Client, call: &Call) -> Result<Value, Error> {
    client.send(call, Answer::json).await
}

fn fine() -> Response {
    axum::Json(json!({"fine": true})).into_response()
}

#[tokio::test]
async fn only_what_changes_nothing_is_asked_again() {
    for (method, repeatable, asked) in [
        (Method::GET, false, 3),
        (Method::POST, false, 1),
        (Method::POST, true, 3),
    ] {
        for answer in ["500", "html", "half", "empty"] {
            let provider = Provider::new(move |_, _, _| match answer {
                "500" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                "html" => "<html>Something went wrong</html>".into_response(),
                "half" => "{\"fine\": tr".into_response(),
                _ => ().into_response(),
            })
            .await;
            let mut call = provider.call(method.clone());
            if repeatable {
                call = call.repeatable();
            }
            let error = json_of(&client(), &call).await.unwrap_err();
            assert!(matches!(error, Error::Unclear(_)), "{answer}: {error}");
            assert_eq!(provider.asked(), asked, "{method} {answer}");
        }
    }
}

#[tokio::test]
async fn an_outage_that_passes_is_not_noticed() {
    let provider = Provider::new(|number, _, _| match number {
        1 => StatusCode::BAD_GATEWAY.into_response(),
        2 => "<html>".into_response(),
        _ => fine(),
    })
    .await;
    assert_eq!(
        json_of(&client(), &provider.call(Method::GET)).await,
        Ok(json!({"fine": true}))
    );
    assert_eq!(provider.asked(), 3);
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_handed_on() {
    let limited = |seconds: &'static str| {
        Provider::new(move |number, _, _| match number {
            1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds)]).into_response(),
            _ => fine(),
        })
    };
    let short = limited("1").await;
    let began = Instant::now();
    json_of(&client(), &short.call(Method::POST)).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(short.asked(), 2);
    let long = limited("60").await;
    assert_eq!(
        json_of(&client(), &long.call(Method::POST)).await,
        Err(Error::RateLimited(Duration::from_mins(1)))
    );
    assert_eq!(long.asked(), 1);
}

#[tokio::test]
async fn redirects_stay_at_the_origin() {
    let elsewhere = Provider::new(|_, _, _| fine()).await;
    let target = elsewhere.url.to_string();
    let provider = Provider::new(move |_, path, headers| match path {
        "/start" => (StatusCode::FOUND, [("location", "/moved")]).into_response(),
        "/moved" => {
            assert_eq!(headers["authorization"], "Bearer hush");
            fine()
        }
        _ => (StatusCode::FOUND, [("location", target.as_str())]).into_response(),
    })
    .await;
    let token = secrecy::SecretString::from("hush");
    let inside = provider.call(Method::GET).bearer(&token);
    assert_eq!(json_of(&client(), &inside).await, Ok(json!({"fine": true})));
    let outside = Call::new("test", Method::GET, provider.url.join("outside").unwrap()).bearer(&token);
    assert!(matches!(json_of(&client(), &outside).await, Err(Error::Unclear(_))));
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn an_endless_redirect_is_followed_five_times() {
    let provider = Provider::new(|_, _, _| (StatusCode::FOUND, [("location", "/again")]).into_response()).await;
    let call = Call::new("test", Method::POST, provider.url.clone());
    assert!(matches!(json_of(&client(), &call).await, Err(Error::Unclear(_))));
    assert_eq!(provider.asked(), 6);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let provider = Provider::new(|_, _, _| {
        let chunk = bytes::Bytes::from(vec![b' '; 1024 * 1024]);
        axum::body::Body::from_stream(futures::stream::repeat_with(move || {
            Ok::<_, std::io::Error>(chunk.clone())
        }))
        .into_response()
    })
    .await;
    let error = json_of(&client(), &provider.call(Method::POST)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unclear(text) if text.contains("larger than")),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_there_is_not_sent_and_says_nothing_of_the_query() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let call = Call::new(
        "test",
        Method::POST,
        Url::parse("http://127.0.0.1:1/x?code=hush").unwrap(),
    );
    let error = json_of(&client(), &call).await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn an_account_in_trouble_is_left_alone_and_the_others_are_not() {
    let provider = Provider::new(|_, _, headers| {
        if headers.contains_key("x-fine") {
            fine()
        } else {
            StatusCode::BAD_GATEWAY.into_response()
        }
    })
    .await;
    let client = client();
    let failing = provider.call(Method::POST).of("T1");
    for _ in 0..5 {
        assert!(matches!(json_of(&client, &failing).await, Err(Error::Unclear(_))));
    }
    assert_eq!(provider.asked(), 5);
    let fine = provider.call(Method::POST).header("x-fine", "1");
    assert!(matches!(
        json_of(&client, &fine.clone().of("T1")).await,
        Err(Error::NotSent(_))
    ));
    assert_eq!(provider.asked(), 5, "nothing was sent");
    json_of(&client, &fine.clone().of("T2")).await.unwrap();
    json_of(&client, &fine).await.unwrap();
}

#[tokio::test]
async fn what_is_asked_is_measured_and_names_nobody() {
    let notes = metrics::tests::Notes::default();
    let _recording = ::metrics::set_default_local_recorder(&notes);
    let provider = Provider::new(|number, _, _| match number {
        1 => fine(),
        2 => (StatusCode::NOT_FOUND, axum::Json(json!({}))).into_response(),
        3 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]).into_response(),
        _ => "<html>".into_response(),
    })
    .await;
    let client = client();
    let call = provider.call(Method::POST).of("T1");
    for _ in 0..9 {
        drop(json_of(&client, &call).await);
    }
    let outcomes = ["answered", "refused", "rate_limited"]
        .into_iter()
        .chain(["unclear"; 5])
        .chain(["circuit_open"]);
    let expected: Vec<String> = outcomes.map(|outcome| format!(" test test {outcome} 1")).collect();
    assert_eq!(notes.of(metrics::REQUESTS), expected);
    assert_eq!(notes.of(metrics::DURATION), vec![" test test recorded"; 8]);
    assert_eq!(notes.of(metrics::OPEN_CIRCUITS), [" test +1"]);
}

#[tokio::test]
async fn while_a_limit_holds_nothing_is_sent_for_its_key() {
    let provider = Provider::new(|_, _, headers| {
        if headers.contains_key("x-limited") {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]).into_response()
        } else {
            fine()
        }
    })
    .await;
    let client = client();
    let paced = |key: &str| provider.call(Method::POST).paced(key, Duration::ZERO, 1);
    let limited = paced("T1 chat.update C1").header("x-limited", "1");
    assert_eq!(
        json_of(&client, &limited).await,
        Err(Error::RateLimited(Duration::from_mins(1)))
    );
    assert!(matches!(
        json_of(&client, &paced("T1 chat.update C1")).await,
        Err(Error::RateLimited(left)) if left > Duration::from_secs(50)
    ));
    assert_eq!(provider.asked(), 1, "nothing was sent");
    json_of(&client, &paced("T1 chat.update C2")).await.unwrap();
    json_of(&client, &provider.call(Method::POST)).await.unwrap();
}

#[tokio::test]
async fn those_who_wait_for_a_limit_come_after_it_and_one_by_one() {
    let provider = Provider::new(|number, _, _| match number {
        1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        _ => fine(),
    })
    .await;
    let client = client();
    let spacing = Duration::from_millis(200);
    let call = provider.call(Method::POST).paced("T1 C1", spacing, 5);
    let began = Instant::now();
    let calls = (0..3).map(|_| json_of(&client, &call));
    let (first, others) = tokio::join!(json_of(&client, &call), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        futures::future::join_all(calls).await
    });
    assert!(
        first.is_ok() && others.iter().all(Result::is_ok),
        "{first:?} {others:?}"
    );
    assert_eq!(provider.asked(), 5, "only the first was refused");
    assert!(began.elapsed() >= Duration::from_secs(1) + 3 * spacing);
}

#[tokio::test]
async fn a_call_without_patience_is_not_sent_later() {
    let provider = Provider::new(|number, _, _| match number {
        1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        _ => fine(),
    })
    .await;
    let client = client();
    let call = provider.call(Method::POST).paced("T1 C1", Duration::ZERO, 1);
    let hurried = call.clone().patience(Duration::ZERO);
    for _ in 0..5 {
        assert!(matches!(json_of(&client, &hurried).await, Err(Error::RateLimited(_))));
    }
    assert_eq!(provider.asked(), 1);
    json_of(&client, &call).await.unwrap();
}
