use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;

use crate::{clock, configuration::SlackWorkspace};

/// How long an access token lives when tokens rotate, in seconds; <https://docs.slack.dev/authentication/using-token-rotation>.
pub(super) const ACCESS_SECONDS: i64 = 43_200;
/// How long a code lives, in seconds; <https://docs.slack.dev/authentication/installing-with-oauth>.
const CODE_SECONDS: i64 = 600;

/// What an app is installed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Install {
    /// One workspace.
    Workspace,
    /// Every workspace of an organization.
    Organization,
}

/// What a bot token may do, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) install: Install,
    pub(crate) scopes: Vec<String>,
    /// The workspace, where it isn't the one that is configured.
    pub(crate) team: Option<String>,
}

impl Access {
    /// Whether it includes this scope.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|it| it == scope)
    }
}

/// A pair of tokens that was just issued.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access: Access,
    pub(super) access_token: String,
    /// Absent when tokens do not rotate.
    pub(super) refresh_token: Option<String>,
}

#[derive(Debug)]
struct Token {
    access: Access,
    /// Seconds since the epoch.
    expires: Option<i64>,
    /// Slack's word for why it ended before.
    ended: Option<&'static str>,
    /// It was there from the start, and a new installation brings it back.
    configured: bool,
}

#[derive(Debug)]
struct Code {
    access: Access,
    redirect_uri: Option<String>,
    expires: i64,
    used: bool,
}

#[derive(Debug, Default)]
struct Kept {
    tokens: HashMap<String, Token>,
    refresh: HashMap<String, Access>,
    codes: HashMap<String, Code>,
    /// The app is installed on the whole organization.
    organization: bool,
    /// All that the next consent grants.
    next_scopes: Option<Vec<String>>,
}

/// The bot tokens of the workspace: the configured one and those that consents led to.
///
/// Every function that depends on the time is told it, in seconds since the epoch.
#[derive(Debug)]
pub(crate) struct Tokens(Mutex<Kept>);

impl Tokens {
    pub(crate) fn new(slack: &SlackWorkspace) -> Self {
        let configured = Token {
            access: Access {
                install: Install::Workspace,
                scopes: all_scopes(),
                team: None,
            },
            expires: None,
            ended: None,
            configured: true,
        };
        Self(Mutex::new(Kept {
            tokens: HashMap::from([(slack.bot_token.clone(), configured)]),
            ..Kept::default()
        }))
    }

    /// Somebody allows the app in; returns the code that the app exchanges.
    pub(super) fn consent(&self, install: Install, asked: &[String], redirect_uri: Option<String>, now: i64) -> String {
        let mut kept = self.lock();
        let granted = kept.next_scopes.take();
        let is_granted = |scope: &&String| granted.as_ref().is_none_or(|granted| granted.contains(scope));
        let scopes = asked.iter().filter(is_granted).cloned().collect();
        kept.organization |= install == Install::Organization;
        kept.revive();
        let code = format!("1111.2222.{}", hex::encode(clock::random()));
        let entry = Code {
            access: Access {
                install,
                scopes,
                team: None,
            },
            redirect_uri,
            expires: now + CODE_SECONDS,
            used: false,
        };
        kept.codes.insert(code.clone(), entry);
        code
    }

    /// Lets the app into one more workspace; returns the bot token.
    pub(crate) fn install_in(&self, team: &str, now: i64) -> String {
        let access = Access {
            install: Install::Workspace,
            scopes: all_scopes(),
            team: Some(team.to_owned()),
        };
        self.lock().issue(access, false, now).access_token
    }

