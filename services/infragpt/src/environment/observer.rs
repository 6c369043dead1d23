//! An installation with eyes on it: what people do, and what came of it. The demo and the tests look through these.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail, ensure};
use infragpt_nats::{Connection, Log, Received};
use infragpt_projections::{self as projections, Fingerprint};
use serde_json::{Value, json};

use super::{Control, Installation, Posted, Said};
use crate::configuration::NatsUser;

/// How long anything that should happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An installation with eyes on it.
#[derive(Debug)]
pub struct Observer {
    /// What is looked at.
    pub installation: Installation,
    /// What people and GitHub do.
    pub control: Control,
    /// The log, as an operator reads it.
    pub log: Log,
    connection: Connection,
    /// The sequence up to which each stream was looked at.
    seen: BTreeMap<&'static str, u64>,
}

impl Observer {
    /// Looks at `installation` as NATS user `operator`.
    ///
    /// # Errors
    /// When NATS refuses.
    pub async fn new(installation: Installation) -> anyhow::Result<Self> {
        let connection = installation.connect(NatsUser::Operator).await?;
        let control = Control::new(&installation.endpoints.control_url);
        let log = Log::new(&connection);
        Ok(Self {
            installation,
            control,
            log,
            connection,
            seen: BTreeMap::new(),
        })
    }

    /// Ends looking.
    pub async fn end(self) -> Installation {
        self.connection.drain().await;
        self.installation
    }

    /// Where GitHub delivers.
    pub fn github_url(&self) -> String {
        format!("{}/webhooks/github", self.installation.endpoints.api_url)
    }

    /// Where Slack delivers events over HTTP.
    pub fn slack_url(&self) -> String {
        format!("{}/webhooks/slack/events", self.installation.endpoints.api_url)
    }

    /// What `stream` got since [`take`](Self::take) last looked at it, without audit records: those are written a moment
    /// after what they are about, whenever that is.
    ///
    /// # Errors
    /// When the stream can't be read.
    pub async fn news(&self, stream: &'static str) -> anyhow::Result<Vec<Received>> {
        let after = self.seen.get(stream).copied().unwrap_or(0);
        let mut news = self.log.read(stream, ">", after).await?;
        news.retain(|received| !received.subject.starts_with("events.audit."));
        Ok(news)
    }

    /// Waits until `stream` got `count` messages since the last look, and takes all there are.
    ///
    /// # Errors
    /// When they don't come.
    pub async fn take(&mut self, stream: &'static str, count: usize) -> anyhow::Result<Vec<Received>> {
        let news = self
            .until(&format!("{count} new messages in {stream}"), async || {
                let news = self.news(stream).await?;
                Ok((news.len() >= count).then_some(news))
            })
            .await?;
        if let Some(last) = news.last() {
            self.seen.insert(stream, last.sequence);
        }
        Ok(news)
    }

    /// Waits until `look` finds something.
    ///
    /// # Errors
    /// When it doesn't, with what went wrong last.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut problem = None;
        while tokio::time::Instant::now() < deadline {
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => problem = None,
                Err(error) => problem = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match problem {
            Some(error) => Err(error.context(format!("waited for {what}"))),
            None => bail!("waited {} s for {what} in vain", PATIENCE.as_secs()),
        }
    }

    /// Somebody writes, and Slack's events of it are acknowledged.
    ///
    /// # Errors
    /// When they are not.
    pub async fn say(&self, message: Value) -> anyhow::Result<Said> {
        let said = self.control.message(&message).await?;
        ensure!(said.acked, "Slack's events {:?} were not acknowledged", said.event_ids);
        Ok(said)
    }

    /// The one answer in a message's thread, once it is there.
    ///
    /// # Errors
    /// When there is none in time, or several.
    pub async fn answer(&self, said: &Said) -> anyhow::Result<Posted> {
        let replies = self.control.replies(&said.channel, said.thread(), 1, PATIENCE).await?;
        let [answer] = <[Posted; 1]>::try_from(replies).map_err(|all| anyhow::anyhow!("{} answers came", all.len()))?;
        Ok(answer)
    }

    /// Clerk tells of everybody and everything that exists, and the product has taken it in.
    ///
    /// # Errors
    /// When it does not.
    pub async fn sign_up(&self) -> anyhow::Result<()> {
        let announced = self.installation.sandbox.clerk_announce().await;
        ensure!(
            announced.failed == 0,
            "{} of Clerk's webhooks were refused",
            announced.failed
        );
        let endpoints = &self.installation.endpoints;
        let client = reqwest::Client::new();
        self.until("the administrator to be let in", async || {
            let asked = client
                .get(format!("{}/api/v1/me", endpoints.api_url))
                .bearer_auth(&endpoints.session_token);
            Ok(asked.send().await?.status().is_success().then_some(()))
        })
        .await
    }

    /// Waits until handlers and conversations have nothing left to do.
    ///
    /// # Errors
    /// When they still have something to do.
    pub async fn settled(&self) -> anyhow::Result<()> {
        for (stream, consumer) in [
            ("RAW_SLACK", "slack_handler"),
            ("RAW_GITHUB", "github_handler"),
            ("RAW_CLERK", "clerk_handler"),
            ("EVENTS", "conversations"),
            ("EVENTS", "actions"),
            ("EVENTS", "notices"),
            ("EVENTS", "connections"),
            ("EVENTS", "disconnections"),
            ("EVENTS", "erasures"),
        ] {
            self.until(&format!("{consumer} to have nothing left"), async || {
                let at = self.log.consumer(stream, consumer).await?;
                Ok((at.pending == 0 && at.unacknowledged == 0).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until the read models hold everything, and returns what they hold.
    ///
    /// # Errors
    /// When they stay behind.
    pub async fn rows(&self) -> anyhow::Result<BTreeMap<&'static str, Fingerprint>> {
        self.until("the read models to be current", async || {
            let status = self.installation.infragpt(&["projections", "status", "--json"]).await?;
            let lag: u64 = status
                .lines()
                .map(|line| serde_json::from_str::<Value>(line)?["lag"].as_u64().context("no lag"))
                .sum::<anyhow::Result<u64>>()?;
            Ok((lag == 0).then_some(()))
        })
        .await?;
        let url = self.installation.endpoints.database_url.clone().into();
        let pool = projections::connect(&url, "infragpt observer")?;
        let rows = projections::fingerprint(&pool).await?;
        pool.close().await;
        Ok(rows)
    }

    /// Starts or ends holding back the consumer that answers, so that a crash can be put exactly before the answer.
    ///
    /// # Errors
    /// When NATS refuses.
    pub async fn hold_answers_back(&self, hold: bool) -> anyhow::Result<()> {
        let until = if hold {
            "2099-01-01T00:00:00Z"
        } else {
            "2000-01-01T00:00:00Z"
        };
        Ok(self.log.pause("EVENTS", "conversations", until.parse()?).await?)
    }

    /// Makes the sandbox take a Slack call and never answer it.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn let_hang(&self, method: &str) -> anyhow::Result<()> {
        self.control
            .call("fault", &json!({ "method": method, "kind": "hang_after", "times": 1 }))
            .await
            .map(drop)
    }
}
