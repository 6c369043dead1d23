//! Finding the run that somebody wants to run again. Nothing runs here: it is proposed.

use infragpt_nats::agent::Ask;

use crate::answer::{self, Changes, Meant};
use crate::builtin::{Answer, find, integrations};
use crate::question::{ChangeKind, Period, RerunOrder};
use crate::tool::{Error, Tools};

/// For so long a run can run again:
/// <https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs>.
const LONGEST_DAYS: i64 = 30;

/// Proposes to run the failed run again that `order` means, or says why not.
pub(crate) async fn propose(ask: &Ask, order: RerunOrder, tools: &Tools<'_>) -> Result<Answer, Error> {
    let order = match place(ask, order, tools).await? {
        Ok(order) => order,
        Err(sentence) => return Ok(sentence.into()),
    };
    let period = order.period.clone();
    let period = period.unwrap_or_else(|| Period::last_days(LONGEST_DAYS, ask.now));
    let title = order.repository.as_ref().map_or_else(
        || "looks for failed runs".to_owned(),
        |repository| format!("looks for failed runs in {repository}"),
    );
    let kinds = vec![ChangeKind::WorkflowRunFailed];
    let found: Changes = find(ask, (&period, kinds), order.repository.as_deref(), &title, tools).await?;
    let Some(run) = answer::find_run(&order, &found) else {
        return Ok(answer::no_run(&order, &period).into());
    };
    Ok(Answer {
        text: answer::rerun(&order, &run),
        proposal: Some(answer::proposal(&run)),
    })
}

/// The order with its repository in full, or a sentence on what is unclear about it.
async fn place(ask: &Ask, mut order: RerunOrder, tools: &Tools<'_>) -> Result<Result<RerunOrder, String>, Error> {
    let is_clear = order.repository.is_none() && (order.not_understood.is_empty() || order.run.is_some());
    if is_clear {
        return Ok(Ok(order));
    }
    let connected = integrations(ask, tools).await?;
    let repositories = connected.repositories();
    let Some(name) = order.repository.as_deref() else {
        // As in "rerun the payments build".
        let named = order.not_understood.iter().position(|word| {
            let meant = answer::find_repository(word, &repositories);
            matches!(meant, Meant::One(_) | Meant::Several(_))
        });
        let Some(named) = named else {
            return Ok(Err(answer::which_run(&order)));
        };
        let name = order.not_understood.remove(named);
        return Ok(in_full(order, &name, &repositories));
    };
    let name = name.to_owned();
    Ok(in_full(order, &name, &repositories))
}

fn in_full(order: RerunOrder, name: &str, repositories: &[&str]) -> Result<RerunOrder, String> {
    match answer::find_repository(name, repositories) {
        Meant::One(repository) => Ok(RerunOrder {
            repository: Some(repository),
            ..order
        }),
        Meant::Several(candidates) => Err(answer::repository_ambiguous(name, &candidates)),
        Meant::None(nearest) => Err(answer::repository_not_connected(name, &nearest, repositories)),
    }
}
