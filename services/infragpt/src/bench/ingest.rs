//! Durable ingest: signed webhooks until 2xx, against the bare publish of as many bytes.

use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use infragpt_connectors::github::verification::WebhookSecret;
use infragpt_nats::{Bare, Log};
use serde_json::json;

use super::{
    figures::{median, percentile, rate},
    load::{self, Webhook},
    plan::{Plan, Size},
    report::{Goal, Row, Unit},
};
use crate::environment::Endpoints;

const STREAM: &str = "RAW_GITHUB";
const EVENT: &str = "push";
const CONNECTIONS: usize = 64;
/// Acknowledgements that the bare publisher may have outstanding.
const IN_FLIGHT: usize = 256;

/// Where webhooks go, and what they are counted and compared with.
pub(super) struct Ingest<'a> {
    pub endpoints: &'a Endpoints,
    pub bare: &'a Bare,
    pub log: &'a Log,
    /// The next delivery id.
    pub next_id: usize,
}

struct Measured {
    webhooks: f64,
    bare: f64,
    /// In milliseconds.
    p50: f64,
    p99: f64,
    rounds: usize,
}

impl Ingest<'_> {
    /// The inbound role alone, as it runs in production beside the others: the goal.
    pub async fn alone(&mut self, plan: &Plan) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for size in &plan.sizes {
            let Measured {
                webhooks,
                bare,
                p50,
                p99,
                rounds,
            } = self.measure(*size, plan).await?;
            let id = format!("ingest.{}", size.bytes);
            rows.push(
                Row::new(
                    &id,
                    format!("Webhooks of {}, stored", size.name),
                    webhooks,
                    Unit::PerSecond,
                    rounds,
                )
                .against(bare)
                .goal(Goal::RatioAtLeast(0.8)),
            );
            let samples = rounds * size.webhooks;
            rows.push(Row::new(
                format!("{id}.p50"),
                "  each until 2xx, p50",
                p50,
                Unit::Milliseconds,
                samples,
            ));
            rows.push(Row::new(
                format!("{id}.p99"),
                "  each until 2xx, p99",
                p99,
                Unit::Milliseconds,
                samples,
            ));
        }
        Ok(rows)
    }

    /// All roles in one process: handlers and read models work on the same webhooks meanwhile.
    pub async fn together(&mut self, plan: &Plan) -> anyhow::Result<Row> {
        let size = Size {
            webhooks: plan.sizes[1].webhooks / 2,
            ..plan.sizes[1]
        };
        let plan = Plan {
            rounds: plan.rounds.min(3),
            ..plan.clone()
        };
        let Measured {
            webhooks, bare, rounds, ..
        } = self.measure(size, &plan).await?;
        let what = format!("Webhooks of {}, all roles busy with them", size.name);
        Ok(Row::new("ingest.together", what, webhooks, Unit::PerSecond, rounds).against(bare))
    }

    async fn measure(&mut self, size: Size, plan: &Plan) -> anyhow::Result<Measured> {
        let body = body(size.bytes);
        let payload = Bytes::from(body.clone());
        let signature = WebhookSecret::new(&self.endpoints.github_webhook_secret.clone().into()).sign(&body);
        let host = self.endpoints.api_url.trim_start_matches("http://");
        let webhook = Webhook {
            host,
            event: EVENT,
            signature: &signature,
            body: &body,
        };
        let warm_up = size.webhooks / 10 + CONNECTIONS;
        load::deliver(&webhook, self.next_id, warm_up, CONNECTIONS).await?;
        self.next_id += warm_up;
        self.bare.publish_pipelined(&payload, warm_up, IN_FLIGHT).await?;
        let (mut webhooks, mut bare, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
        let started = Instant::now();
        for round in 0..plan.rounds {
            if round > 0 && started.elapsed() > plan.size_within {
                break;
            }
            let before = self.log.stream(STREAM).await?.last_sequence;
            let delivered = load::deliver(&webhook, self.next_id, size.webhooks, CONNECTIONS).await?;
            self.next_id += size.webhooks;
            let stored = self.log.stream(STREAM).await?.last_sequence - before;
            ensure!(
                stored == size.webhooks as u64,
                "{} webhooks were accepted and {stored} stored",
                size.webhooks
            );
            webhooks.push(rate(size.webhooks, delivered.took));
            latencies.extend(delivered.latencies);
            bare.push(rate(
                size.webhooks,
                self.bare.publish_pipelined(&payload, size.webhooks, IN_FLIGHT).await?,
            ));
        }
        self.bare.empty(&[]).await?;
        Ok(Measured {
            webhooks: median(&webhooks),
            bare: median(&bare),
            p50: median(&latencies),
            p99: percentile(&latencies, 99),
            rounds: webhooks.len(),
        })
    }
}

/// A push of exactly `bytes` bytes, or a few more where that is less than a push needs.
fn body(bytes: usize) -> Vec<u8> {
    let commit = |number: usize, message: &str| {
        json!({
            "id": format!("{number:040x}"), "message": message, "timestamp": "2026-03-01T12:00:00Z",
            "url": format!("https://github.com/acme/payments/commit/{number:040x}"),
            "author": { "name": "Maya", "email": "maya@example.com", "username": "maya" },
            "added": [], "removed": [], "modified": [format!("src/module_{number}.rs")],
        })
    };
    let push = |commits: &[serde_json::Value]| {
        json!({
            "ref": "refs/heads/main", "before": format!("{:040x}", 1), "after": format!("{:040x}", 2),
            "compare": "https://github.com/acme/payments/compare/1...2", "created": false, "deleted": false, "forced": false,
            "repository": {
                "id": 1, "name": "payments", "full_name": "acme/payments", "private": true,
                "html_url": "https://github.com/acme/payments", "default_branch": "main",
                "owner": { "login": "acme", "id": 2, "type": "Organization" },
            },
            "pusher": { "name": "maya", "email": "maya@example.com" },
            "sender": { "login": "maya", "id": 3, "type": "User", "html_url": "https://github.com/maya" },
            "installation": { "id": 4242 }, "commits": commits, "head_commit": commits.last(),
        })
        .to_string()
    };
    let mut commits = vec![commit(0, "Retry a declined card once")];
    let mut text = push(&commits);
    // Each further commit replaces the head commit, which is as long as itself.
    while text.len() + 500 < bytes {
        commits.insert(0, commit(commits.len(), "Move the ledger to its own module"));
        text = push(&commits);
    }
    let missing = bytes.saturating_sub(text.len());
    text.push_str(&" ".repeat(missing));
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_size_that_the_table_says() {
        for bytes in [1_700, 8_000, 25_000] {
            let body = body(bytes);
            assert_eq!(body.len(), bytes);
            assert_eq!(
                serde_json::from_slice::<serde_json::Value>(&body).unwrap()["installation"]["id"],
                4242
            );
        }
    }
}
