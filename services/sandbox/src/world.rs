use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clerk::Clerk,
    clock::Clock,
    configuration::Configuration,
    fault::Faults,
    github::Github,
    journal::Journal,
    slack::{self, Hub, Messages, Surface},
};

/// Everything that the doors of one sandbox share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) configuration: Configuration,
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) messages: Messages,
    pub(crate) hub: Hub,
    pub(crate) surface: Surface,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) github: Github,
    pub(crate) clerk: Clerk,
    pub(crate) slack_tokens: slack::Tokens,
    pub(crate) http: reqwest::Client,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Where Slack sends what it sends over HTTP once `url_verification` succeeded.
    request_urls: Mutex<Option<RequestUrls>>,
}

/// The addresses that an app enters in its settings.
#[derive(Clone, Debug)]
pub(crate) struct RequestUrls {
    /// Takes events, and was verified.
    pub(crate) events: String,
    /// Takes slash commands.
    pub(crate) commands: String,
    /// Takes what people do with buttons and modals.
    pub(crate) interactivity: String,
}

/// The state that axum hands to every handler.
pub(crate) type Shared = Arc<World>;

impl World {
    pub(crate) fn new(
        configuration: Configuration,
        url: String,
        messages: Messages,
        clerk: Clerk,
        http: reqwest::Client,
    ) -> Self {
        let clock = Clock::default();
        if let Some(ts) = messages.latest() {
            clock.after(&ts);
        }
        let github = Github::new(&configuration.github);
        let slack_tokens = slack::Tokens::new(&configuration.slack);
        Self {
            hub: Hub::new(configuration.slack.app_id.clone()),
            configuration,
            url,
            clock,
            messages,
            surface: Surface::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            github,
            clerk,
            slack_tokens,
            http,
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            request_urls: Mutex::default(),
        }
    }

    /// Where events go over HTTP.
    pub(crate) fn request_url(&self) -> Option<String> {
        self.request_urls().map(|urls| urls.events)
    }

    pub(crate) fn request_urls(&self) -> Option<RequestUrls> {
        self.request_urls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_request_urls(&self, urls: Option<RequestUrls>) {
        *self.request_urls.lock().unwrap_or_else(PoisonError::into_inner) = urls;
    }

    /// Forgets what happened; connections, issued tokens and configuration stay.
    pub(crate) fn reset(&self) {
        self.messages.clear();
        self.surface.clear();
        self.faults.clear();
        self.journal.clear();
        self.set_request_urls(None);
        self.slack_tokens.reset();
        self.github.reset(&self.configuration.github);
        self.clerk.reset(&self.configuration.clerk);
    }

    /// The name of the user as which the GitHub App does what it does by itself.
    pub(crate) fn bot_login(&self) -> String {
        format!("{}[bot]", self.configuration.github.slug)
    }
}
