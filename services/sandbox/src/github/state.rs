use std::sync::{Mutex, PoisonError};

use reqwest::Url;

use super::{delivery::Deliveries, installation::Installations, limit::Limits, runs::Runs, token::Tokens};
use crate::{configuration::GithubInstallation, redirect};

/// The part of the App's settings that can change while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) setup_url: Option<String>,
    pub(crate) callback_urls: Vec<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) request_oauth_on_install: bool,
    /// What the App may do with Actions: `write`, `read` or `none`.
    pub(crate) actions: String,
}

impl Settings {
    fn new(github: &GithubInstallation) -> Self {
        Self {
            setup_url: github.setup_url.clone(),
            callback_urls: github.callback_urls.clone(),
            webhook_url: github.webhook_url.clone(),
            request_oauth_on_install: github.request_oauth_on_install,
            actions: "write".to_owned(),
        }
    }

    /// The callback to use when none is named.
    pub(super) fn first_callback(&self) -> Option<Url> {
        self.callback_urls.first().and_then(|url| Url::parse(url).ok())
    }

    /// Whether an authorization may lead there.
    pub(super) fn allows(&self, url: &Url) -> bool {
        if self.callback_urls.is_empty() {
            return redirect::is_loopback(url);
        }
        let configured = self.callback_urls.iter().filter_map(|it| Url::parse(it).ok());
        configured.into_iter().any(|it| it == *url)
    }
}

/// Everything that GitHub knows of the App.
#[derive(Debug)]
pub(crate) struct Github {
    pub(crate) installations: Installations,
    pub(crate) tokens: Tokens,
    pub(crate) limits: Limits,
    pub(crate) deliveries: Deliveries,
    pub(crate) runs: Runs,
    settings: Mutex<Settings>,
}

impl Github {
    pub(crate) fn new(github: &GithubInstallation) -> Self {
        Self {
            installations: Installations::new(github),
            tokens: Tokens::default(),
            limits: Limits::default(),
            deliveries: Deliveries::default(),
            runs: Runs::default(),
            settings: Mutex::new(Settings::new(github)),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything as it was from the start; tokens stay.
    pub(crate) fn reset(&self, github: &GithubInstallation) {
        self.installations.reset(github);
        self.limits.clear();
        self.deliveries.clear();
        self.runs.clear();
        self.change_settings(|settings| *settings = Settings::new(github));
    }
}
