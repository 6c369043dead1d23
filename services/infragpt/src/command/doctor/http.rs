//! Whether Slack, GitHub, Clerk and browsers are listened to, and whether who listens can work.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::finding::Finding;
use crate::configuration::Configuration;

/// How long it may take: each of its own checks has two seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Looks at the public listener, where browsers and webhooks come in.
pub async fn look(configuration: &Configuration) -> Vec<Finding> {
    let url = &configuration.http.public_url;
    let finding = match ask(url).await {
        Ok((ready, report)) => judge(url, ready, &report),
        Err(error) => Finding::warning(
            format!("nobody listens at {url}, where webhooks and browsers come in: {error:#}"),
            "infragpt serve, or set INFRAGPT_HTTP_PUBLIC_URL to where it is",
        ),
    };
    vec![finding]
}

async fn ask(url: &Url) -> anyhow::Result<(bool, Value)> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let answer = client.get(url.join("readyz")?).send().await?;
    let ready = answer.status().is_success();
    Ok((ready, answer.json().await?))
}

fn judge(url: &Url, ready: bool, report: &Value) -> Finding {
    let checks = report["checks"].as_object();
    let Some(checks) = checks else {
        return Finding::warning(
            format!("something else than infragpt answers at {url}"),
            "set INFRAGPT_HTTP_PUBLIC_URL to where `infragpt serve` listens",
        );
    };
    if ready {
        let roles: Vec<&str> = checks.keys().filter_map(|name| name.strip_prefix("nats.")).collect();
        return Finding::ok(format!("{url} is ready; its process is {}", roles.join(", ")));
    }
    let failing = checks.iter().filter(|(_, found)| *found != "ok");
    let failing: Vec<String> = failing
        .map(|(name, found)| format!("{name}: {}", found.as_str().unwrap_or_default()))
        .collect();
    Finding::error(
        format!("{url} is not ready ({})", failing.join("; ")),
        "mend what stands under `nats` and `postgresql`",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::finding::Status, *};

    #[test]
    fn who_listens_and_can_not_work_is_an_error() {
        let url = Url::parse("http://infragpt.example/").unwrap();
        let checks = |found: &str| json!({ "checks": { "nats.api": found } });
        assert_eq!(judge(&url, true, &checks("ok")).status, Status::Ok);
        let failing = judge(&url, false, &checks("not connected"));
        assert_eq!(failing.status, Status::Error);
        assert!(failing.found.contains("nats.api: not connected"), "{failing:?}");
        assert_eq!(judge(&url, true, &json!("hello")).status, Status::Warning);
    }
}
