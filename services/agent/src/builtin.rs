//! The built-in agent: understand, look up, render. It needs no model.

use infragpt_nats::agent::{Ask, Proposal, Role};

use crate::answer::{self, Changes, ChangesRequest, GrantOnly, Integrations, Meant, Status};
use crate::question::{ChangeKind, ChangesQuestion, Intent, Period, understand_after};
use crate::rerun;
use crate::tool::{Error, Tools};

const CHANGES: &str = "tool.v1.infragpt.changes";
const INTEGRATIONS: &str = "tool.v1.infragpt.integrations";
const STATUS: &str = "tool.v1.infragpt.status";

/// How many changes one answer looks at.
const LIMIT: u16 = 200;

/// What it says, and what it asks people to allow.
#[derive(Debug)]
pub(crate) struct Answer {
    /// In Markdown.
    pub text: String,
    /// The one thing that would be done.
    pub proposal: Option<Proposal>,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, proposal: None }
    }
}

/// Answers `ask`.
pub(crate) async fn answer(ask: &Ask, tools: &Tools<'_>) -> Result<Answer, Error> {
    let before = ask.history.iter().rev().find(|turn| turn.role == Role::User);
    let text = match understand_after(before.map(|turn| turn.text.as_str()), &ask.question, ask.now) {
        Intent::Help => answer::help(),
        Intent::Action => answer::no_action(),
        Intent::Unknown => answer::unknown(),
        Intent::Status => {
            let request = GrantOnly { grant: &ask.grant };
            let status: Status = tools.call(STATUS, "reads how things are", &request).await?;
            answer::status(&status, ask.now)
        }
        Intent::Connected => answer::connected(&integrations(ask, tools).await?),
        Intent::Changes(asked) if asked.period.has_not_begun() => answer::not_begun(&asked.period),
        Intent::Changes(asked) => changes(ask, &asked, tools).await?,
        Intent::Rerun(order) => return rerun::propose(ask, order, tools).await,
    };
    Ok(text.into())
}

/// One call where the repository is written in full and something is found; a second one to learn which repositories
/// there are otherwise.
async fn changes(ask: &Ask, asked: &ChangesQuestion, tools: &Tools<'_>) -> Result<String, Error> {
    let full = asked.repository.as_deref().filter(|name| name.contains('/'));
    if full.is_some() || asked.repository.is_none() {
        let found = look(ask, asked, full, tools).await?;
        if !found.changes.is_empty() {
            let named = full.map(|full| found.changes.first().map_or(full, |change| change.repository.as_str()));
            return Ok(answer::changes(asked, named, &found));
        }
    }
    let connected = integrations(ask, tools).await?;
    let repositories = connected.repositories();
    let Some(name) = asked.repository.as_deref() else {
        let nothing = answer::changes(asked, None, &Changes::default());
        return Ok(if repositories.is_empty() {
            format!("{}\n\n{nothing}", answer::no_repository())
        } else {
            nothing
        });
    };
    match answer::find_repository(name, &repositories) {
        Meant::One(repository) if full.is_some() => Ok(answer::changes(asked, Some(&repository), &Changes::default())),
        Meant::One(repository) => {
            let found = look(ask, asked, Some(&repository), tools).await?;
            Ok(answer::changes(asked, Some(&repository), &found))
        }
        Meant::Several(candidates) => Ok(answer::repository_ambiguous(name, &candidates)),
        Meant::None(nearest) => Ok(answer::repository_not_connected(name, &nearest, &repositories)),
    }
}

async fn look(
    ask: &Ask,
    asked: &ChangesQuestion,
    repository: Option<&str>,
    tools: &Tools<'_>,
) -> Result<Changes, Error> {
    let title = repository.map_or_else(
        || "reads what changed".to_owned(),
        |repository| format!("reads what changed in {repository}"),
    );
    let kinds = asked.kinds.iter().copied().collect();
    find(ask, (&asked.period, kinds), repository, &title, tools).await
}

/// Finds what changed; `title` says that to people.
pub(crate) async fn find(
    ask: &Ask,
    (period, kinds): (&Period, Vec<ChangeKind>),
    repository: Option<&str>,
    title: &str,
    tools: &Tools<'_>,
) -> Result<Changes, Error> {
    let request = ChangesRequest {
        grant: &ask.grant,
        repository,
        kinds,
        since: period.since,
        until: period.until,
        limit: LIMIT,
    };
    tools.call(CHANGES, title, &request).await
}

/// What is connected.
pub(crate) async fn integrations(ask: &Ask, tools: &Tools<'_>) -> Result<Integrations, Error> {
    let request = GrantOnly { grant: &ask.grant };
    tools.call(INTEGRATIONS, "reads what is connected", &request).await
}
