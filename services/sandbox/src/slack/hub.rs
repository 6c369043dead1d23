use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// Slack allows an app this many Socket Mode connections.
pub(super) const MOST_CONNECTIONS: usize = 10;

/// The live Socket Mode connections of the app.
///
/// <https://docs.slack.dev/apis/events-api/using-socket-mode>
#[derive(Debug)]
pub(crate) struct Hub {
    app_id: String,
    inner: Mutex<Inner>,
    /// How many connections are live.
    live: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Inner {
    tickets: HashSet<String>,
    connections: BTreeMap<u64, Connection>,
    last_id: u64,
    /// The connection that got the last envelope; the next one in order gets the next.
    last_used: u64,
    /// Who waits for the acknowledgement of which envelope.
    waiting: HashMap<String, oneshot::Sender<Value>>,
}

#[derive(Clone, Debug)]
struct Connection {
    frames: mpsc::UnboundedSender<Frame>,
    gone: CancellationToken,
    /// A disconnect was announced: used only if there is no other.
    leaving: bool,
}

/// What a connection's task is told to do.
#[derive(Debug)]
pub(super) enum Frame {
    /// Send this text frame.
    Text(String),
    /// Close properly.
    Close,
    /// Drop the TCP connection without a close frame.
    Drop,
}

/// A connection as its own task sees it.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) id: u64,
    pub(super) frames: mpsc::UnboundedReceiver<Frame>,
    /// How many connections there are with this one.
    pub(super) count: usize,
}

/// What the control verb `disconnect` asks for.
#[derive(Debug)]
pub(crate) struct Disconnect {
    pub(crate) reason: String,
    pub(crate) grace: Duration,
    /// The id of one connection; `None` means all.
    pub(crate) connection: Option<u64>,
    /// Drop the connection without a word.
    pub(crate) abrupt: bool,
}

/// What became of one frame sent to a connection.
#[derive(Debug)]
pub(super) enum Attempt {
    /// No connection was there to take it.
    NotSent,
    /// The app did not answer in time, or the connection ended before it did.
    Unacknowledged,
    /// The app acknowledged, perhaps with a payload.
    Acknowledged(Option<Value>),
}

impl Hub {
    pub(crate) fn new(app_id: String) -> Self {
        Self {
            app_id,
            inner: Mutex::default(),
            live: watch::Sender::new(0),
        }
    }

    /// A ticket for one connection.
    pub(super) fn issue_ticket(&self) -> String {
        let ticket = clock::guid();
        self.lock().tickets.insert(ticket.clone());
        ticket
    }

    /// Whether the ticket was issued and not used before.
    pub(super) fn redeem_ticket(&self, ticket: &str) -> bool {
        self.lock().tickets.remove(ticket)
    }

    pub(super) fn join(&self) -> Joined {
        let (sender, frames) = mpsc::unbounded_channel();
        let (id, count) = {
            let mut inner = self.lock();
            inner.last_id += 1;
            let id = inner.last_id;
            let connection = Connection {
                frames: sender,
                gone: CancellationToken::new(),
                leaving: false,
            };
            inner.connections.insert(id, connection);
            (id, inner.connections.len())
        };
        Joined { id, frames, count }
    }

    /// The connection said `hello` and takes envelopes from now on.
    pub(super) fn announce(&self) {
        let count = self.lock().connections.len();
        self.live.send_replace(count);
    }

    pub(super) fn leave(&self, id: u64) {
        let count = {
            let mut inner = self.lock();
            if let Some(connection) = inner.connections.remove(&id) {
                connection.gone.cancel();
            }
            inner.connections.len()
        };
        self.live.send_replace(count);
    }

