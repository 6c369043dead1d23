//! Where a message goes that can't be handled, so that nothing is ever dropped silently.

use async_nats::{Client, HeaderMap, HeaderValue, Message};

use crate::publish;

/// Stores `message` under `dead.<stream>.<consumer>.<original subject>` with what went wrong beside its own headers.
pub(crate) async fn store(client: &Client, letter: &DeadLetter<'_>) -> Result<(), publish::Error> {
    let mut headers = own_headers(letter.message.headers.as_ref());
    let sequence = letter.sequence.to_string();
    for (name, value) in [
        (
            "Nats-Msg-Id",
            format!("{}.{sequence}.{}", letter.stream, letter.consumer),
        ),
        ("Nats-Expected-Stream", "DEAD_LETTERS".to_owned()),
        ("Infragpt-Dead-Stream", letter.stream.to_owned()),
        ("Infragpt-Dead-Sequence", sequence),
        ("Infragpt-Dead-Consumer", letter.consumer.to_owned()),
        ("Infragpt-Dead-Reason", letter.reason.clone()),
        ("Infragpt-Dead-Attempts", letter.attempts.to_string()),
    ] {
        let line = value.replace(['\r', '\n'], " ");
        headers.insert(name, HeaderValue::from(line.as_str()));
    }
    let subject = format!("dead.{}.{}.{}", letter.stream, letter.consumer, letter.message.subject);
    publish::publish(client, subject, headers, letter.message.payload.clone())
        .await
        .map(drop)
}

/// A message's headers without those that tell the server what to do: an event keeps the sequence that it was expected
/// after, which holds for its own stream and would have the dead letter refused.
fn own_headers(headers: Option<&HeaderMap>) -> HeaderMap {
    let mut own = HeaderMap::new();
    for (name, values) in headers.into_iter().flat_map(HeaderMap::iter) {
        let text: &str = name.as_ref();
        if text.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("nats-")) {
            continue;
        }
        for value in values {
            own.append(name.clone(), value.clone());
        }
    }
    own
}

/// A message that can't be handled.
#[derive(Debug)]
pub(crate) struct DeadLetter<'a> {
    pub stream: &'a str,
    pub consumer: &'a str,
    pub sequence: u64,
    pub message: &'a Message,
    pub reason: String,
    pub attempts: u64,
}
