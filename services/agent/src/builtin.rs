//! The built-in agent: understand, look up, render. It needs no model.

use infragpt_nats::agent::{Ask, Role};

use crate::answer::{self, Changes, ChangesRequest, GrantOnly, Integrations, Meant, Status};
use crate::question::{ChangesQuestion, Intent, understand_after};
use crate::tool::{Error, Tools};

const CHANGES: &str = "tool.v1.infragpt.changes";
const INTEGRATIONS: &str = "tool.v1.infragpt.integrations";
const STATUS: &str = "tool.v1.infragpt.status";

/// How many changes one answer looks at.
const LIMIT: u16 = 200;

/// Answers `ask` in Markdown.
pub(crate) async fn answer(ask: &Ask, tools: &Tools<'_>) -> Result<String, Error> {
    let before = ask.history.iter().rev().find(|turn| turn.role == Role::User);
    match understand_after(before.map(|turn| turn.text.as_str()), &ask.question, ask.now) {
        Intent::Help => Ok(answer::help()),
        Intent::Action => Ok(answer::no_action()),
        Intent::Unknown => Ok(answer::unknown()),
        Intent::Status => {
            let status: Status = tools.call(STATUS, &GrantOnly { grant: &ask.grant }).await?;
            Ok(answer::status(&status, ask.now))
        }
        Intent::Connected => Ok(answer::connected(&integrations(ask, tools).await?)),
        Intent::Changes(asked) if asked.period.has_not_begun() => Ok(answer::not_begun(&asked.period)),
        Intent::Changes(asked) => changes(ask, &asked, tools).await,
    }
}

/// One call where the repository is written in full and something is found; a second one to learn which repositories
/// there are otherwise.
async fn changes(ask: &Ask, asked: &ChangesQuestion, tools: &Tools<'_>) -> Result<String, Error> {
    let full = asked.repository.as_deref().filter(|name| name.contains('/'));
    if full.is_some() || asked.repository.is_none() {
        let found = find(ask, asked, full, tools).await?;
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
            let found = find(ask, asked, Some(&repository), tools).await?;
            Ok(answer::changes(asked, Some(&repository), &found))
        }
        Meant::Several(candidates) => Ok(answer::repository_ambiguous(name, &candidates)),
        Meant::None(nearest) => Ok(answer::repository_not_connected(name, &nearest, &repositories)),
    }
}

async fn find(
    ask: &Ask,
    asked: &ChangesQuestion,
    repository: Option<&str>,
    tools: &Tools<'_>,
) -> Result<Changes, Error> {
    let request = ChangesRequest {
        grant: &ask.grant,
        repository,
        kinds: asked.kinds.iter().copied().collect(),
        since: asked.period.since,
        until: asked.period.until,
        limit: LIMIT,
    };
    tools.call(CHANGES, &request).await
}

async fn integrations(ask: &Ask, tools: &Tools<'_>) -> Result<Integrations, Error> {
    tools.call(INTEGRATIONS, &GrantOnly { grant: &ask.grant }).await
}
