//! Which repositories an installation may see.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use infragpt_events::integration::{Connected, Resource, ResourceKind};
use reqwest::Method;
use serde::Deserialize;
use url::Url;

use super::{
    connector::{App, Github},
    installation,
    rest::{Page, Refusal, Rest},
};
use crate::{Failure, Listing};

/// Pages of a hundred repositories that are read.
const MOST_PAGES: usize = 200;

/// Pages that are remembered, of all installations; an unchanged one costs no part of GitHub's limit.
const MOST_KEPT: usize = 1_000;

/// <https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation>
#[derive(Deserialize)]
struct Repositories {
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    full_name: String,
    html_url: Option<String>,
    #[serde(default)]
    private: bool,
}

/// Pages as they were read last.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<HashMap<(u64, Url), Arc<Kept>>>);

/// A page, and what asks whether it changed.
#[derive(Debug)]
struct Kept {
    tag: Option<String>,
    resources: Vec<Resource>,
    next: Option<Url>,
}

impl Pages {
    fn find(&self, key: &(u64, Url)) -> Option<Arc<Kept>> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(key).cloned()
    }

    fn keep(&self, key: (u64, Url), page: &Arc<Kept>) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MOST_KEPT && !pages.contains_key(&key) {
            pages.clear();
        }
        pages.insert(key, Arc::clone(page));
    }
}

impl Github {
    /// Every repository that the installation may see, archived ones included.
    pub(super) async fn list(&self, connected: &Connected) -> Result<Vec<Listing>, Failure> {
        let (app, id) = (self.app()?, installation::of(connected)?);
        let mut resources = Vec::new();
        let mut url = self.rest.api("/installation/repositories?per_page=100")?;
        for _ in 0..MOST_PAGES {
            let page = self.repositories(app, id, &url).await?;
            resources.extend(page.resources.iter().cloned());
            match &page.next {
                Some(next) => url = next.clone(),
                None => {
                    return Ok(vec![Listing {
                        kind: ResourceKind::Repository,
                        resources,
                    }]);
                }
            }
        }
        Err(Failure::Refused(format!(
            "GitHub lists more repositories than are read: {MOST_PAGES} pages"
        )))
    }

    async fn repositories(&self, app: &App, id: u64, url: &Url) -> Result<Arc<Kept>, Failure> {
        let key = (id, url.clone());
        let known = app.pages.find(&key);
        let tag = known.as_ref().and_then(|known| known.tag.as_deref());
        let read: Page<Repositories> = self.as_installation(app, id, url, tag).await?;
        match (read.content, known) {
            (None, Some(known)) => Ok(known),
            (None, None) => Err(Failure::Unavailable(
                "GitHub says that a list didn't change that it was never asked about".to_owned(),
            )),
            (Some(content), _) => {
                let page = Arc::new(Kept {
                    tag: read.tag,
                    resources: content.repositories.into_iter().map(Resource::from).collect(),
                    next: read.next,
                });
                app.pages.keep(key, &page);
                Ok(page)
            }
        }
    }

    /// Reads a page with the installation's token; a token that GitHub no longer takes is made anew, once.
    async fn as_installation(
        &self,
        app: &App,
        id: u64,
        url: &Url,
        tag: Option<&str>,
    ) -> Result<Page<Repositories>, Failure> {
        let mut again = true;
        loop {
            let token = app.tokens.get(id).await.map_err(unminted)?;
            let call = Rest::call("repositories", Method::GET, url.clone())
                .bearer(&token.token)
                .of(id.to_string());
            match self.rest.page(call, url, tag).await {
                Err(refusal) if refusal.is(401) && again => {
                    app.tokens.refused(id, &token);
                    again = false;
                }
                outcome => return Ok(outcome?),
            }
        }
    }
}

/// Why there is no token for an installation.
pub(super) fn unminted(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Status(404, _) => Failure::Refused("the App isn't installed there any more".to_owned()),
        Refusal::Status(403, text) => Failure::Refused(format!("GitHub gives no token for the installation: {text}")),
        other => installation::as_app(other),
    }
}

impl From<Repository> for Resource {
    fn from(repository: Repository) -> Self {
        Self {
            kind: ResourceKind::Repository,
            id: repository.id.to_string(),
            name: repository.full_name,
            url: repository.html_url,
            private: repository.private,
        }
    }
}
