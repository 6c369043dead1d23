use std::sync::{Mutex, MutexGuard, PoisonError};

use super::account::{self, Account, Person, Repository, Role};
use crate::{clock, configuration::GithubInstallation};

/// Numbers of installations that come later start above this one.
const FIRST_LATER_ID: u64 = 50_000_000;
/// When everything that is there from the start came into being.
const BEGINNING: &str = "2024-01-15T09:00:00Z";

/// Which repositories an installation sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// All that the account has, and will have.
    All,
    /// These, by name with or without the owner.
    Selected(Vec<String>),
}

#[derive(Clone, Debug)]
struct Installation {
    id: u64,
    /// Number of the account.
    account: u64,
    /// Numbers of the selected repositories; `None` is all of them.
    selected: Option<Vec<u64>>,
    /// When and by whom it was suspended.
    suspended: Option<(String, String)>,
    created: String,
    updated: String,
    /// It was uninstalled; events still tell of it.
    gone: bool,
}

/// An installation as it is at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) id: u64,
    pub(crate) account: u64,
    pub(crate) login: String,
    pub(crate) is_all: bool,
    /// Numbers and full names.
    pub(crate) repositories: Vec<(u64, String)>,
    pub(crate) suspended: Option<(String, String)>,
    pub(crate) created: String,
    pub(crate) updated: String,
    pub(crate) gone: bool,
}

impl View {
    /// `all` or `selected`, as the API says it.
    pub(crate) fn selection(&self) -> &'static str {
        if self.is_all { "all" } else { "selected" }
    }

    /// Full names of its repositories.
    pub(crate) fn names(&self) -> Vec<String> {
        self.repositories.iter().map(|(_, name)| name.clone()).collect()
    }
}

#[derive(Clone, Debug)]
struct Kept {
    accounts: Vec<Account>,
    people: Vec<Person>,
    installations: Vec<Installation>,
    /// Who asked for an installation on which account, and with what.
    requests: Vec<(String, u64, Choice)>,
    last_id: u64,
}

/// The accounts around the App, and where it is installed.
#[derive(Debug)]
pub(crate) struct Installations(Mutex<Kept>);

impl Installations {
    pub(super) fn new(github: &GithubInstallation) -> Self {
        let accounts = account::accounts(github);
        let seen = github.repositories.iter();
        let mut first = accounts[0].clone();
        let installation = Installation {
            id: github.installation_id,
            account: first.id,
            selected: Some(seen.map(|name| first.repository(name).id).collect()),
            suspended: None,
            created: BEGINNING.into(),
            updated: BEGINNING.into(),
            gone: false,
        };
        Self(Mutex::new(Kept {
            people: account::people(github, &accounts),
            accounts,
            installations: vec![installation],
            requests: Vec::new(),
            last_id: FIRST_LATER_ID.max(github.installation_id),
        }))
    }

    /// Everything as it was from the start, but numbers that were used are not used again.
    pub(super) fn reset(&self, github: &GithubInstallation) {
        let fresh = Self::new(github).0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut kept = self.lock();
        let last_id = kept.last_id;
        *kept = Kept { last_id, ..fresh };
    }

    /// An installation, even one that is gone.
    pub(crate) fn find(&self, id: u64) -> Option<View> {
        let kept = self.lock();
        let installation = kept.installations.iter().find(|it| it.id == id)?;
        Some(kept.view(installation))
    }

    /// An installation that is there.
    pub(crate) fn live(&self, id: u64) -> Option<View> {
        self.find(id).filter(|view| !view.gone)
    }

    /// All installations that are there.
    pub(crate) fn all(&self) -> Vec<View> {
        let kept = self.lock();
        let live = kept.installations.iter().filter(|it| !it.gone);
        live.map(|it| kept.view(it)).collect()
    }

    /// The installation on an account.
    pub(crate) fn of(&self, login: &str) -> Option<View> {
        self.all().into_iter().find(|view| view.login == login)
    }

