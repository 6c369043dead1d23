//! What is measured, for whoever scrapes `/metrics` on the operators' listener.

use std::time::Duration;

use anyhow::Context as _;
use axum::{Router, http::header, response::IntoResponse as _, routing::get};
use infragpt_connectors::http::metrics as calls;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

/// The upper bounds of the durations, in seconds: of a call that is answered at once, and of one that times out.
const SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often what was recorded is worked into the histograms, so that it doesn't pile up where nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Begins to measure, and returns `/metrics` in the text format of Prometheus:
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
///
/// # Errors
/// When this process measures already.
pub fn start() -> anyhow::Result<Router> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(calls::DURATION.to_owned()), &SECONDS)
        .context("the buckets can't be used")?
        .install_recorder()
        .context("this process measures already")?;
    calls::describe();
    let upkeep = recorder.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    let page = move || {
        let text = recorder.render();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response() }
    };
    Ok(Router::new().route("/metrics", get(page)))
}
