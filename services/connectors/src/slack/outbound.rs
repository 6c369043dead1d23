//! What goes out to Slack: answers into threads.

mod blocks;
pub(super) mod buttons;
mod markdown;
mod mrkdwn;
mod post;
mod session;

use std::{sync::Arc, time::Duration};

use infragpt_events::OrganizationId;
use infragpt_nats::{Call, ServiceError};
use infragpt_vault::{Error, Opened, Owner, Purpose, Reader, RefreshError, Vault};
use serde_json::Value;

use self::{post::Post, session::Session};
use super::{connector::Slack, credential::Token, interpretation::connector};
use crate::{Connector as _, Operation};

/// The caller waits for 30 seconds.
const LONGEST_POST: Duration = Duration::from_secs(25);

/// What others can ask for.
pub(super) fn operations(slack: &Arc<Slack>, vault: &Vault) -> Vec<Operation> {
    let outbound = Outbound {
        slack: Arc::clone(slack),
        vault: vault.clone(),
    };
    let post = move |call: Call| {
        let outbound = outbound.clone();
        Box::pin(async move { outbound.post(&call).await }) as _
    };
    vec![Operation {
        name: "post",
        description: "Posts an answer into a thread, once",
        run: Arc::new(post),
    }]
}

/// Posts with the token of whoever's answer it is.
#[derive(Clone)]
struct Outbound {
    slack: Arc<Slack>,
    vault: Vault,
}

impl Outbound {
    /// It ends before its caller stops waiting and tries again: two of them at once would both find nothing, and both post.
    async fn post(&self, call: &Call) -> Result<Value, ServiceError> {
        let post: Post = call.json()?;
        let posting = async {
            let mut session = self.session(&post).await?;
            session.post(&post).await
        };
        let posted = tokio::time::timeout(LONGEST_POST, posting)
            .await
            .map_err(|_| ServiceError::new(504, "Slack took too long, and may or may not have the answer"))??;
        serde_json::to_value(posted).map_err(|error| ServiceError::new(500, error.to_string()))
    }

    async fn session(&self, post: &Post) -> Result<Session, ServiceError> {
        let organization =
            OrganizationId::parse(&post.organization).map_err(|error| ServiceError::new(400, error.to_string()))?;
        let owner = Owner::new(organization, connector());
        let reader = Reader {
            actor: "system:conversations".to_owned(),
            correlation: Some(post.answer_id.to_string()),
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
