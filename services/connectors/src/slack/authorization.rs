//! How a workspace or an organization is connected, and its token exchanged for the next.
//!
//! Sources: <https://docs.slack.dev/authentication/installing-with-oauth>,
//! <https://docs.slack.dev/authentication/using-token-rotation>, <https://docs.slack.dev/reference/methods/oauth.v2.access>.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::integration::Account;
use infragpt_vault::{Credential, Secret};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{
    connector::Slack,
    credential::Token,
    manifest::{SCOPES, missing, scopes},
    web_api::{self, Caller},
};
use crate::{Authorization, Begin, Completion, Failure, Returned};

/// What Slack gives in exchange for a code or a refresh token.
#[derive(Deserialize)]
struct Access {
    #[serde(rename = "access_token")]
    token: SecretString,
    token_type: String,
    scope: String,
    bot_user_id: String,
    team: Option<Named>,
    enterprise: Option<Named>,
    #[serde(default)]
    is_enterprise_install: bool,
    refresh_token: Option<SecretString>,
    /// Seconds.
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

impl Slack {
    /// Slack's consent page.
    pub(super) fn consent_page(&self, begin: &Begin) -> Result<Url, Failure> {
        let (client_id, _) = self.client()?;
        let configuration = &self.configuration;
        let mut url = Url::parse(&configuration.authorize_url)
            .map_err(|error| Failure::NotConfigured(format!("slack.authorize_url can't be used: {error}")))?;
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("scope", &SCOPES.join(","))
            .append_pair("redirect_uri", &callback(&begin.redirect_base));
        if let Some(team) = &begin.account {
            url.query_pairs_mut().append_pair("team", team);
        }
        Ok(url)
    }

    /// Reads what somebody brought back.
    pub(super) async fn authorize(&self, returned: &Returned) -> Result<Completion, Failure> {
        let authorization = match returned {
            Returned::Redirect {
                parameters,
                redirect_base,
                pinned,
                ..
            } => {
                let authorization = self.redeem(parameters, redirect_base).await?;
                if let Some(wanted) = pinned.as_ref().filter(|wanted| **wanted != authorization.account.id) {
                    return Err(Failure::Refused(format!(
                        "`{wanted}` was to be connected, but Slack was asked for {} (`{}`): start again and choose the right workspace",
                        authorization.account.name, authorization.account.id
                    )));
                }
                authorization
            }
            Returned::Token(token) => self.take(token).await?,
            Returned::Account(_) => {
                return Err(Failure::Refused(
                    "a Slack workspace can't be connected by its name: give a bot token, or allow it on Slack's page"
                        .to_owned(),
                ));
            }
        };
        Ok(Completion::Authorized(Box::new(authorization)))
    }

    /// Exchanges the code that Slack's page gave.
    async fn redeem(&self, parameters: &BTreeMap<String, String>, base: &Url) -> Result<Authorization, Failure> {
        match parameters.get("error").map(String::as_str) {
            None => {}
            Some("access_denied") => return Err(Failure::Denied("it was not allowed in Slack".to_owned())),
            Some(word) => {
                let word: String = word.chars().take(64).collect();
                return Err(Failure::Refused(format!(
                    "Slack's page ended with `{word}`: start again"
                )));
            }
        }
        let Some(code) = parameters.get("code").filter(|code| !code.is_empty()) else {
            return Err(Failure::Refused("Slack sent no code: start again".to_owned()));
        };
        let redirect_uri = callback(base);
        let access: Access = self
            .api
            .exchange(
                self.client()?,
                None,
                [("code", code.as_str()), ("redirect_uri", &redirect_uri)],
            )
            .await
            .map_err(|failure| not_exchanged(failure, &redirect_uri))?;
        let scopes = scopes(&access.scope);
        check_scopes(&scopes)?;
        let name = access.account()?.name.clone();
        let (token, expires_at) = access.into_token((self.clock)())?;
        let account = Account {
            name: name.unwrap_or_else(|| token.account.clone()),
            id: token.account.clone(),
        };
        authorization(account, scopes, &token, expires_at)
    }

