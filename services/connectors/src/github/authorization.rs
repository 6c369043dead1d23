//! How an installation of the App is connected: whoever brings its number proves that they can see it on GitHub.
//!
//! A setup address says only a number, which anybody can write into it. So it leads on to GitHub's consent page, and what comes back
//! from there tells which installations that person has.
//!
//! Sources: <https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/about-the-setup-url>,
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app>.

use std::collections::BTreeMap;

use infragpt_events::integration::Account;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use tracing::warn;
use url::Url;

use super::{
    connector::Github,
    installation::{Installation, number},
    rest::{Page, Rest},
};
use crate::{Authorization, Begin, Completion, Failure, Returned};

/// Pages of a hundred installations that are looked through for one.
const MOST_PAGES: usize = 100;

/// <https://docs.github.com/en/rest/apps/installations#list-app-installations-accessible-to-the-user-access-token>
#[derive(Deserialize)]
struct Installations {
    installations: Vec<Installation>,
}

impl Github {
    /// Where the App is installed or, for an installation that is there, where a person proves that it is theirs.
    pub(super) fn page(&self, begin: &Begin) -> Result<Url, Failure> {
        self.app()?;
        self.client()?;
        if let Some(account) = &begin.account {
            number(account).ok_or_else(|| not_a_number(account))?;
            return self.consent_page(&begin.redirect_base);
        }
        let slug = self.configuration.slug.as_ref().ok_or_else(|| {
            Failure::NotConfigured(
                "where the App is installed isn't known: set github.slug to its name in GitHub's addresses".to_owned(),
            )
        })?;
        Ok(self.rest.web(&format!("/apps/{slug}/installations/new"))?)
    }

    fn consent_page(&self, base: &Url) -> Result<Url, Failure> {
        let (client_id, _) = self.client()?;
        let mut url = self.rest.web("/login/oauth/authorize")?;
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &callback(base));
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
            } => match Brought::read(parameters)? {
                Brought::Request => {
                    return Ok(Completion::Waiting(
                        "an owner of the account has to approve the App on GitHub: connect again once they have"
                            .to_owned(),
                    ));
                }
                Brought::Installation(id) => {
                    return Ok(Completion::Redirect {
                        url: self.consent_page(redirect_base)?,
                        account: Some(pinned.clone().unwrap_or_else(|| id.to_string())),
                    });
                }
                Brought::Code { code, installation } => {
                    let pinned = match pinned {
                        Some(account) => Some(number(account).ok_or_else(|| not_a_number(account))?),
                        None => None,
                    };
                    // Where GitHub asked by itself, on installing, there was no address of ours in it.
                    let redirect_uri = installation.is_none().then(|| callback(redirect_base));
                    let wanted = pinned.or(installation);
                    let id = self.prove(code, redirect_uri.as_deref(), wanted).await?;
                    self.authorization(id).await?
                }
            },
            Returned::Account(account) => {
                let id = number(account.trim()).ok_or_else(|| not_a_number(account))?;
                match &self.app {
                    Some(_) => self.authorization(id).await?,
                    None => given(id),
                }
            }
            Returned::Token(_) => {
                return Err(Failure::Refused(
                    "GitHub isn't connected by a token: give the number of an installation, or install the App on GitHub's page"
                        .to_owned(),
                ));
            }
        };
        Ok(Completion::Authorized(Box::new(authorization)))
    }

    /// Which installation it is that the person who got `code` can see.
    async fn prove(&self, code: &str, redirect_uri: Option<&str>, wanted: Option<u64>) -> Result<u64, Failure> {
        let client = self.client()?;
        let token = match self.rest.exchange(client, code, redirect_uri).await? {
            Ok(token) => token,
            Err(word) => return Err(not_exchanged(&word, redirect_uri)),
        };
        let proved = self.choose(&token, wanted).await;
        // It served its one purpose.
        if let Err(refusal) = self.rest.forget(client, &token).await {
            warn!(reason = %refusal, "A person's token for GitHub could not be ended: it ends by itself within eight hours");
        }
        proved
    }

    async fn choose(&self, token: &SecretString, wanted: Option<u64>) -> Result<u64, Failure> {
        let mut url = self.rest.api("/user/installations?per_page=100")?;
        let mut seen: Vec<u64> = Vec::new();
        for _ in 0..MOST_PAGES {
            let call = Rest::call("user_installations", Method::GET, url.clone()).bearer(token);
            let Page { content, next, .. } = self.rest.page::<Installations>(call, &url, None).await?;
            let page = content.map(|content| content.installations).unwrap_or_default();
            seen.extend(page.iter().map(|installation| installation.id));
            if let Some(wanted) = wanted.filter(|wanted| seen.contains(wanted)) {
                return Ok(wanted);
            }
            match next {
                Some(next) => url = next,
                None => break,
            }
        }
        match (wanted, &seen[..]) {
            (Some(wanted), _) => Err(Failure::Refused(format!(
                "{wanted} is not one of the installations that you can access on GitHub"
            ))),
            (None, [only]) => Ok(*only),
            (None, []) => Err(Failure::Refused(
                "you can access no installation of the App on GitHub: install it first".to_owned(),
            )),
            (None, _) => Err(Failure::Refused(
                "you can access several installations of the App on GitHub: start again and say which account, by the number at the \
                 end of the address of its settings"
                    .to_owned(),
            )),
        }
    }

    /// The installation as the App sees it.
    async fn authorization(&self, id: u64) -> Result<Authorization, Failure> {
        let found = self.installation(self.app()?, id).await?;
        let Some(found) = found else {
            return Err(Failure::Refused(format!("the App has no installation {id} on GitHub")));
        };
        if found.suspended_at.is_some() {
            return Err(Failure::Refused(format!(
                "the installation on {} is suspended: let it go on in its settings on GitHub first",
                found.account().name
            )));
        }
        Ok(Authorization {
            account: found.account(),
            bot_user: None,
            scopes: found.scopes(),
            credential: None,
        })
    }

    fn client(&self) -> Result<(&str, &SecretString), Failure> {
        self.configuration.client().ok_or_else(|| {
            Failure::NotConfigured(
                "GitHub's OAuth client isn't configured: set github.client_id and github.client_secret".to_owned(),
            )
        })
    }
}