    /// Exchanges a code, once.
    ///
    /// # Errors
    ///
    /// Slack's words: `invalid_code`, `code_already_used`, `bad_redirect_uri`.
    pub(super) fn exchange(
        &self,
        code: &str,
        redirect_uri: Option<&str>,
        rotates: bool,
        now: i64,
    ) -> Result<Issued, &'static str> {
        let mut kept = self.lock();
        let found = kept.codes.get_mut(code).ok_or("invalid_code")?;
        if found.used {
            return Err("code_already_used");
        }
        if found.expires <= now {
            return Err("invalid_code");
        }
        if found.redirect_uri.is_some() && found.redirect_uri.as_deref() != redirect_uri {
            return Err("bad_redirect_uri");
        }
        found.used = true;
        let access = found.access.clone();
        Ok(kept.issue(access, rotates, now))
    }

    /// Exchanges a refresh token, once; access tokens from before live on until they expire.
    ///
    /// # Errors
    ///
    /// `invalid_refresh_token` for one that is unknown or was used.
    pub(super) fn refresh(&self, token: &str, now: i64) -> Result<Issued, &'static str> {
        let mut kept = self.lock();
        let access = kept.refresh.remove(token).ok_or("invalid_refresh_token")?;
        Ok(kept.issue(access, true, now))
    }

    /// What a token may do now.
    ///
    /// # Errors
    ///
    /// Slack's words: `invalid_auth`, `token_revoked`, `account_inactive`, `token_expired`.
    pub(super) fn find(&self, token: &str, now: i64) -> Result<Access, &'static str> {
        let kept = self.lock();
        let found = kept.tokens.get(token).ok_or("invalid_auth")?;
        match found.refusal(now) {
            Some(word) => Err(word),
            None => Ok(found.access.clone()),
        }
    }

    /// Ends one access token.
    pub(super) fn revoke(&self, token: &str) {
        if let Some(token) = self.lock().tokens.get_mut(token) {
            token.ended.get_or_insert("token_revoked");
        }
    }

    /// Ends everything that one kind of installation led to, or all.
    pub(crate) fn uninstall(&self, install: Option<Install>) {
        let mut kept = self.lock();
        let stays = |it: &Access| install.is_some_and(|install| install != it.install);
        for token in kept.tokens.values_mut().filter(|token| !stays(&token.access)) {
            token.ended.get_or_insert("account_inactive");
        }
        kept.refresh.retain(|_, access| stays(access));
        kept.codes.retain(|_, code| stays(&code.access));
        if install != Some(Install::Workspace) {
            kept.organization = false;
        }
    }

    /// Lets all issued access tokens expire; returns how many were alive.
    pub(crate) fn expire(&self, now: i64) -> usize {
        let mut kept = self.lock();
        let alive = kept.tokens.values_mut();
        alive
            .filter(|token| !token.configured && token.refusal(now).is_none())
            .map(|token| token.expires = Some(now))
            .count()
    }

    /// Says all that the next consent grants, whatever it is asked for.
    pub(crate) fn grant_next(&self, scopes: Vec<String>) {
        self.lock().next_scopes = Some(scopes);
    }

    /// What events belong to: the organization's installation, if there is one.
    pub(crate) fn install(&self) -> Install {
        if self.lock().organization {
            Install::Organization
        } else {
            Install::Workspace
        }
    }

    /// How many access tokens were issued, and how many of those work now.
    pub(crate) fn counts(&self, now: i64) -> (usize, usize) {
        let kept = self.lock();
        let issued = || kept.tokens.values().filter(|token| !token.configured);
        (
            issued().count(),
            issued().filter(|token| token.refusal(now).is_none()).count(),
        )
    }

    /// Installs the app again as it was from the start; issued tokens stay as they are.
    pub(crate) fn reset(&self) {
        let mut kept = self.lock();
        kept.next_scopes = None;
        kept.revive();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn all_scopes() -> Vec<String> {
    super::scope::ALL.iter().map(|&scope| scope.to_owned()).collect()
}

impl Token {
    fn refusal(&self, now: i64) -> Option<&'static str> {
        let expired = self.expires.is_some_and(|expires| expires <= now);
        self.ended.or(expired.then_some("token_expired"))
    }
}

impl Kept {
    fn revive(&mut self) {
        for token in self.tokens.values_mut().filter(|token| token.configured) {
            token.ended = None;
        }
    }

    fn issue(&mut self, access: Access, rotates: bool, now: i64) -> Issued {
        let secret = || hex::encode(clock::random());
        let (prefix, refresh_token) = if rotates {
            ("xoxe.xoxb-1-", Some(format!("xoxe-1-{}", secret())))
        } else {
            ("xoxb-", None)
        };
        let access_token = format!("{prefix}{}", secret());
        let token = Token {
            access: access.clone(),
            expires: rotates.then_some(now + ACCESS_SECONDS),
            ended: None,
            configured: false,
        };
        self.tokens.insert(access_token.clone(), token);
        if let Some(refresh_token) = &refresh_token {
            self.refresh.insert(refresh_token.clone(), access.clone());
        }
        Issued {
            access,
            access_token,
            refresh_token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::new(&SlackWorkspace::default())
    }

    #[test]
    fn a_code_lives_ten_minutes_and_works_once() {
        let tokens = tokens();
        let code = || tokens.consent(Install::Workspace, &["chat:write".into()], None, 1000);
        let (late, early) = (code(), code());
        let refused = |code: &str, now: i64| tokens.exchange(code, None, true, now).unwrap_err();
        assert_eq!(refused(&late, 1600), "invalid_code");
        assert!(tokens.exchange(&early, None, true, 1599).is_ok());
        assert_eq!(refused(&early, 1599), "code_already_used");
        assert_eq!(refused("other", 1000), "invalid_code");
    }

    #[test]
    fn a_refresh_leaves_the_token_before_until_it_expires() {
        let tokens = tokens();
        let code = tokens.consent(Install::Organization, &["chat:write".into()], None, 0);
        let first = tokens.exchange(&code, None, true, 0).unwrap();
        let refresh = first.refresh_token.unwrap();
        let second = tokens.refresh(&refresh, 40_000).unwrap();
        assert_eq!(tokens.refresh(&refresh, 40_000).unwrap_err(), "invalid_refresh_token");
        assert_eq!(tokens.find(&first.access_token, 43_199), Ok(second.access.clone()));
        assert_eq!(tokens.find(&first.access_token, 43_200), Err("token_expired"));
        assert_eq!(tokens.find(&second.access_token, 43_200), Ok(second.access));
        assert_eq!(tokens.counts(43_200), (2, 1));
    }

    #[test]
    fn an_uninstallation_ends_what_belongs_to_it() {
        let tokens = tokens();
        let issue = |install| {
            let code = tokens.consent(install, &["chat:write".into()], None, 0);
            tokens.exchange(&code, None, false, 0).unwrap().access_token
        };
        let (workspace, organization) = (issue(Install::Workspace), issue(Install::Organization));
        tokens.uninstall(Some(Install::Organization));
        assert_eq!(tokens.find(&organization, 0), Err("account_inactive"));
        assert!(tokens.find(&workspace, 0).is_ok() && tokens.find("xoxb-sandbox", 0).is_ok());
        tokens.uninstall(None);
        assert_eq!(tokens.find("xoxb-sandbox", 0), Err("account_inactive"));
        tokens.reset();
        assert!(tokens.find("xoxb-sandbox", 0).is_ok());
        assert_eq!(tokens.find(&workspace, 0), Err("account_inactive"));
    }
}
