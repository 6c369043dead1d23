//! Every opening and every change is in the log a moment later, what happened often in one record, and nothing is lost
//! but by a kill.

use std::time::{Duration, Instant};

use infragpt_events::{
    ConnectorKind, OrganizationId,
    audit::{AuditEvent, AuditedAction, Recorded},
};
use infragpt_nats::{AuditLog, Cause, Log, Note, Origin, Received, decode_event};
use infragpt_vault::{Purpose, Reader, RefreshError};
use tokio_util::sync::CancellationToken;

use crate::harness::{Installation, cause, expiring, lasting, now, owner, read, reader, run, until};

/// Every record of `organization` with its envelope, in order, but those of changes.
async fn records(log: &Log, organization: &str) -> Vec<(Received, Recorded)> {
    let mut records = all_records(log, organization).await;
    records.retain(|(_, recorded)| !is_change(recorded.action));
    records
}

fn is_change(action: AuditedAction) -> bool {
    use AuditedAction as Action;
    matches!(
        action,
        Action::CredentialStored | Action::CredentialRefreshed | Action::CredentialRevoked | Action::CredentialShredded
    )
}

async fn all_records(log: &Log, organization: &str) -> Vec<(Received, Recorded)> {
    let filter = format!("events.audit.{organization}.>");
    let received = log.read("EVENTS", &filter, 0).await.unwrap();
    received
        .into_iter()
        .map(|received| {
            let AuditEvent::Recorded(recorded) = decode_event(&received).unwrap().event;
            (received, recorded)
        })
        .collect()
}

fn total(records: &[(Received, Recorded)]) -> u64 {
    records.iter().map(|(_, recorded)| recorded.count).sum()
}