    /// The first frame of every connection.
    pub(super) fn hello(&self, count: usize) -> String {
        json!({
            "type": "hello",
            "num_connections": count,
            "debug_info": {
                "host": "applink-sandbox",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": { "app_id": self.app_id },
        })
        .to_string()
    }

    /// Sees how many connections are live, after every change.
    pub(crate) fn live(&self) -> watch::Receiver<usize> {
        self.live.subscribe()
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.lock().connections.len()
    }

    /// Takes a text frame from the app: an acknowledgement, or nothing that Slack knows.
    pub(super) fn receive(&self, text: &str) {
        let Ok(mut frame) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let waiting = frame["envelope_id"]
            .as_str()
            .and_then(|id| self.lock().waiting.remove(id));
        if let Some(waiting) = waiting {
            let _ = waiting.send(frame["payload"].take());
        }
    }

    /// Sends one envelope to a live connection and waits for its acknowledgement.
    pub(super) async fn attempt(&self, envelope_id: &str, frame: String, within: Duration) -> Attempt {
        let Some((acknowledged, gone)) = self.send(envelope_id, frame) else {
            return Attempt::NotSent;
        };
        let attempt = tokio::select! {
            biased;
            payload = acknowledged => payload
                .map_or(Attempt::Unacknowledged, |it| Attempt::Acknowledged(Some(it).filter(|it| !it.is_null()))),
            () = gone.cancelled() => Attempt::Unacknowledged,
            () = tokio::time::sleep(within) => Attempt::Unacknowledged,
        };
        self.lock().waiting.remove(envelope_id);
        attempt
    }

    fn send(&self, envelope_id: &str, frame: String) -> Option<(oneshot::Receiver<Value>, CancellationToken)> {
        let mut inner = self.lock();
        let (id, connection) = inner.next()?;
        let (sender, acknowledged) = oneshot::channel();
        inner.last_used = id;
        inner.waiting.insert(envelope_id.to_owned(), sender);
        connection.frames.send(Frame::Text(frame)).ok()?;
        Some((acknowledged, connection.gone))
    }

    /// Sends a frame of any content to one connection; whether there was one.
    pub(crate) fn send_raw(&self, frame: String) -> bool {
        let next = self.lock().next();
        next.is_some_and(|(_, connection)| connection.frames.send(Frame::Text(frame)).is_ok())
    }

    /// Waits until a connection is live; false when none came in time.
    pub(super) async fn wait_for_connection(&self, within: Duration) -> bool {
        let mut live = self.live.subscribe();
        matches!(
            tokio::time::timeout(within, live.wait_for(|count| *count > 0)).await,
            Ok(Ok(_))
        )
    }

    /// Announces the end of connections and ends them after the grace period; returns how many.
    pub(crate) fn disconnect(&self, order: &Disconnect) -> usize {
        let mut inner = self.lock();
        let frame = json!({
            "type": "disconnect",
            "reason": order.reason,
            "debug_info": { "host": "applink-sandbox" },
        })
        .to_string();
        let chosen = |id: u64| order.connection.is_none_or(|connection| connection == id);
        let mut count = 0;
        for (_, connection) in inner.connections.iter_mut().filter(|(id, _)| chosen(**id)) {
            connection.leaving = true;
            count += 1;
            if order.abrupt {
                let _ = connection.frames.send(Frame::Drop);
                continue;
            }
            let _ = connection.frames.send(Frame::Text(frame.clone()));
            let (connection, grace) = (connection.clone(), order.grace);
            tokio::spawn(async move {
                tokio::select! {
                    () = connection.gone.cancelled() => {}
                    () = tokio::time::sleep(grace) => drop(connection.frames.send(Frame::Close)),
                }
            });
        }
        count
    }

    /// Ids of the open connections, oldest first.
    pub(crate) fn connection_ids(&self) -> Vec<u64> {
        self.lock().connections.keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The connection whose turn it is; those that were told to leave come last.
    fn next(&self) -> Option<(u64, Connection)> {
        let turn = |leaving: bool| {
            let candidates = || self.connections.iter().filter(move |(_, it)| it.leaving == leaving);
            candidates()
                .find(|(id, _)| **id > self.last_used)
                .or_else(|| candidates().next())
        };
        turn(false)
            .or_else(|| turn(true))
            .map(|(id, connection)| (*id, connection.clone()))
    }
}