    /// Number of an account.
    pub(super) fn account_id(&self, login: &str) -> Option<u64> {
        let kept = self.lock();
        kept.accounts.iter().find(|it| it.login == login).map(|it| it.id)
    }

    /// Number of a repository.
    pub(super) fn repository_id(&self, full_name: &str) -> Option<u64> {
        let (owner, name) = full_name.split_once('/')?;
        let kept = self.lock();
        let account = kept.accounts.iter().find(|it| it.login == owner)?;
        account.repositories.iter().find(|it| it.name == name).map(|it| it.id)
    }

    /// Names of the accounts, each with the names of its repositories.
    pub(super) fn accounts(&self) -> Vec<(String, Vec<String>)> {
        let names = |it: &Account| it.repositories.iter().map(|it| it.name.clone()).collect();
        let kept = self.lock();
        kept.accounts.iter().map(|it| (it.login.clone(), names(it))).collect()
    }

    /// Who can sign in.
    pub(super) fn people(&self) -> Vec<String> {
        self.lock().people.iter().map(|person| person.login.clone()).collect()
    }

    /// What somebody may do for an account; `None` when there is no such person or account.
    pub(super) fn role(&self, person: &str, login: &str) -> Option<Role> {
        let kept = self.lock();
        let account = kept.accounts.iter().find(|it| it.login == login)?.id;
        Some(kept.people.iter().find(|it| it.login == person)?.role(account))
    }

    /// Installs the App on an account that does not have it.
    pub(super) fn install(&self, login: &str, choice: &Choice) -> Option<View> {
        let mut kept = self.lock();
        let account = kept.accounts.iter_mut().find(|it| it.login == login)?;
        let (id, selected) = (account.id, chosen(account, choice));
        if kept.installations.iter().any(|it| !it.gone && it.account == id) {
            return None;
        }
        kept.last_id += 1;
        kept.requests.retain(|(_, requested, _)| *requested != id);
        let installation = Installation {
            id: kept.last_id,
            account: id,
            selected,
            suspended: None,
            created: clock::rfc3339(),
            updated: clock::rfc3339(),
            gone: false,
        };
        let view = kept.view(&installation);
        kept.installations.push(installation);
        Some(view)
    }

    /// Notes that somebody asks for an installation; the last wish of a person counts.
    pub(super) fn request(&self, person: &str, login: &str, choice: Choice) {
        let mut kept = self.lock();
        if let Some(account) = kept.accounts.iter().find(|it| it.login == login).map(|it| it.id) {
            kept.requests
                .retain(|(who, requested, _)| who != person || *requested != account);
            kept.requests.push((person.to_owned(), account, choice));
        }
    }

    /// The first request for an account, which is answered with this.
    pub(super) fn take_request(&self, login: &str) -> Option<(String, Choice)> {
        let mut kept = self.lock();
        let account = kept.accounts.iter().find(|it| it.login == login)?.id;
        let index = kept.requests.iter().position(|(_, it, _)| *it == account)?;
        let (person, _, choice) = kept.requests.remove(index);
        Some((person, choice))
    }

    /// Changes which repositories an installation sees.
    pub(super) fn choose(&self, id: u64, choice: &Choice) -> Option<View> {
        self.change(id, |account, installation| {
            installation.selected = chosen(account, choice);
        })
    }

    /// Lets an installation see more repositories; they exist from then on.
    pub(super) fn add(&self, id: u64, names: &[String]) -> Option<View> {
        self.change(id, |account, installation| {
            for name in names {
                let added = account.repository(name).id;
                if let Some(selected) = installation.selected.as_mut().filter(|it| !it.contains(&added)) {
                    selected.push(added);
                }
            }
        })
    }

