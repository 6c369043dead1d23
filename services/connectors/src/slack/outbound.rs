//! What goes out to Slack: answers into threads.

mod answer;
mod beginning;
mod blocks;
pub(super) mod buttons;
mod change;
mod draft;
mod file;
mod markdown;
mod mrkdwn;
mod note;
mod post;
mod proposal;
mod session;
mod standing;
mod status;
mod surface;
mod whisper;

use std::{sync::Arc, time::Duration};

use infragpt_events::OrganizationId;
use infragpt_nats::{Call, ServiceError};
use infragpt_vault::{Error, Opened, Owner, Purpose, Reader, RefreshError, Vault};
use serde::Deserialize;

use self::session::Session;
use super::{connector::Slack, credential::Token, interpretation::connector};
use crate::{Connector as _, Operation};

/// The caller waits for 30 seconds.
const LONGEST_OPERATION: Duration = Duration::from_secs(25);

/// An operation: the request is what `Session::$method` takes. It ends before its caller stops waiting and tries again: two of
/// them at once would both find nothing, and both post.
macro_rules! operation {
    ($outbound:ident.$method:ident, $description:literal) => {{
        let outbound = $outbound.clone();
        Operation {
            name: stringify!($method),
            description: $description,
            run: Arc::new(move |call: Call| {
                let outbound = outbound.clone();
                Box::pin(async move {
                    let (about, request) = (call.json::<About>()?, call.json()?);
                    let speaking = async {
                        let mut session = outbound.session(&about).await?;
                        session.check_account(&about.account)?;
                        session.$method(&request).await
                    };
                    let spoken = tokio::time::timeout(LONGEST_OPERATION, speaking).await.map_err(|_| {
                        ServiceError::new(504, "Slack took too long, and may or may not have done it")
                    })??;
                    serde_json::to_value(spoken).map_err(|error| ServiceError::new(500, error.to_string()))
                }) as _
            }),
        }
    }};
}

/// What others can ask for.
pub(super) fn operations(slack: &Arc<Slack>, vault: &Vault) -> Vec<Operation> {
    let outbound = Outbound {
        slack: Arc::clone(slack),
        vault: vault.clone(),
    };
    vec![
        operation!(outbound.post, "Posts an answer into a thread, once"),
        operation!(outbound.draft, "Shows the beginning of an answer"),
        operation!(outbound.status, "Shows that a question is worked on"),
        operation!(outbound.say, "Posts a note into a thread, once"),
        operation!(outbound.tell, "Shows a note to one person"),
        operation!(outbound.propose, "Asks in a thread whether something may happen, once"),
        operation!(outbound.decided, "Says what came of something that was asked about"),
        operation!(outbound.home, "Shows the application's page to one person"),
        operation!(outbound.prompts, "Shows what can be asked in a new thread"),
    ]
}

/// Whose chat something is to be done in, in every request.
#[derive(Debug, Deserialize)]
struct About {
    organization: String,
    account: String,
    /// The answer that it is for, where it is for one.
    answer_id: Option<String>,
}

/// Speaks with the token of whoever's chat it is.
#[derive(Clone)]
struct Outbound {
    slack: Arc<Slack>,
    vault: Vault,
}

impl Outbound {
    async fn session(&self, about: &About) -> Result<Session, ServiceError> {
        let organization =
            OrganizationId::parse(&about.organization).map_err(|error| ServiceError::new(400, error.to_string()))?;
        let owner = Owner::new(organization, connector());
        let reader = Reader {
            actor: "system:conversations".to_owned(),
            correlation: about.answer_id.clone(),
            origin: infragpt_nats::Origin::default(),
        };
        let slack = Arc::clone(&self.slack);
        let refresh = move |secret| async move { slack.refresh(&secret).await.map_err(RefreshError::from) };
        let opened = self.vault.fresh(&owner, Purpose::Post, &reader, refresh).await;
        let opened = opened.map_err(|error| unopened(&owner, &error))?;
        let token = token(&opened)?;
        let outbound = self.clone();
        let renew = move || Box::pin(async move { outbound.another(&owner, &reader, &opened).await }) as _;
        Ok(Session::new(self.slack.api.clone(), token, Box::new(renew)))
    }

    /// Another token than `seen`, which Slack has just refused: one that another copy of this role has, else a new one.
    async fn another(&self, owner: &Owner, reader: &Reader, seen: &Opened) -> Result<Token, ServiceError> {
        self.vault.invalidate(owner);
        let mut newest = self
            .vault
            .read(owner, Purpose::Post, reader)
            .await
            .map_err(|error| unopened(owner, &error))?;
        let is_seen = |opened: &Opened| opened.generation == seen.generation && opened.version == seen.version;
        if is_seen(&newest) && token(&newest)?.refresh.is_some() {
            let slack = Arc::clone(&self.slack);
            let refresh = move |secret| async move { slack.refresh(&secret).await.map_err(RefreshError::from) };
            newest = self
                .vault
                .refresh_now(owner, Purpose::Post, reader, seen.version, refresh)
                .await
                .map_err(|error| unopened(owner, &error))?;
        }
        if is_seen(&newest) {
            return Err(ServiceError::new(
                401,
                "there is no newer token: connect the workspace again",
            ));
        }
        token(&newest)
    }
}

fn token(opened: &Opened) -> Result<Token, ServiceError> {
    Token::open(&opened.credential)
        .map_err(|_| ServiceError::new(401, "what is kept isn't a token of Slack: connect the workspace again"))
}

/// What a caller can do about a token that can't be had.
fn unopened(owner: &Owner, error: &Error) -> ServiceError {
    let text = match error {
        Error::Refresh(refresh) => refresh.to_string(),
        other => other.to_string(),
    };
    match error {
        Error::NotStored | Error::Shredded => ServiceError::new(
            404,
            format!("Slack isn't connected for organization `{}`", owner.organization),
        ),
        Error::Refresh(RefreshError::Refused(_)) | Error::Unreadable | Error::KeyMissing { .. } => {
            ServiceError::new(401, text)
        }
        Error::Refresh(RefreshError::Unavailable(_)) => ServiceError::new(503, text),
        Error::Store(_) | Error::Keys(_) | Error::Contended | Error::Random => {
            tracing::error!(
                organization.id = %owner.organization,
                error = error as &dyn std::error::Error,
                "A token for Slack can't be opened"
            );
            ServiceError::new(503, text)
        }
    }
}

#[cfg(test)]
mod tests;
