//! Requests over connections that are kept: as little work as possible, because the load shares the processors
//! with what is measured.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How often one request is sent again before the run is given up.
const TRIES: usize = 20;
/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// What is sent: one body, and a delivery id for each request.
#[derive(Debug)]
pub(super) struct Webhook<'a> {
    pub host: &'a str,
    pub event: &'a str,
    pub signature: &'a str,
    pub body: &'a [u8],
}

/// How it went.
#[derive(Debug)]
pub(super) struct Delivered {
    pub took: Duration,
    /// Of each webhook, in milliseconds.
    pub latencies: Vec<f64>,
}

/// Delivers `webhook` under the ids from `first` on, `count` in all, over `connections` connections, each until it is
/// answered with 2xx.
///
/// # Errors
/// When one of them never is.
pub(super) async fn deliver(
    webhook: &Webhook<'_>,
    first: usize,
    count: usize,
    connections: usize,
) -> anyhow::Result<Delivered> {
    let write = |index, request: &mut Vec<u8>| webhook.write(first + index, request);
    send(webhook.host, count, connections, write).await
}

/// Sends `count` requests to `host`, each as `write` makes it of its number, over `connections` connections, until it is
/// answered with 2xx.
///
/// # Errors
/// When one of them never is.
pub(super) async fn send(
    host: &str,
    count: usize,
    connections: usize,
    write: impl Fn(usize, &mut Vec<u8>),
) -> anyhow::Result<Delivered> {
    let mut open = Vec::new();
    for _ in 0..connections {
        let socket = TcpStream::connect(host)
            .await
            .with_context(|| format!("nothing listens at {host}"))?;
        socket.set_nodelay(true)?;
        open.push(socket);
    }
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let work = open.into_iter().map(|socket| {
        let (next, write) = (&next, &write);
        async move {
            let mut connection = Connection {
                socket,
                received: Vec::with_capacity(1024),
            };
            let mut request = Vec::with_capacity(1024);
            let mut latencies = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return anyhow::Ok(latencies);
                }
                request.clear();
                write(index, &mut request);
                let sent = Instant::now();
                connection.until_accepted(&request).await?;
                latencies.push(super::figures::milliseconds(sent.elapsed()));
            }
        }
    });
    let latencies = futures::future::try_join_all(work).await?.concat();
    Ok(Delivered {
        took: started.elapsed(),
        latencies,
    })
}

impl Webhook<'_> {
    fn write(&self, id: usize, request: &mut Vec<u8>) {
        let head = format!(
            "POST /webhooks/github HTTP/1.1\r\nHost: {}\r\nUser-Agent: GitHub-Hookshot/bench\r\nContent-Type: application/json\r\n\
             X-GitHub-Event: {}\r\nX-GitHub-Delivery: 00000000-0000-4000-8000-{id:012x}\r\nX-Hub-Signature-256: {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            self.event,
            self.signature,
            self.body.len(),
        );
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(self.body);
    }
}

struct Connection {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    async fn until_accepted(&mut self, request: &[u8]) -> anyhow::Result<()> {
        let mut status = 0;
        for _ in 0..TRIES {
            self.socket
                .write_all(request)
                .await
                .context("a request can't be sent")?;
            status = tokio::time::timeout(ANSWER_WITHIN, self.answer())
                .await
                .context("a request was not answered")??;
            match status {
                200..300 => return Ok(()),
                500.. => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => bail!("a request was refused with status {status}"),
            }
        }
        bail!("a request was answered with status {status} {TRIES} times")
    }

    /// Reads one answer and returns its status.
    async fn answer(&mut self) -> anyhow::Result<u16> {
        self.received.clear();
        loop {
            let read = self
                .socket
                .read_buf(&mut self.received)
                .await
                .context("an answer can't be read")?;
            ensure!(read > 0, "the connection was closed instead of an answer");
            if let Some((status, end)) = parse(&self.received)?
                && self.received.len() >= end
            {
                return Ok(status);
            }
        }
    }
}

/// The status of the answer that `bytes` begin with and where it ends, once its head is there.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).context("an answer's head isn't text")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .context("an answer without a status")?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .context("an answer without a length")?;
    Ok(Some((status, end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nconte").unwrap(), None);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        assert_eq!(parse(answer).unwrap(), Some((200, answer.len())));
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
