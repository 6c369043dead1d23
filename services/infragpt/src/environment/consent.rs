//! Connecting the local organization as people do: an operator starts it, somebody allows it on the consent pages.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{Browser, Installation, Page};

impl Installation {
    /// Starts connecting `connector`, and returns the address of its consent page.
    ///
    /// # Errors
    /// When it can't be started.
    pub async fn initiate(&self, connector: &str, more: &[&str]) -> anyhow::Result<String> {
        let organization = self.endpoints.organization_id.as_str();
        let mut arguments = vec!["integrations", "connect", connector, "--organization", organization];
        arguments.extend(["--no-wait", "--json"]);
        arguments.extend(more);
        let started: Value = serde_json::from_str(&self.infragpt(&arguments).await?)?;
        let url = started["url"].as_str().context("no address came back")?;
        Ok(url.to_owned())
    }

    /// Somebody allows Slack on its consent page; returns the page where that ends.
    ///
    /// # Errors
    /// When a page isn't there.
    pub async fn allow_slack(&self, url: &str) -> anyhow::Result<Page> {
        let browser = Browser::new()?;
        let consent = browser.open(url).await?.ok()?;
        browser
            .submit(&consent, &[("decision", "allow"), ("install", "workspace")])
            .await
    }

    /// maya installs the GitHub App for `account`, or says again what it may see, and then shows that it is hers; returns
    /// the page where that ends.
    ///
    /// # Errors
    /// When a page isn't there.
    pub async fn allow_github(&self, url: &str, account: &str) -> anyhow::Result<Page> {
        let browser = Browser::new()?;
        let install = browser.open(url).await?.ok()?;
        let fields = [("login", "maya"), ("account", account), ("selection", "all")];
        let authorize = browser.submit(&install, &fields).await?;
        browser
            .submit(&authorize.ok()?, &[("login", "maya"), ("decision", "authorize")])
            .await
    }

    /// Connects Slack and GitHub for the local organization, unless they are connected and work: the sandbox forgets the
    /// tokens that it issued when it stops.
    ///
    /// # Errors
    /// When one of them can't be connected, with what its page says.
    pub async fn connect_organization(&self) -> anyhow::Result<()> {
        if !self.works("slack").await {
            let page = self.allow_slack(&self.initiate("slack", &[]).await?).await?;
            ensure!(page.status.is_success(), "Slack can't be connected: {}", page.text());
        }
        if !self.works("github").await {
            let page = self.allow_github(&self.initiate("github", &[]).await?, "acme").await?;
            ensure!(page.status.is_success(), "GitHub can't be connected: {}", page.text());
        }
        Ok(())
    }

    /// Whether `connector` is connected and takes the credential.
    async fn works(&self, connector: &str) -> bool {
        let organization = self.endpoints.organization_id.as_str();
        let arguments = ["integrations", "validate", connector, "--organization", organization];
        self.infragpt(&arguments).await.is_ok()
    }
}
