//! One account, one organization: on one server, on a cluster, and when it moves.

use std::collections::BTreeMap;

use futures::future::join_all;
use infragpt::configuration::NatsUser;
use infragpt_events::{ConnectorKind, OrganizationId, integration};
use infragpt_local::NatsServer;
use infragpt_nats::{
    Accounts, Claim, ClaimOutcome, Connection, ConnectionConfiguration, Definitions, definition::SERVER_CONFIGURATION,
};
use tempfile::TempDir;

use crate::harness::{Nats, install_crypto, password, until};

fn slack() -> ConnectorKind {
    ConnectorKind::parse("slack").unwrap()
}

fn claim(organization: &str) -> Claim {
    let organization = OrganizationId::parse(organization).unwrap();
    let integration = integration::id(&organization, &slack());
    Claim::new(organization, integration)
}

/// Ten organizations claim the same account at once; who gets it.
async fn race(connections: &[Connection], account: &str) -> Vec<usize> {
    let claims = (0..10).map(|number| {
        let accounts = Accounts::new(&connections[number % connections.len()]);
        async move {
            accounts
                .claim(&slack(), account, &claim(&format!("organization-{number}")))
                .await
        }
    });
    let outcomes = join_all(claims).await;
    let winners = outcomes.iter().enumerate();
    winners
        .filter(|(_, outcome)| *outcome.as_ref().unwrap() == ClaimOutcome::Claimed)
        .map(|(number, _)| number)
        .collect()
}

#[tokio::test]
async fn of_many_organizations_one_gets_an_account() {
    let nats = Nats::start().await;
    let connection = nats.connect(NatsUser::Integrations).await;
    for account in ["T1", "T2", "T3"] {
        let winners = race(std::slice::from_ref(&connection), account).await;
        assert_eq!(winners.len(), 1, "{account}: {winners:?}");
        let found = Accounts::new(&connection)
            .find_now(&slack(), account)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            found.claim.organization.as_str(),
            format!("organization-{}", winners[0])
        );
    }
}

/// Three servers, three replicas of the bucket, and the organizations spread over all of them.
#[tokio::test]
async fn of_many_organizations_one_gets_an_account_on_a_cluster() {
    let cluster = Cluster::start().await;
    let admin = cluster.connect(0, NatsUser::Admin).await;
    let definitions = Definitions::embedded(3).unwrap();
    until("the cluster to make streams", async || {
        definitions.apply(&admin).await.ok()
    })
    .await;
    let mut connections = Vec::new();
    for server in 0..3 {
        connections.push(cluster.connect(server, NatsUser::Integrations).await);
    }
    for account in ["T1", "T2", "T3"] {
        let winners = race(&connections, account).await;
        assert_eq!(winners.len(), 1, "{account}: {winners:?}");
    }
}

#[tokio::test]
async fn an_account_moves_once_it_is_let_go_and_nothing_of_before_moves_with_it() {
    let nats = Nats::start().await;
    let connection = nats.connect(NatsUser::Integrations).await;
    let accounts = Accounts::new(&connection);
    let (acme, globex) = (claim("acme"), claim("globex"));
    let wants = async |claim: &Claim| accounts.claim(&slack(), "T1", claim).await.unwrap();
    assert_eq!(wants(&acme).await, ClaimOutcome::Claimed);
    assert_eq!(wants(&acme).await, ClaimOutcome::AlreadyOurs);
    assert_eq!(wants(&globex).await, ClaimOutcome::Taken);
    let held = async || accounts.find_now(&slack(), "T1").await.unwrap().unwrap();
    let first = held().await;
    assert!(first.is_of(&acme) && !first.is_of(&globex));
    accounts.release(&first).await.unwrap();
    assert_eq!(accounts.find(&slack(), "T1").await.unwrap(), None);
    assert_eq!(accounts.all().await.unwrap(), []);
    // The same organization has it back at once, and all that it said.
    let started = std::time::Instant::now();
    assert_eq!(wants(&acme).await, ClaimOutcome::Claimed);
    assert!(
        started.elapsed() < std::time::Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(held().await.claim.after, None);
    // What was read before it was claimed anew lets nothing go.
    accounts.release(&first).await.unwrap();
    assert_eq!(wants(&acme).await, ClaimOutcome::AlreadyOurs);
    accounts.release(&held().await).await.unwrap();
    assert_eq!(wants(&globex).await, ClaimOutcome::Claimed);
    let moved = held().await;
    let after = moved.claim.after.unwrap();
    assert!(!moved.claim.covers(after) && moved.claim.covers(after + chrono::Duration::milliseconds(1)));
    assert_eq!(accounts.all().await.unwrap(), [moved]);
}

/// Three nats-servers that know each other.
struct Cluster {
    servers: Vec<NatsServer>,
    _directory: TempDir,
}

impl Cluster {
    async fn start() -> Self {
        install_crypto();
        let directory = tempfile::Builder::new().prefix("infragpt-it-").tempdir().unwrap();
        let routes: Vec<u16> = (0..3).map(|_| infragpt_local::free_port().unwrap()).collect();
        let known: Vec<String> = routes
            .iter()
            .map(|port| format!("\"nats://127.0.0.1:{port}\""))
            .collect();
        let mut servers = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            let home = directory.path().join(number.to_string());
            std::fs::create_dir(&home).unwrap();
            let cluster = format!(
                "\ncluster {{\n  name: infragpt\n  listen: \"127.0.0.1:{route}\"\n  routes: [{}]\n}}\n",
                known.join(", ")
            );
            let named = format!("server_name: infragpt-{number}");
            let configuration = SERVER_CONFIGURATION.replace("server_name: infragpt", &named) + &cluster;
            let environment: BTreeMap<_, _> = NatsUser::ALL
                .into_iter()
                .map(|user| (user.password_variable(), password(user).into()))
                .collect();
            servers.push(async move { NatsServer::start_in(&home, &configuration, environment).await });
        }
        // A server of a cluster is ready only once it finds the others.
        let servers = futures::future::try_join_all(servers).await.unwrap();
        Self {
            servers,
            _directory: directory,
        }
    }

    async fn connect(&self, server: usize, user: NatsUser) -> Connection {
        Connection::connect(&ConnectionConfiguration {
            url: self.servers[server].url(),
            user: user.as_str().to_owned(),
            password: password(user).into(),
            name: "test".to_owned(),
        })
        .await
        .unwrap()
    }
}
