use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::clock;

/// How long an installation token lives, in seconds.
pub(super) const INSTALLATION_SECONDS: i64 = 3600;
/// How long a person's token lives, in seconds;
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens>.
pub(super) const PERSON_SECONDS: i64 = 28_800;
/// How long a refresh token lives, in seconds.
pub(super) const REFRESH_SECONDS: i64 = 15_897_600;
/// How long a code lives, in seconds.
const CODE_SECONDS: i64 = 600;

/// What an installation token is good for.
#[derive(Clone, Debug)]
pub(super) struct InstallationToken {
    pub(super) installation: u64,
    /// Numbers of the repositories that it is narrowed to.
    pub(super) repositories: Option<Vec<u64>>,
    expires: i64,
}

/// A pair of tokens that stand for a person.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
}

#[derive(Debug)]
struct Code {
    person: String,
    redirect_uri: String,
    /// SHA-256 of the verifier that has to come with the code, in base64url.
    challenge: Option<String>,
    expires: i64,
}

#[derive(Debug, Default)]
struct Kept {
    installations: HashMap<String, InstallationToken>,
    /// Login and expiry.
    people: HashMap<String, (String, i64)>,
    refresh: HashMap<String, (String, i64)>,
    codes: HashMap<String, Code>,
}

/// The tokens that GitHub issued for the App.
///
/// Every function that depends on the time is told it, in seconds since the epoch.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Kept>);

impl Tokens {
    pub(super) fn issue(&self, installation: u64, repositories: Option<Vec<u64>>, now: i64) -> String {
        let token = secret("ghs_sandbox");
        let entry = InstallationToken {
            installation,
            repositories,
            expires: now + INSTALLATION_SECONDS,
        };
        self.lock().installations.insert(token.clone(), entry);
        token
    }

    pub(super) fn installation(&self, token: &str, now: i64) -> Option<InstallationToken> {
        let kept = self.lock();
        kept.installations.get(token).filter(|it| it.expires > now).cloned()
    }

    pub(super) fn revoke_installation(&self, token: &str) {
        self.lock().installations.remove(token);
    }

    /// A code for what a person allowed.
    pub(super) fn code(&self, person: &str, redirect_uri: &str, challenge: Option<String>, now: i64) -> String {
        let code = hex::encode(&clock::random()[..10]);
        let entry = Code {
            person: person.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge,
            expires: now + CODE_SECONDS,
        };
        self.lock().codes.insert(code.clone(), entry);
        code
    }

    /// Exchanges a code, once.
    ///
    /// # Errors
    ///
    /// GitHub's words: `bad_verification_code`, `redirect_uri_mismatch`.
    pub(super) fn exchange(
        &self,
        code: &str,
        redirect_uri: Option<&str>,
        verified: Option<&str>,
        now: i64,
    ) -> Result<Issued, &'static str> {
        let mut kept = self.lock();
        let found = kept.codes.get(code).filter(|it| it.expires > now);
        let found = found.ok_or("bad_verification_code")?;
        if redirect_uri.is_some_and(|uri| uri != found.redirect_uri) {
            return Err("redirect_uri_mismatch");
        }
        if found.challenge.is_some() && found.challenge.as_deref() != verified {
            return Err("bad_verification_code");
        }
        let person = found.person.clone();
        kept.codes.remove(code);
        Ok(kept.issue(person, now))
    }

    /// Exchanges a refresh token, once; the pair that it belongs to ends.
    pub(super) fn refresh(&self, token: &str, now: i64) -> Option<Issued> {
        let mut kept = self.lock();
        let (person, _) = kept.refresh.remove(token).filter(|(_, expires)| *expires > now)?;
        Some(kept.issue(person, now))
    }

    /// The person that a token stands for.
    pub(super) fn person(&self, token: &str, now: i64) -> Option<String> {
        let kept = self.lock();
        let (person, _) = kept.people.get(token).filter(|(_, expires)| *expires > now)?;
        Some(person.clone())
    }

    /// Ends a person's token; says whether there was one.
    pub(super) fn revoke_person(&self, token: &str) -> bool {
        self.lock().people.remove(token).is_some()
    }

    /// Lets all tokens of installations and people expire; returns how many were alive.
    pub(crate) fn expire(&self, now: i64) -> usize {
        let mut kept = self.lock();
        let installations = kept.installations.values_mut().map(|it| &mut it.expires);
        let mut count = installations
            .filter(|expires| **expires > now)
            .map(|it| *it = now)
            .count();
        let people = kept.people.values_mut().map(|(_, expires)| expires);
        count += people.filter(|expires| **expires > now).map(|it| *it = now).count();
        count
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn issue(&mut self, person: String, now: i64) -> Issued {
        let issued = Issued {
            access_token: secret("ghu_sandbox"),
            refresh_token: secret("ghr_sandbox"),
        };
        let access = (person.clone(), now + PERSON_SECONDS);
        self.people.insert(issued.access_token.clone(), access);
        let refresh = (person, now + REFRESH_SECONDS);
        self.refresh.insert(issued.refresh_token.clone(), refresh);
        issued
    }
}

fn secret(prefix: &str) -> String {
    format!("{prefix}{}", hex::encode(clock::random()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_lives_ten_minutes_and_works_once() {
        let tokens = Tokens::default();
        let code = tokens.code("maya", "http://localhost/", None, 1000);
        let exchange = |uri, now| tokens.exchange(&code, uri, None, now);
        assert_eq!(exchange(None, 1600).unwrap_err(), "bad_verification_code");
        assert_eq!(
            exchange(Some("http://localhost/x"), 1599).unwrap_err(),
            "redirect_uri_mismatch"
        );
        let issued = exchange(Some("http://localhost/"), 1599).unwrap();
        assert_eq!(exchange(None, 1599).unwrap_err(), "bad_verification_code");
        let (last, after) = (1599 + PERSON_SECONDS - 1, 1599 + PERSON_SECONDS);
        assert_eq!(tokens.person(&issued.access_token, last).as_deref(), Some("maya"));
        assert_eq!(tokens.person(&issued.access_token, after), None);
        assert!(tokens.refresh(&issued.refresh_token, after).is_some());
        assert!(tokens.refresh(&issued.refresh_token, after).is_none());
    }

    #[test]
    fn a_code_with_a_challenge_needs_its_verifier() {
        let tokens = Tokens::default();
        let code = tokens.code("tom", "http://localhost/", Some("hash".into()), 0);
        for verified in [None, Some("other")] {
            let refused = tokens.exchange(&code, None, verified, 1).unwrap_err();
            assert_eq!(refused, "bad_verification_code");
        }
        assert!(tokens.exchange(&code, None, Some("hash"), 1).is_ok());
    }

    #[test]
    fn an_installation_token_lives_one_hour() {
        let tokens = Tokens::default();
        let token = tokens.issue(4242, None, 0);
        assert!(tokens.installation(&token, 3599).is_some());
        assert!(tokens.installation(&token, 3600).is_none());
        assert_eq!(tokens.expire(100), 1);
        assert!(tokens.installation(&token, 100).is_none());
    }
}
