//! `infragpt bench` measures what it says. How fast it is, no test judges.

use serde_json::Value;

async fn bench(arguments: &[&str]) -> String {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
        .arg("bench")
        .args(arguments)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_quick_run_has_every_figure() {
    let report: Value = serde_json::from_str(&bench(&["--quick", "--json"]).await).unwrap();
    assert_eq!(report["quick"], true);
    let rows = report["rows"].as_array().unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    let expected = [
        "ready",
        "resident.idle",
        "mention.1.p50",
        "mention.1.p99",
        "mention.1.stored",
        "mention.1.requested",
        "mention.1.posted",
        "mention.1.recorded",
        "mention.50.p50",
        "mention.50.p99",
        "mention.50.stored",
        "mention.50.requested",
        "mention.50.posted",
        "mention.50.recorded",
        "resident.used",
        "visible.p50",
        "visible.p99",
        "trace.p50",
        "api.changes",
        "api.changes.p50",
        "api.changes.p99",
        "api.changes.unguarded",
        "session.verified",
        "workspaces.answered",
        "workspaces.p99",
        "workspaces.grown",
        "status.p99",
        "workspaces.apart",
        "credentials.read",
        "credentials.rotate",
        "credentials.rotate.errors",
        "credentials.flight",
        "ingest.1700",
        "ingest.1700.p50",
        "ingest.1700.p99",
        "ingest.8000",
        "ingest.8000.p50",
        "ingest.8000.p99",
        "ingest.25000",
        "ingest.25000.p50",
        "ingest.25000.p99",
        "ingest.together",
        "scan",
        "rebuild",
        "rebuild.memory",
    ];
    assert_eq!(ids, expected);
    for row in rows {
        assert!(row["value"].is_number(), "{row}");
        assert!(row["samples"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(row["goal"].is_null(), row["met"].is_null(), "{row}");
    }
}
