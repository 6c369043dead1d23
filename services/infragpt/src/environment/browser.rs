//! A person's browser, as far as consent pages need one: it opens pages, fills forms in and follows redirects.

use anyhow::{Context as _, bail, ensure};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use url::Url;

/// The most redirects that are followed one after another.
const MOST_REDIRECTS: usize = 10;

/// A browser.
#[derive(Debug, Clone)]
pub struct Browser {
    client: Client,
    /// Where somebody is signed in, and the session.
    session: Option<(Url, String)>,
}

/// What the browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// Its HTTP status.
    pub status: StatusCode,
    /// Its HTML.
    pub html: String,
}

impl Browser {
    /// A browser that was nowhere yet.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::builder().redirect(Policy::none()).no_proxy().build()?,
            session: None,
        })
    }

    /// Signs in at `origin` with a session token: the cookie goes there and nowhere else.
    ///
    /// # Errors
    /// When `origin` is no address.
    pub fn sign_in(&mut self, origin: &str, token: &str) -> anyhow::Result<()> {
        self.session = Some((Url::parse(origin)?, token.to_owned()));
        Ok(())
    }

    /// Opens an address and follows redirects to a page.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn open(&self, url: &str) -> anyhow::Result<Page> {
        let request = self.with_session(self.client.get(url), &Url::parse(url)?);
        let response = request.send().await.context("the page can't be opened")?;
        self.follow(response).await
    }

    /// Fills the first form of a page in and sends it; `fields` win over what the form says by itself.
    ///
    /// # Errors
    /// When there is no form, or nobody answers.
    pub async fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let form = page
            .html
            .split_once("<form")
            .and_then(|(_, rest)| rest.split_once("</form>"))
            .map(|(form, _)| form)
            .with_context(|| format!("{} has no form: {}", page.url.path(), page.text()))?;
        let (opening, inside) = form.split_once('>').context("the form's tag doesn't end")?;
        let action = attribute(opening, "action").unwrap_or_default();
        let target = if action.is_empty() {
            page.url.clone()
        } else {
            page.url.join(&action)?
        };
        let mut sent: Vec<(String, String)> = Vec::new();
        for input in inside.split("<input").skip(1) {
            let tag = input.split('>').next().unwrap_or_default();
            let (name, value) = (attribute(tag, "name"), attribute(tag, "value"));
            if attribute(tag, "type").as_deref() == Some("hidden")
                && let Some(name) = name.filter(|name| fields.iter().all(|(given, _)| given != name))
            {
                sent.push((name, value.unwrap_or_default()));
            }
        }
        sent.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let response = self.client.post(target).form(&sent).send().await;
        self.follow(response.context("the form can't be sent")?).await
    }

    async fn follow(&self, mut response: Response) -> anyhow::Result<Page> {
        for _ in 0..MOST_REDIRECTS {
            let url = response.url().clone();
            if !response.status().is_redirection() {
                return Ok(Page {
                    url,
                    status: response.status(),
                    html: response.text().await?,
                });
            }
            let location = response.headers().get(header::LOCATION);
            let location = location.context("a redirect without an address")?.to_str()?;
            let next = url.join(location)?;
            let request = self.with_session(self.client.get(next.clone()), &next);
            response = request.send().await.context("a redirect leads nowhere")?;
        }
        bail!("more than {MOST_REDIRECTS} redirects")
    }

    fn with_session(&self, request: RequestBuilder, url: &Url) -> RequestBuilder {
        match &self.session {
            Some((origin, token)) if origin.origin() == url.origin() => {
                request.header(header::COOKIE, format!("__session={token}"))
            }
            _ => request,
        }
    }
}

impl Page {
    /// What people read, without tags and styles.
    pub fn text(&self) -> String {
        let visible = match self.html.split_once("</head>") {
            Some((_, body)) => body,
            None => &self.html,
        };
        let mut text = String::new();
        for part in visible.split('<') {
            let words = part.split_once('>').map_or(part, |(_, words)| words).trim();
            if !words.is_empty() {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(words);
            }
        }
        unescape(&text)
    }

    /// The page, if its status says that all is well.
    ///
    /// # Errors
    /// What the page says instead.
    pub fn ok(self) -> anyhow::Result<Self> {
        ensure!(
            self.status.is_success(),
            "{} answered {}: {}",
            self.url.path(),
            self.status,
            self.text()
        );
        Ok(self)
    }
}

/// The value of an attribute within a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(unescape(value))
}

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
