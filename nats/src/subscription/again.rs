//! Answers `redeliver.v1.<stream>.<consumer>`: checks what an operator asks for, and lets the worker handle it.

use async_nats::{Client, Message, Subscriber};
use futures::StreamExt as _;
use infragpt_events::audit::{Audit, AuditEvent, AuditedAction};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{Subscription, attempt::Again};
use crate::{
    AggregateSubject, Connection, Log, Received, Redelivered, decode_event, direct,
    redelivery::{AuditReference, Request, subject},
};

/// How many are worked on at a time; more wait on the connection. A message may have 25 MiB.
const MOST: usize = 4;

/// The only inboxes that are answered: nobody but an operator may ask.
const INBOXES: &str = "_INBOX.operator.";

/// What operators ask for, checked and in the order in which the checks end.
pub(super) struct Requests {
    connection: Connection,
    stream: String,
    asked: Subscriber,
    tasks: JoinSet<()>,
    sender: mpsc::Sender<Again>,
    checked: mpsc::Receiver<Again>,
}

impl Requests {
    pub async fn open(subscription: &Subscription) -> Result<Self, String> {
        let Subscription {
            connection,
            stream,
            consumer,
            ..
        } = subscription;
        let asked = connection
            .client
            .queue_subscribe(subject(stream, consumer), "q".to_owned())
            .await
            .map_err(|error| error.to_string())?;
        let (sender, checked) = mpsc::channel(MOST);
        Ok(Self {
            connection: connection.clone(),
            stream: stream.clone(),
            asked,
            tasks: JoinSet::new(),
            sender,
            checked,
        })
    }

    /// The next message to handle again. Dropping the future loses none.
    pub async fn next(&mut self) -> Again {
        loop {
            tokio::select! {
                Some(again) = self.checked.recv() => return again,
                Some(_) = self.tasks.join_next(), if !self.tasks.is_empty() => {}
                Some(message) = self.asked.next(), if self.tasks.len() < MOST => {
                    let work = serve(self.connection.clone(), self.stream.clone(), message, self.sender.clone());
                    self.tasks.spawn(work);
                }
                // The connection closed: the worker finds out by its own subscription.
                else => return std::future::pending().await,
            }
        }
    }

    /// Tells everybody who still waits that it did not happen. The worker's queue has to be gone by now.
    pub async fn finish(mut self) {
        drop(self.asked);
        self.checked.close();
        while self.checked.recv().await.is_some() {}
        while self.tasks.join_next().await.is_some() {}
    }
}

/// From the request to its answer.
async fn serve(connection: Connection, stream: String, message: Message, checked: mpsc::Sender<Again>) {
    let Some(reply) = message.reply.clone().filter(|reply| reply.starts_with(INBOXES)) else {
        tracing::warn!("Ignored a request for redelivery that does not come from an operator");
        return;
    };
    let redelivered = match check(&connection, &stream, &message).await {
        Ok(received) => {
            let (answer, answered) = oneshot::channel();
            // Where the worker ends first, what was sent is dropped, and so is the other end of `answered`.
            let _ = checked.send(Again { received, answer }).await;
            answered
                .await
                .unwrap_or_else(|_| failed("the process that was asked is ending", true))
        }
        Err(refusal) => refusal,
    };
    let sent = match serde_json::to_vec(&redelivered) {
        Ok(payload) => answer(&connection.client, reply.to_string(), payload).await,
        Err(error) => Err(error.to_string()),
    };
    if let Err(problem) = sent {
        tracing::error!(
            stream,
            problem,
            "The answer to a request for redelivery could not be sent"
        );
    }
}

async fn answer(client: &Client, reply: String, payload: Vec<u8>) -> Result<(), String> {
    client
        .publish(reply, payload.into())
        .await
        .map_err(|error| error.to_string())
}

/// The message that is asked for, as its own stream has it, if an operator's wish is on record.
async fn check(connection: &Connection, stream: &str, message: &Message) -> Result<Received, Redelivered> {
    let Request { sequence, audit } = serde_json::from_slice(&message.payload)
        .map_err(|error| failed(format!("the request can't be read: {error}"), false))?;
    if !is_on_record(connection, stream, sequence, &audit).await? {
        let reason = format!(
            "no audit record `{}` in EVENTS is about {stream}#{sequence}: write one first",
            audit.id
        );
        return Err(failed(reason, false));
    }
    match Log::new(connection).at(stream, sequence).await {
        Ok(Some(received)) => Ok(received),
        Ok(None) => Err(failed(
            format!("{stream}#{sequence} is gone, or is no CloudEvent"),
            false,
        )),
        Err(error) => Err(failed(format!("{stream} can't be read: {error}"), true)),
    }
}

async fn is_on_record(
    connection: &Connection,
    stream: &str,
    sequence: u64,
    audit: &AuditReference,
) -> Result<bool, Redelivered> {
    let subject = AggregateSubject::new::<Audit>(&audit.organization, audit.id).event("recorded");
    let stored = direct::last_value(&connection.client, "EVENTS", &subject)
        .await
        .map_err(|error| failed(format!("the audit can't be read: {error}"), true))?;
    let record = stored.and_then(|stored| stored.event("EVENTS"));
    Ok(record.is_some_and(|record| {
        decode_event::<AuditEvent>(&record).is_ok_and(|decoded| {
            let AuditEvent::Recorded(recorded) = decoded.event;
            let allows = matches!(
                recorded.action,
                AuditedAction::Redelivered | AuditedAction::DeadLetterRetried
            );
            allows && recorded.purpose.is_some_and(|target| covers(&target, stream, sequence))
        })
    }))
}

/// Whether `target`, as `<stream>#<sequence>` or `<stream>#<first>-<last>`, has this place in it.
fn covers(target: &str, stream: &str, sequence: u64) -> bool {
    let Some((name, range)) = target.split_once('#') else {
        return false;
    };
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => name == stream && (first..=last).contains(&sequence),
        _ => false,
    }
}

fn failed(reason: impl Into<String>, may_work_later: bool) -> Redelivered {
    Redelivered::Failed {
        reason: reason.into(),
        may_work_later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_good_for_its_own_place_only() {
        for (target, expected) in [
            ("RAW_SLACK#5", true),
            ("RAW_SLACK#3-7", true),
            ("RAW_SLACK#6", false),
            ("RAW_SLACK#6-9", false),
            ("EVENTS#5", false),
            ("RAW_SLACK", false),
            ("RAW_SLACK#", false),
            ("RAW_SLACK#a-9", false),
        ] {
            assert_eq!(covers(target, "RAW_SLACK", 5), expected, "{target}");
        }
    }
}
