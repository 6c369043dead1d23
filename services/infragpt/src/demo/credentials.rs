//! What becomes of a credential when its connection ends.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use infragpt_events::{ConnectorKind, OrganizationId, credential::CredentialEvent};
use infragpt_nats::{Connection, Log, decode_event};
use infragpt_vault::{KeyRing, Owner, Purpose, Reader, Vault};
use serde_json::json;

use super::{
    scenario::tell,
    transcript::{done, observed, quoted, step},
};
use crate::{configuration::NatsUser, environment::Observer};

pub(super) async fn play(play: &mut Observer) -> anyhow::Result<()> {
    step("8", "acme disconnects Slack for good, and connects it again");
    // The vault, opened with everything that the installation has: its keys, and the permissions of its role.
    let connection = play.installation.connect(NatsUser::Integrations).await?;
    let sealed = ciphertext(&connection).await?;
    observed(&format!(
        "the credential is {} characters of AES-256-GCM in CREDENTIALS",
        sealed.len()
    ));
    ensure!(open(play, &connection).await.is_ok(), "the vault can't open it");
    observed("with the installation's keys, the vault opens it");

    done("infragpt integrations disconnect slack --organization acme");
    let said = play
        .installation
        .infragpt(&["integrations", "disconnect", "slack", "--organization", "acme"])
        .await?;
    observed(said.trim());
    play.settled().await?;
    tell(play, "EVENTS", 1).await?;
    let state = play.control.call("state", &json!({})).await?;
    ensure!(
        state["slack_tokens"]["active"] == 0,
        "Slack still takes a token: {}",
        state["slack_tokens"]
    );
    observed("Slack takes none of its tokens any more");

    let rebuilt = play.installation.infragpt(&["projections", "rebuild"]).await?;
    done("infragpt projections rebuild");
    quoted(rebuilt.trim_end());
    ensure!(
        ciphertext(&connection).await? == sealed,
        "the log forgot the ciphertext, which it never does"
    );
    let refusal = open(play, &connection)
        .await
        .err()
        .context("the shredded credential was opened")?;
    observed(&format!(
        "the same ciphertext is still in the log, and nobody can open it: {refusal}"
    ));

    done("infragpt integrations connect slack --organization acme");
    let installation = &play.installation;
    let page = installation
        .allow_slack(&installation.initiate("slack", &[]).await?)
        .await?
        .ok()?;
    observed(&format!("maya presses Allow again, and reads: {}", page.text()));
    tell(play, "EVENTS", 5).await?;
    let question = play.say(json!({ "text": "status", "via": "socket" })).await?;
    let answer = play.answer(&question).await?;
    observed("@infragpt status");
    quoted(&answer.markdown());
    play.settled().await?;
    tell(play, "EVENTS", 2).await?;
    connection.drain().await;
    Ok(())
}

fn owner() -> anyhow::Result<Owner> {
    Ok(Owner::new(
        OrganizationId::parse("acme")?,
        ConnectorKind::parse("slack")?,
    ))
}

/// The first credential's ciphertext, as the log has it.
async fn ciphertext(connection: &Connection) -> anyhow::Result<String> {
    let stored = Log::new(connection)
        .read("CREDENTIALS", "events.credential.acme.*.stored", 0)
        .await?;
    let first = stored.first().context("no credential was stored")?;
    match decode_event::<CredentialEvent>(first)?.event {
        CredentialEvent::Stored(stored) => Ok(stored.sealed.ciphertext),
        other => anyhow::bail!("{other:?} is not what was asked for"),
    }
}

/// Tries to open the credential, in a vault that remembers nothing.
async fn open(play: &Observer, connection: &Connection) -> anyhow::Result<()> {
    let keys = play.installation.environment()["INFRAGPT_ENCRYPTION_KEYS"].clone();
    let vault = Vault::new(connection, KeyRing::parse(&keys.into())?, crate::serve::now);
    let reader = Reader {
        actor: "operator:demo".to_owned(),
        correlation: None,
        origin: infragpt_nats::Origin::default(),
    };
    let owner = owner()?;
    let opened = tokio::time::timeout(Duration::from_secs(10), vault.read(&owner, Purpose::Read, &reader));
    opened.await.context("the vault did not answer")??;
    Ok(())
}
