use serde_json::json;

use super::{
    account::short,
    announcement::{self, Announcement},
    installation::{Choice, View},
};
use crate::world::World;

/// What somebody does to an installation that is there.
#[derive(Debug)]
pub(crate) enum Change {
    /// Chooses its repositories anew.
    Choose(Choice),
    /// Lets it see more repositories.
    Add(Vec<String>),
    /// Takes repositories away from it.
    Remove(Vec<String>),
    Suspend,
    Unsuspend,
    Uninstall,
    /// Gives its account a new name.
    Rename(String),
    /// Gives one of its repositories a new name.
    RenameRepository {
        from: String,
        to: String,
    },
    /// Gives one of its repositories to another account.
    Transfer {
        repository: String,
        to: String,
    },
}

/// Changes an installation and returns what the App is told of it: nothing, when nothing changed.
///
/// # Errors
///
/// A sentence on what is not there.
pub(crate) fn apply(world: &World, id: u64, change: &Change, by: &str) -> Result<Vec<Announcement>, String> {
    let unknown = || format!("There is no installation {id}.");
    let all = &world.github.installations;
    let before = all.live(id).ok_or_else(unknown)?;
    let told = |view: &View, action: &str| vec![announcement::installed(world, view, action, by, None)];
    let chosen = |after: Option<View>| -> Result<Vec<Announcement>, String> {
        Ok(announcement::repositories(
            world,
            &before,
            &after.ok_or_else(unknown)?,
            by,
        ))
    };
    let owned = |name: &str| {
        let full_name = format!("{}/{}", before.login, short(name));
        let found = before.repositories.iter().any(|(_, it)| *it == full_name);
        let refusal = || format!("The installation does not see a repository `{name}`.");
        found.then_some(full_name).ok_or_else(refusal)
    };
    match change {
        Change::Choose(choice) => chosen(all.choose(id, choice)),
        Change::Add(names) => chosen(all.add(id, names)),
        Change::Remove(names) => chosen(all.withdraw(id, names)),
        Change::Suspend if before.suspended.is_some() => Ok(Vec::new()),
        Change::Suspend => Ok(told(&all.suspend(id, by).ok_or_else(unknown)?, "suspend")),
        Change::Unsuspend if before.suspended.is_none() => Ok(Vec::new()),
        Change::Unsuspend => Ok(told(&all.unsuspend(id).ok_or_else(unknown)?, "unsuspend")),
        Change::Uninstall => Ok(told(&all.uninstall(id).ok_or_else(unknown)?, "deleted")),
        Change::Rename(to) => {
            if all.account_id(to).is_some() {
                return Err(format!("There is an account `{to}` already."));
            }
            let after = all.rename(id, to).ok_or_else(unknown)?;
            Ok(vec![announcement::account_renamed(world, &after, &before.login, by)])
        }
        Change::RenameRepository { from, to } => {
            owned(from)?;
            let after = all.rename_repository(id, from, to).ok_or_else(unknown)?;
            let name = format!("{}/{}", after.login, short(to));
            let changes = json!({ "repository": { "name": { "from": short(from) } } });
            Ok(vec![announcement::repository_changed(
                world, &after, "renamed", &name, &changes, by,
            )])
        }
        Change::Transfer { repository, to } => transfer(world, &before, &owned(repository)?, to, by),
    }
}

/// The old owner's installation loses the repository; the new one's learns of it when it sees everything there.
fn transfer(world: &World, before: &View, name: &str, to: &str, by: &str) -> Result<Vec<Announcement>, String> {
    let all = &world.github.installations;
    let receiver = all.of(to);
    let refusal = || format!("There is no other account `{to}` that could take the repository.");
    let full_name = all.transfer(before.id, name, to).ok_or_else(refusal)?;
    let after = all.live(before.id).ok_or_else(refusal)?;
    let removed = [name.to_owned()];
    let mut told = vec![announcement::changed(world, &after, "removed", &removed, by)];
    if let Some(receiver) = receiver.filter(|view| view.is_all) {
        let owner = super::subject::account(world, &before.login, "Organization");
        let changes = json!({ "owner": { "from": { "organization": owner } } });
        let added = [full_name.clone()];
        told.push(announcement::changed(world, &receiver, "added", &added, by));
        told.push(announcement::repository_changed(
            world,
            &receiver,
            "transferred",
            &full_name,
            &changes,
            by,
        ));
    }
    Ok(told)
}