async fn log(installation: &Installation) -> Log {
    Log::new(&installation.connect("integrations").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opened_what_and_what_for_is_in_the_log() {
    let installation = Installation::start().await;
    let (vault, log) = (installation.vault().await, log(&installation).await);
    let acme = owner("acme");
    let (running, stop) = run(&vault);
    vault.store(&acme, &lasting("secret"), &cause("c1")).await.unwrap();
    let before = now();
    for _ in 0..1_000 {
        vault.read(&acme, Purpose::Post, &reader()).await.unwrap();
    }
    let other = Reader {
        actor: "system:integrations".to_owned(),
        correlation: None,
        origin: infragpt_nats::Origin::default(),
    };
    vault.read(&acme, Purpose::Synchronize, &other).await.unwrap();
    until("all of it to be in the log", async || {
        (total(&records(&log, "acme").await) == 1_001).then_some(())
    })
    .await;
    stop.cancel();
    running.await.unwrap();

    let records = records(&log, "acme").await;
    assert!(
        records.len() < 20,
        "what is the same is counted together: {}",
        records.len()
    );
    let (posts, rest): (Vec<_>, Vec<_>) = records
        .into_iter()
        .partition(|(_, recorded)| recorded.purpose.as_deref() == Some("post"));
    assert_eq!(total(&posts), 1_000);
    for (received, recorded) in &posts {
        assert_eq!(recorded.action, AuditedAction::CredentialRead);
        assert_eq!(recorded.connector, Some(acme.connector.clone()));
        assert_eq!(recorded.integration, Some(acme.integration));
        assert_eq!(recorded.refused, None);
        assert!(before <= recorded.first_at && recorded.first_at <= recorded.last_at);
        assert_eq!(received.envelope.actor.as_deref(), Some("user:maya"));
        assert_eq!(received.envelope.correlation.as_deref(), Some("case-1"));
    }
    let [(received, recorded)] = &rest[..] else {
        panic!("{rest:?}");
    };
    assert_eq!((recorded.purpose.as_deref(), recorded.count), (Some("synchronize"), 1));
    assert_eq!(received.envelope.actor.as_deref(), Some("system:integrations"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_recorded_with_the_reason() {
    let installation = Installation::start().await;
    let (vault, log) = (installation.vault().await, log(&installation).await);
    let acme = owner("acme");
    read(&vault, &acme).await.unwrap_err();
    vault.store(&acme, &lasting("secret"), &cause("c1")).await.unwrap();
    vault.shred(&acme, 1, &cause("c2")).await.unwrap();
    read(&vault, &acme).await.unwrap_err();
    // It ran for no time at all: what was noted is written nevertheless.
    let (running, stop) = run(&vault);
    stop.cancel();
    running.await.unwrap();
    let mut reasons: Vec<_> = records(&log, "acme")
        .await
        .into_iter()
        .map(|(_, recorded)| recorded.refused.unwrap())
        .collect();
    reasons.sort();
    assert_eq!(
        reasons,
        [
            "no credential is stored for this integration",
            "the credential was shredded: connect the integration again"
        ]
    );
}

/// The credential's own events are where only the vault may read; the audit tells everybody who may read that.
#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_recorded_with_who_asked_from_where() {
    let installation = Installation::start().await;
    let (vault, log) = (installation.vault().await, log(&installation).await);
    let acme = owner("acme");
    let from = |address: &str| Cause {
        origin: Origin {
            address: Some(address.to_owned()),
            request: Some("req-1".to_owned()),
        },
        ..cause("c1")
    };
    vault
        .store(&acme, &expiring("first", 60), &from("192.0.2.1"))
        .await
        .unwrap();
    let reader = Reader::of(&from("192.0.2.2"));
    let refused = |_| async { Err(RefreshError::Unavailable("the forge is away".to_owned())) };
    vault.fresh(&acme, Purpose::Post, &reader, refused).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let refreshed = |_| async { Ok(expiring("second", 3_600)) };
    vault.fresh(&acme, Purpose::Post, &reader, refreshed).await.unwrap();
    let (one, two) = (from("192.0.2.3"), from("192.0.2.4"));
    for _ in 0..2 {
        let reason = Some("it does not answer".to_owned());
        vault.revoked(&acme, 1, false, reason, &one).await.unwrap();
        vault.shred(&acme, 1, &two).await.unwrap();
    }
    let (running, stop) = run(&vault);
    stop.cancel();
    running.await.unwrap();

    let mut changes = Vec::new();
    for (received, recorded) in all_records(&log, "acme").await {
        assert_eq!(received.envelope.actor.as_deref(), Some("user:maya"));
        assert_eq!(received.envelope.request.as_deref(), Some("req-1"));
        assert_eq!(received.envelope.correlation.as_deref(), Some("case-1"));
        assert_eq!(
            (&recorded.connector, &recorded.integration),
            (&Some(acme.connector.clone()), &Some(acme.integration))
        );
        if is_change(recorded.action) {
            assert_eq!((recorded.purpose.as_deref(), recorded.count), (None, 1), "once each");
            let address = received.envelope.client_address.unwrap();
            changes.push((recorded.action, address, recorded.refused));
        }
    }
    changes.sort();
    let expected = |action, address: &str, why: Option<&str>| (action, address.to_owned(), why.map(str::to_owned));
    assert_eq!(
        changes,
        [
            expected(AuditedAction::CredentialStored, "192.0.2.1", None),
            expected(AuditedAction::CredentialRefreshed, "192.0.2.2", None),
            expected(
                AuditedAction::CredentialRefreshed,
                "192.0.2.2",
                Some("the forge is away")
            ),
            expected(
                AuditedAction::CredentialRevoked,
                "192.0.2.3",
                Some("it does not answer")
            ),
            expected(AuditedAction::CredentialShredded, "192.0.2.4", None),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_the_log_soon_whoever_asks_for_it() {
    let installation = Installation::start().await;
    let (vault, log) = (installation.vault().await, log(&installation).await);
    let acme = owner("acme");
    vault.store(&acme, &lasting("secret"), &cause("c1")).await.unwrap();
    let (running, stop) = run(&vault);
    for round in 1..=5 {
        read(&vault, &acme).await.unwrap();
        until("it to be in the log", async || {
            (total(&records(&log, "acme").await) == round).then_some(())
        })
        .await;
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_twice_while_nats_is_away() {
    let mut installation = Installation::start().await;
    let vault = installation.vault().await;
    let acme = owner("acme");
    vault.store(&acme, &lasting("secret"), &cause("c1")).await.unwrap();
    let (running, stop) = run(&vault);
    let mut reads = 0;
    let mut noted = async |vault: &infragpt_vault::Vault, count: u64| {
        for _ in 0..count {
            // Refused or not: it is recorded.
            let _ = read(vault, &acme).await;
            reads += 1;
        }
    };
    noted(&vault, 10).await;
    installation.server.kill().await.unwrap();
    noted(&vault, 100).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    noted(&vault, 1_000).await;
    installation.server.restart().await.unwrap();
    let log = log(&installation).await;
    until("all of it to be in the log", async || {
        (total(&records(&log, "acme").await) >= 1_110).then_some(())
    })
    .await;
    noted(&vault, 5).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(total(&records(&log, "acme").await), reads);
}

/// Anybody on the Internet can come back with a forged state: that must not fill the log.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_nobody_is_written_once_in_ten_seconds() {
    let installation = Installation::start().await;
    let (audit, log) = (
        AuditLog::new(&installation.connect("integrations").await, now),
        log(&installation).await,
    );
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (audit, stop) = (audit.clone(), stop.clone());
        async move { audit.run(stop).await }
    });
    let started = Instant::now();
    let mut noted = 0;
    while started.elapsed() < Duration::from_secs(3) {
        audit.note(Note {
            organization: OrganizationId::nobody(),
            action: AuditedAction::AuthorizationRefused,
            connector: Some(ConnectorKind::parse("forge").unwrap()),
            integration: None,
            purpose: None,
            refused: Some("it was not started here".to_owned()),
            actor: "unknown".to_owned(),
            correlation: None,
            origin: infragpt_nats::Origin::default(),
        });
        noted += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(records(&log, "-").await.len() <= 1);
    stop.cancel();
    running.await.unwrap();
    let records = records(&log, "-").await;
    assert_eq!(total(&records), noted, "the end writes it all");
    assert!(records.len() <= 2, "{}", records.len());
}