    /// Takes repositories away from an installation, which is a selected one from then on.
    pub(super) fn withdraw(&self, id: u64, names: &[String]) -> Option<View> {
        self.change(id, |account, installation| {
            let all = account.repositories.iter();
            let mut selected = installation
                .selected
                .take()
                .unwrap_or_else(|| all.map(|it| it.id).collect());
            let withdrawn = |repository: &Repository| names.iter().any(|name| account::short(name) == repository.name);
            let withdrawn: Vec<u64> = account
                .repositories
                .iter()
                .filter(|it| withdrawn(it))
                .map(|it| it.id)
                .collect();
            selected.retain(|id| !withdrawn.contains(id));
            installation.selected = Some(selected);
        })
    }

    pub(super) fn suspend(&self, id: u64, by: &str) -> Option<View> {
        self.change(id, |_, it| it.suspended = Some((clock::rfc3339(), by.to_owned())))
    }

    pub(super) fn unsuspend(&self, id: u64) -> Option<View> {
        self.change(id, |_, it| it.suspended = None)
    }

    pub(super) fn uninstall(&self, id: u64) -> Option<View> {
        self.change(id, |_, it| it.gone = true)
    }

    pub(super) fn rename(&self, id: u64, login: &str) -> Option<View> {
        self.change(id, |account, _| login.clone_into(&mut account.login))
    }

    pub(super) fn rename_repository(&self, id: u64, from: &str, to: &str) -> Option<View> {
        self.change(id, |account, _| {
            let from = account::short(from);
            if let Some(repository) = account.repositories.iter_mut().find(|it| it.name == from) {
                account::short(to).clone_into(&mut repository.name);
            }
        })
    }

    /// Gives a repository to another account; returns its new full name.
    pub(super) fn transfer(&self, id: u64, name: &str, to: &str) -> Option<String> {
        let mut kept = self.lock();
        let from = kept.installations.iter().find(|it| it.id == id && !it.gone)?.account;
        let target = kept.accounts.iter().position(|it| it.login == to && it.id != from)?;
        let source = kept.accounts.iter().position(|it| it.id == from)?;
        let repositories = &mut kept.accounts[source].repositories;
        let index = repositories.iter().position(|it| it.name == account::short(name))?;
        let repository = repositories.remove(index);
        let full_name = format!("{to}/{}", repository.name);
        for installation in kept.installations.iter_mut().filter(|it| it.account == from) {
            if let Some(selected) = &mut installation.selected {
                selected.retain(|id| *id != repository.id);
            }
        }
        kept.accounts[target].repositories.push(repository);
        Some(full_name)
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Account, &mut Installation)) -> Option<View> {
        let mut kept = self.lock();
        let index = kept.installations.iter().position(|it| it.id == id && !it.gone)?;
        let mut installation = kept.installations[index].clone();
        let account = kept.accounts.iter_mut().find(|it| it.id == installation.account)?;
        change(account, &mut installation);
        installation.updated = clock::rfc3339();
        let view = kept.view(&installation);
        kept.installations[index] = installation;
        Some(view)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers of what a choice means on an account.
fn chosen(account: &mut Account, choice: &Choice) -> Option<Vec<u64>> {
    match choice {
        Choice::All => None,
        Choice::Selected(names) => {
            let mut ids = Vec::new();
            for name in names {
                let id = account.repository(name).id;
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            Some(ids)
        }
    }
}

impl Kept {
    fn view(&self, installation: &Installation) -> View {
        let account = self.accounts.iter().find(|it| it.id == installation.account);
        let login = account.map_or_else(String::new, |it| it.login.clone());
        let all = account.map_or(&[][..], |it| &it.repositories);
        let named = |it: &Repository| (it.id, format!("{login}/{}", it.name));
        let repositories = match &installation.selected {
            None => all.iter().map(named).collect(),
            // In the order in which they were chosen.
            Some(ids) => ids
                .iter()
                .filter_map(|id| all.iter().find(|it| it.id == *id).map(named))
                .collect(),
        };
        View {
            id: installation.id,
            account: installation.account,
            is_all: installation.selected.is_none(),
            repositories,
            suspended: installation.suspended.clone(),
            created: installation.created.clone(),
            updated: installation.updated.clone(),
            gone: installation.gone,
            login,
        }
    }
}
