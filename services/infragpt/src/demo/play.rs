//! What the scenario is played with, and how it looks at what came of it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail, ensure};
use infragpt_nats::{Connection, Log, Received};
use infragpt_projections::{self as projections, Fingerprint};
use serde_json::{Value, json};

use super::transcript;
use crate::{
    configuration::NatsUser,
    environment::{Control, Installation, Posted, Said},
};

/// How long anything that should happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An installation with eyes on it.
pub(super) struct Play {
    pub installation: Installation,
    pub control: Control,
    pub log: Log,
    connection: Connection,
    /// The sequence up to which each stream was told of.
    told: BTreeMap<&'static str, u64>,
}

impl Play {
    pub async fn new(installation: Installation) -> anyhow::Result<Self> {
        let connection = installation.connect(NatsUser::Operator).await?;
        let control = Control::new(&installation.endpoints.control_url);
        let log = Log::new(&connection);
        let told = BTreeMap::from([("RAW_SLACK", 0), ("RAW_GITHUB", 0), ("EVENTS", 0), ("DEAD_LETTERS", 0)]);
        Ok(Self { installation, control, log, connection, told })
    }

    pub async fn end(self) -> Installation {
        self.connection.drain().await;
        self.installation
    }

    pub fn github_url(&self) -> String {
        format!("{}/webhooks/github", self.installation.endpoints.api_url)
    }

    pub fn slack_url(&self) -> String {
        format!("{}/webhooks/slack/events", self.installation.endpoints.api_url)
    }

    /// What `stream` got since it was last told of, without telling.
    pub async fn news(&self, stream: &'static str) -> anyhow::Result<Vec<Received>> {
        Ok(self.log.read(stream, ">", self.told.get(stream).copied().unwrap_or(0)).await?)
    }

    /// Waits until `stream` got `count` messages since it was last told of, and tells of all there are.
    pub async fn tell(&mut self, stream: &'static str, count: usize) -> anyhow::Result<Vec<Received>> {
        let news = self
            .until(&format!("{count} new messages in {stream}"), async || {
                let news = self.news(stream).await?;
                Ok((news.len() >= count).then_some(news))
            })
            .await?;
        for received in &news {
            transcript::stored(received);
        }
        self.told.insert(stream, news.last().map_or(0, |received| received.sequence));
        Ok(news)
    }

    /// Waits until `look` finds something.
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
    pub async fn say(&self, message: Value) -> anyhow::Result<Said> {
        let said = self.control.message(&message).await?;
        ensure!(said.acked, "Slack's events {:?} were not acknowledged", said.event_ids);
        Ok(said)
    }

    /// The one answer in a message's thread, once it is there.
    pub async fn answer(&self, said: &Said) -> anyhow::Result<Posted> {
        let replies = self.control.replies(&said.channel, said.thread(), 1, PATIENCE).await?;
        let [answer] = <[Posted; 1]>::try_from(replies).map_err(|all| anyhow::anyhow!("{} answers came", all.len()))?;
        Ok(answer)
    }

    /// Waits until handlers and conversations have nothing left to do.
    pub async fn settled(&self) -> anyhow::Result<()> {
        for (stream, consumer) in
            [("RAW_SLACK", "slack_handler"), ("RAW_GITHUB", "github_handler"), ("EVENTS", "conversations")]
        {
            self.until(&format!("{consumer} to have nothing left"), async || {
                let at = self.log.consumer(stream, consumer).await?;
                Ok((at.pending == 0 && at.unacknowledged == 0).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until the read models hold everything, and returns what they hold.
    pub async fn rows(&self) -> anyhow::Result<BTreeMap<&'static str, Fingerprint>> {
        self.until("the read models to be current", async || {
            let status = self.installation.infragpt(&["projections", "status", "--json"]).await?;
            let lag: u64 = status
                .lines()
                .map(|line| Ok(serde_json::from_str::<Value>(line)?["lag"].as_u64().context("no lag")?))
                .sum::<anyhow::Result<u64>>()?;
            Ok((lag == 0).then_some(()))
        })
        .await?;
        let url = self.installation.endpoints.database_url.clone().into();
        let pool = projections::connect(&url, "infragpt demo")?;
        let rows = projections::fingerprint(&pool).await?;
        pool.close().await;
        Ok(rows)
    }

    /// Starts or ends holding back the consumer that answers, so that a crash can be put exactly before the answer.
    pub async fn hold_answers_back(&self, hold: bool) -> anyhow::Result<()> {
        let until = if hold { "2099-01-01T00:00:00Z" } else { "2000-01-01T00:00:00Z" };
        Ok(self.log.pause("EVENTS", "conversations", until.parse()?).await?)
    }

    /// Makes the sandbox take a Slack call and never answer it.
    pub async fn let_hang(&self, method: &str) -> anyhow::Result<()> {
        self.control.call("fault", &json!({ "method": method, "kind": "hang_after", "times": 1 })).await.map(drop)
    }
}
