//! The last steps: who may see what over HTTP, and what is left of an organization that is deleted.

use anyhow::{Context as _, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::{
    scenario::tell,
    transcript::{done, observed, quoted, step},
};
use crate::environment::Observer;

pub(super) async fn play(play: &mut Observer) -> anyhow::Result<()> {
    see(play).await?;
    erase(play).await
}

async fn see(play: &mut Observer) -> anyhow::Result<()> {
    step(
        "9",
        "Clerk says who belongs to what; each sees their own organization over HTTP",
    );
    play.sign_up().await?;
    play.settled().await?;
    tell(play, "EVENTS", 8).await?;
    let maya = Caller::new(play, "user_maya", "acme").await?;
    let me = maya.expect(Method::GET, "/me", StatusCode::OK).await?;
    done("curl $API/api/v1/me                       as maya, signed in with Clerk");
    quoted(&me.to_string());
    let changes = maya.expect(Method::GET, "/changes?limit=3", StatusCode::OK).await?;
    done("curl $API/api/v1/changes?limit=3");
    let changes = changes["data"].as_array().context("no list came back")?.clone();
    ensure!(changes.len() == 3, "three changes are there: {changes:?}");
    for change in &changes {
        quoted(&format!("{} {}", change["kind"], change["title"]));
    }
    let audit = maya
        .expect(Method::GET, "/audit?action=credential_read&limit=1", StatusCode::OK)
        .await?;
    done("curl $API/api/v1/audit?action=credential_read&limit=1");
    quoted(&audit["data"][0].to_string());

    let tom = Caller::new(play, "user_tom", "acme").await?;
    tom.expect(Method::DELETE, "/integrations/slack", StatusCode::FORBIDDEN)
        .await?;
    observed("tom, a member of acme, may not disconnect Slack: 403");
    let gus = Caller::new(play, "user_gus", "globex").await?;
    let seen = gus.expect(Method::GET, "/changes", StatusCode::OK).await?;
    ensure!(seen["data"] == json!([]), "globex sees changes of acme's: {seen}");
    let id = changes[0]["id"].as_str().context("a change without an identifier")?;
    gus.expect(Method::GET, &format!("/changes/{id}"), StatusCode::NOT_FOUND)
        .await?;
    observed("gus, who administers globex, sees no changes, and acme's is 404 for him");
    Ok(())
}

async fn erase(play: &mut Observer) -> anyhow::Result<()> {
    step("10", "globex is deleted in Clerk");
    let gus = Caller::new(play, "user_gus", "globex").await?;
    gus.expect(Method::GET, "/me", StatusCode::OK).await?;
    done("clerk_organization {\"action\": \"delete\", \"id\": \"globex\"}");
    play.control
        .call("clerk_organization", &json!({ "action": "delete", "id": "globex" }))
        .await?;
    play.until("gus to be locked out", async || {
        Ok(gus.expect(Method::GET, "/me", StatusCode::FORBIDDEN).await.ok())
    })
    .await?;
    observed("gus' session is as good as before, and lets him in nowhere: 403");
    play.until("globex to be erased", async || {
        let erased = play
            .log
            .read("EVENTS", "events.organization.globex.*.erased", 0)
            .await?;
        Ok((!erased.is_empty()).then_some(()))
    })
    .await?;
    play.settled().await?;
    let left = play.log.read("EVENTS", "events.*.globex.>", 0).await?;
    ensure!(left.len() == 2, "{} events of globex are left", left.len());
    tell(play, "EVENTS", 2).await?;
    observed("these are the last two events of globex, and all that is left of it");
    Ok(())
}

/// Somebody who is signed in with Clerk.
struct Caller {
    url: String,
    token: String,
}

impl Caller {
    async fn new(play: &Observer, user: &str, organization: &str) -> anyhow::Result<Self> {
        let wanted = json!({ "user": user, "organization": organization });
        let session = play.control.call("clerk_session", &wanted).await?;
        Ok(Self {
            url: format!("{}/api/v1", play.installation.endpoints.api_url),
            token: session["token"].as_str().context("no token came back")?.to_owned(),
        })
    }

    async fn expect(&self, method: Method, path: &str, status: StatusCode) -> anyhow::Result<Value> {
        let request = Client::new().request(method, format!("{}{path}", self.url));
        let response = request.bearer_auth(&self.token).send().await?;
        let found = response.status();
        let body = response.text().await?;
        ensure!(found == status, "{path} was answered with {found}: {body}");
        serde_json::from_str(&body).with_context(|| format!("{path} is not JSON: {body}"))
    }
}
