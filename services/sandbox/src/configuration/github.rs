/// A GitHub App, the installation that it has from the start, and the accounts and people around it.
#[derive(Clone, Debug)]
pub struct GithubInstallation {
    /// Id of the installation that exists from the start.
    pub installation_id: u64,
    /// Login of the organization that installed the app.
    pub account: String,
    /// Full names of the repositories the installation may see.
    pub repositories: Vec<String>,
    /// App id, the `iss` of the app's JWTs.
    pub app_id: u64,
    /// The app's private key, or its PKCS#1 public key, as PEM. With it the signature of a JWT is checked, without it
    /// only its shape and claims.
    pub app_key: Option<String>,
    /// Key of `X-Hub-Signature-256`.
    pub webhook_secret: String,
    /// The App's client id, for OAuth.
    pub client_id: String,
    /// The App's client secret, for OAuth.
    pub client_secret: String,
    /// The App's name in addresses.
    pub slug: String,
    /// Where people are sent after they installed the App; `None` keeps them on its settings.
    pub setup_url: Option<String>,
    /// Where a person's authorization may lead. Empty: any http loopback address.
    pub callback_urls: Vec<String>,
    /// Where webhooks go that follow from what happens; `None` sends none.
    pub webhook_url: Option<String>,
    /// Whether an installation asks for the person's authorization too; people are then sent to the first callback.
    pub request_oauth_on_install: bool,
    /// Organizations on which the App is not installed yet. One named like `account` adds repositories to that account
    /// which the first installation does not see.
    pub accounts: Vec<GithubAccount>,
    /// Who can sign in.
    pub people: Vec<GithubPerson>,
}

impl Default for GithubInstallation {
    fn default() -> Self {
        Self {
            installation_id: 4242,
            account: "acme".into(),
            repositories: vec!["acme/payments".into(), "acme/checkout".into()],
            app_id: 100_042,
            app_key: None,
            webhook_secret: "sandbox-webhook-secret".into(),
            client_id: "Iv23sandbox100042".into(),
            client_secret: "sandbox-github-client-secret".into(),
            slug: "infragpt".into(),
            setup_url: None,
            callback_urls: Vec::new(),
            webhook_url: None,
            request_oauth_on_install: false,
            accounts: vec![GithubAccount {
                login: "globex".into(),
                id: 731_042,
                repositories: vec!["reactor".into(), "turbines".into(), "website".into()],
            }],
            people: vec![
                GithubPerson {
                    login: "maya".into(),
                    owner: true,
                    member_of: Vec::new(),
                },
                GithubPerson {
                    login: "tom".into(),
                    owner: false,
                    member_of: vec!["acme".into(), "globex".into()],
                },
            ],
        }
    }
}

/// An organization on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubAccount {
    /// Its name.
    pub login: String,
    /// Its number, which a new name does not change.
    pub id: u64,
    /// Names of its repositories, without the account's.
    pub repositories: Vec<String>,
}

/// Somebody with a GitHub account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubPerson {
    /// The name to sign in with.
    pub login: String,
    /// Owns every organization and may install the App.
    pub owner: bool,
    /// Organizations that somebody who owns none belongs to: sees installations there, and can ask for one.
    pub member_of: Vec<String>,
}
