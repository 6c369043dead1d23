//! An installation of the App, as GitHub has it now.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::integration::{Account, Connected};
use reqwest::Method;
use serde::Deserialize;

use super::{
    connector::{App, Github},
    rest::{Refusal, Rest},
};
use crate::Failure;

/// <https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app>
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Installation {
    pub id: u64,
    account: Option<Owner>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    pub suspended_at: Option<DateTime<Utc>>,
}

/// A user or an organization; an enterprise has a slug instead of a login.
#[derive(Clone, Debug, Deserialize)]
struct Owner {
    login: Option<String>,
    slug: Option<String>,
}

impl Installation {
    /// The installation's number under the name of the account that it is on.
    pub fn account(&self) -> Account {
        let owner = self.account.clone();
        let name = owner.and_then(|owner| owner.login.or(owner.slug));
        Account {
            id: self.id.to_string(),
            name: name.unwrap_or_else(|| format!("installation {}", self.id)),
        }
    }

    pub fn scopes(&self) -> Vec<String> {
        scopes(&self.permissions)
    }
}

/// Permissions as `contents:read`, sorted.
pub(super) fn scopes(permissions: &BTreeMap<String, String>) -> Vec<String> {
    permissions
        .iter()
        .map(|(name, access)| format!("{name}:{access}"))
        .collect()
}

/// The number of an installation, if it is one.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_number = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The installation that is connected.
pub(super) fn of(connected: &Connected) -> Result<u64, Failure> {
    number(&connected.account.id).ok_or_else(|| {
        Failure::Refused(format!(
            "`{}` isn't the number of an installation",
            connected.account.id
        ))
    })
}

impl Github {
    /// Reads an installation as the App; `None` where the App isn't installed under this number.
    pub(super) async fn installation(&self, app: &App, id: u64) -> Result<Option<Installation>, Failure> {
        let url = self.rest.api(&format!("/app/installations/{id}"))?;
        let call = Rest::call("installation", Method::GET, url)
            .bearer(&app.application.assertion())
            .of(id.to_string());
        match self.rest.send::<Installation>(&call).await {
            Ok(installation) => Ok(Some(installation)),
            Err(refusal) if refusal.is(404) => {
                // GitHub says the same of an App that it doesn't know.
                self.known_app(app).await?;
                Ok(None)
            }
            Err(refusal) => Err(as_app(refusal)),
        }
    }

    /// <https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app>
    pub(super) async fn known_app(&self, app: &App) -> Result<(), Failure> {
        let call = Rest::call("app", Method::GET, self.rest.api("/app")?).bearer(&app.application.assertion());
        self.rest.tell(&call).await.map_err(|refusal| match refusal {
            Refusal::Status(404, text) => as_app(Refusal::Status(401, text)),
            other => as_app(other),
        })
    }
}

/// A refusal of what the App asks as itself.
pub(super) fn as_app(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Status(401, text) => Failure::Unauthorized(format!(
            "GitHub doesn't take the App's key ({text}): compare github.app_id and github.private_key with the App's page, and this \
             machine's clock with the time"
        )),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_digits_only() {
        assert_eq!(number("4242"), Some(4242));
        for other in [
            "",
            "0",
            "042",
            "+1",
            "-1",
            " 1",
            "1e3",
            "acme",
            "99999999999999999999999",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn an_installation_is_its_number_under_its_accounts_name() {
        let read = |json: serde_json::Value| serde_json::from_value::<Installation>(json).unwrap();
        let organization = read(serde_json::json!({
            "id": 42, "account": {"login": "acme"}, "permissions": {"metadata": "read", "contents": "read"},
        }));
        assert_eq!(organization.account().name, "acme");
        assert_eq!(organization.scopes(), ["contents:read", "metadata:read"]);
        let enterprise = read(serde_json::json!({"id": 42, "account": {"slug": "acme-group"}}));
        assert_eq!(enterprise.account().name, "acme-group");
        assert_eq!(
            read(serde_json::json!({"id": 42, "account": null})).account().name,
            "installation 42"
        );
    }
}