    /// Tries a token that an operator has.
    async fn take(&self, token: &SecretString) -> Result<Authorization, Failure> {
        let text = token.expose_secret();
        if text.starts_with("xoxe") {
            return Err(Failure::Refused(
                "this token ends within twelve hours, and nothing gives the next one: allow the connection on Slack's page, \
                 or use an application without token rotation"
                    .to_owned(),
            ));
        }
        if !text.starts_with("xoxb-") || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::Refused(
                "this isn't a bot token: it begins with xoxb- and stands on the application's page under `OAuth & Permissions`"
                    .to_owned(),
            ));
        }
        // Nothing is known of its account yet, and somebody waits: it has no circuit to share.
        let caller = Caller {
            token,
            account: None,
            patience: crate::http::PATIENCE,
        };
        let (identity, allowed) = self.api.identity(caller).await?;
        let scopes = allowed.unwrap_or_default();
        check_scopes(&scopes)?;
        let sealed = Token {
            access: token.clone(),
            refresh: None,
            account: identity.account().to_owned(),
            bot_user: identity.user_id.clone(),
            organization_wide: identity.is_enterprise_install,
        };
        let account = Account {
            name: identity.team.clone().unwrap_or_else(|| sealed.account.clone()),
            id: sealed.account.clone(),
        };
        authorization(account, scopes, &sealed, None)
    }

    /// The next token, for one that ends soon.
    pub(super) async fn rotate(&self, secret: &Secret) -> Result<Credential, Failure> {
        let token = opened(secret)?;
        let Some(refresh) = &token.refresh else {
            return Err(Failure::Refused(
                "there is nothing that gives another token: connect the workspace again".to_owned(),
            ));
        };
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose_secret()),
        ];
        let circuit = format!("{}:refresh", token.account);
        let access: Access = self
            .api
            .exchange(self.client()?, Some(&circuit), fields)
            .await
            .map_err(|failure| not_exchanged(failure, ""))?;
        let (next, expires_at) = access.into_token((self.clock)())?;
        if next.account != token.account {
            return Err(Failure::Refused(format!(
                "Slack gave a token of `{}` for one of `{}`: connect the workspace again",
                next.account, token.account
            )));
        }
        Ok(Credential {
            secret: sealed(&next)?,
            expires_at,
        })
    }

    pub(super) fn client(&self) -> Result<(&str, &SecretString), Failure> {
        self.configuration.client().ok_or_else(|| {
            Failure::NotConfigured(
                "Slack's OAuth client isn't configured: set slack.client_id and slack.client_secret".to_owned(),
            )
        })
    }
}

impl Access {
    /// The organization for an installation on all of it, else the workspace.
    fn account(&self) -> Result<&Named, Failure> {
        let named = if self.is_enterprise_install {
            &self.enterprise
        } else {
            &self.team
        };
        named
            .as_ref()
            .ok_or_else(|| Failure::Unavailable("Slack didn't say which workspace it is".to_owned()))
    }

    fn into_token(self, now: DateTime<Utc>) -> Result<(Token, Option<DateTime<Utc>>), Failure> {
        if self.token_type != "bot" {
            return Err(Failure::Refused(format!(
                "Slack gave a token of type `{}` and not the bot's: start again",
                self.token_type.chars().take(64).collect::<String>()
            )));
        }
        let account = self.account()?.id.clone();
        let expires_at = self
            .expires_in
            .and_then(|seconds| now.checked_add_signed(TimeDelta::try_seconds(seconds)?));
        let token = Token {
            access: self.token,
            refresh: self.refresh_token,
            account,
            bot_user: self.bot_user_id,
            organization_wide: self.is_enterprise_install,
        };
        Ok((token, expires_at))
    }
}

/// Where Slack sends the browser back to.
fn callback(base: &Url) -> String {
    format!("{}/oauth/slack/callback", base.as_str().trim_end_matches('/'))
}

fn authorization(
    account: Account,
    scopes: Vec<String>,
    token: &Token,
    expires_at: Option<DateTime<Utc>>,
) -> Result<Authorization, Failure> {
    Ok(Authorization {
        account,
        bot_user: Some(token.bot_user.clone()),
        scopes,
        credential: Some(Credential {
            secret: sealed(token)?,
            expires_at,
        }),
    })
}

/// What is missing is named by the one who asks, so that nobody has to guess.
fn check_scopes(allowed: &[String]) -> Result<(), Failure> {
    let missing = missing(allowed);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "Slack did not allow {}: add what is missing to the application's bot scopes, and allow all of them",
        missing.join(", ")
    )))
}

fn not_exchanged(failure: web_api::Failure, redirect_uri: &str) -> Failure {
    let web_api::Failure::Refused(word) = &failure else {
        return failure.into();
    };
    match word.as_str() {
        "invalid_code" | "code_already_used" | "code_expired" => Failure::Refused(format!(
            "what Slack's page gave was used before or is too old ({word}): start again"
        )),
        "bad_redirect_uri" => Failure::Refused(format!(
            "Slack doesn't know the address that it sends people back to: add {redirect_uri} to the application's redirect URLs"
        )),
        "invalid_client_id" | "bad_client_secret" | "oauth_authorization_url_mismatch" => {
            Failure::NotConfigured(format!(
                "Slack doesn't take slack.client_id and slack.client_secret ({word}): compare them with the application's page"
            ))
        }
        "invalid_refresh_token" | "token_expired" | "token_revoked" | "account_inactive" => Failure::Refused(format!(
            "Slack gives no new token ({word}): connect the workspace again"
        )),
        _ => failure.into(),
    }
}

pub(super) fn opened(secret: &Secret) -> Result<Token, Failure> {
    Token::open(secret).map_err(|_| {
        Failure::Unauthorized("what is kept isn't a token of Slack: connect the workspace again".to_owned())
    })
}

fn sealed(token: &Token) -> Result<Secret, Failure> {
    token
        .seal()
        .map_err(|_| Failure::Unavailable("the token can't be written as JSON".to_owned()))
}
