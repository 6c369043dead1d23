use super::subject::number;
use crate::configuration::GithubInstallation;

/// A repository, whose number a new name or owner does not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) name: String,
}

/// An organization that could install the App.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) repositories: Vec<Repository>,
}

impl Account {
    /// The repository of a name, with or without the owner in front; it exists from then on.
    pub(super) fn repository(&mut self, name: &str) -> &mut Repository {
        let name = short(name);
        let index = self.repositories.iter().position(|it| it.name == name);
        let index = index.unwrap_or_else(|| {
            let id = number(&format!("{}/{name}", self.login));
            let name = name.to_owned();
            self.repositories.push(Repository { id, name });
            self.repositories.len() - 1
        });
        &mut self.repositories[index]
    }
}

/// What somebody may do for an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Installs and changes installations.
    Owner,
    /// Sees installations, and can ask an owner for one.
    Member,
    /// Has nothing to do with it.
    Stranger,
}

/// Somebody with a GitHub account.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) login: String,
    owner: bool,
    /// Numbers of organizations.
    member_of: Vec<u64>,
}

impl Person {
    pub(super) fn role(&self, account: u64) -> Role {
        match (self.owner, self.member_of.contains(&account)) {
            (true, _) => Role::Owner,
            (false, true) => Role::Member,
            (false, false) => Role::Stranger,
        }
    }
}

/// A repository's name without its owner.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The accounts of a configuration; the first one is where the App is installed from the start.
pub(super) fn accounts(github: &GithubInstallation) -> Vec<Account> {
    let mut first = Account {
        id: number(&github.account),
        login: github.account.clone(),
        repositories: Vec::new(),
    };
    for name in &github.repositories {
        first.repository(name);
    }
    let mut accounts = vec![first];
    for configured in &github.accounts {
        let index = accounts.iter().position(|it| it.login == configured.login);
        let index = index.unwrap_or_else(|| {
            accounts.push(Account {
                id: configured.id,
                login: configured.login.clone(),
                repositories: Vec::new(),
            });
            accounts.len() - 1
        });
        for name in &configured.repositories {
            accounts[index].repository(name);
        }
    }
    accounts
}

/// The people of a configuration.
pub(super) fn people(github: &GithubInstallation, accounts: &[Account]) -> Vec<Person> {
    let person = |it: &crate::configuration::GithubPerson| Person {
        login: it.login.clone(),
        owner: it.owner,
        member_of: accounts
            .iter()
            .filter(|account| it.member_of.contains(&account.login))
            .map(|account| account.id)
            .collect(),
    };
    github.people.iter().map(person).collect()
}