/// What a browser brought back from GitHub.
enum Brought<'query> {
    /// Somebody else has to approve the installation.
    Request,
    /// Anybody may say this number.
    Installation(u64),
    /// Proof of a person; with an installation, GitHub asked for it on installing.
    Code {
        code: &'query str,
        installation: Option<u64>,
    },
}

impl<'query> Brought<'query> {
    fn read(parameters: &'query BTreeMap<String, String>) -> Result<Self, Failure> {
        let text = |name: &str| parameters.get(name).map(String::as_str).filter(|text| !text.is_empty());
        match text("error") {
            None => {}
            Some("access_denied") => return Err(Failure::Denied("it was not allowed on GitHub".to_owned())),
            Some("redirect_uri_mismatch") => {
                return Err(Failure::NotConfigured(
                    "GitHub doesn't know the address that it sends people back to: add <public URL>/oauth/github/callback to the \
                     App's callback URLs"
                        .to_owned(),
                ));
            }
            Some(word) => {
                let word: String = word.chars().take(64).collect();
                return Err(Failure::Refused(format!(
                    "GitHub's page ended with `{word}`: start again"
                )));
            }
        }
        let installation = match text("installation_id") {
            Some(id) => Some(number(id).ok_or_else(|| not_a_number(id))?),
            None => None,
        };
        match (text("code"), installation, text("setup_action")) {
            (_, None, Some("request")) => Ok(Self::Request),
            (Some(code), installation, _) => Ok(Self::Code { code, installation }),
            (None, Some(id), _) => Ok(Self::Installation(id)),
            (None, None, _) => Err(Failure::Refused(
                "GitHub sent neither a code nor an installation: start again".to_owned(),
            )),
        }
    }
}

/// Where GitHub sends the browser back to after its consent page.
fn callback(base: &Url) -> String {
    format!("{}/oauth/github/callback", base.as_str().trim_end_matches('/'))
}

/// As an operator says it, who answers for it: nobody can be asked.
fn given(id: u64) -> Authorization {
    Authorization {
        account: Account {
            id: id.to_string(),
            name: format!("installation {id}"),
        },
        bot_user: None,
        scopes: Vec::new(),
        credential: None,
    }
}

fn not_a_number(text: &str) -> Failure {
    let text: String = text.chars().take(64).collect();
    Failure::Refused(format!(
        "`{text}` isn't the number of an installation: it has digits only, and ends the address of its settings on GitHub"
    ))
}

fn not_exchanged(word: &str, redirect_uri: Option<&str>) -> Failure {
    match word {
        "bad_verification_code" => {
            Failure::Refused("what GitHub's page gave was used before or is too old: start again".to_owned())
        }
        "incorrect_client_credentials" => Failure::NotConfigured(
            "GitHub doesn't take github.client_id and github.client_secret: compare them with the App's page"
                .to_owned(),
        ),
        "redirect_uri_mismatch" => Failure::NotConfigured(format!(
            "GitHub doesn't know the address that it sends people back to: add {} to the App's callback URLs",
            redirect_uri.unwrap_or("<public URL>/oauth/github/callback")
        )),
        other => {
            let word: String = other.chars().take(64).collect();
            Failure::Refused(format!("GitHub refuses the code ({word}): start again"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(pairs: &[(&str, &str)]) -> Result<String, Failure> {
        let parameters = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Brought::read(&parameters).map(|brought| match brought {
            Brought::Request => "request".to_owned(),
            Brought::Installation(id) => id.to_string(),
            Brought::Code { code, installation } => format!("{code} {installation:?}"),
        })
    }

    #[test]
    fn what_comes_back_is_told_apart() {
        let read = |pairs| brought(pairs).unwrap();
        assert_eq!(read(&[("setup_action", "request")]), "request");
        assert_eq!(read(&[("setup_action", "install"), ("installation_id", "7")]), "7");
        assert_eq!(read(&[("code", "c")]), "c None");
        assert_eq!(read(&[("code", "c"), ("installation_id", "7")]), "c Some(7)");
        for pairs in [
            &[][..],
            &[("code", "")],
            &[("installation_id", "7 or 1=1")],
            &[("error", "server_error"), ("code", "c")],
        ] {
            assert!(matches!(brought(pairs), Err(Failure::Refused(_))), "{pairs:?}");
        }
        assert!(matches!(
            brought(&[("error", "access_denied")]),
            Err(Failure::Denied(_))
        ));
        assert!(matches!(
            brought(&[("error", "redirect_uri_mismatch")]),
            Err(Failure::NotConfigured(_))
        ));
    }
}
