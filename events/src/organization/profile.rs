//! What an organization says about itself when it begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One list of words, as they are stored and shown.
macro_rules! words {
    ($(#[$documentation:meta])* $name:ident { $($(#[$word_documentation:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$word_documentation])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one, in the order in which people are asked.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word as it is stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// How many people work in the company.
    CompanySize {
        /// 1 to 10.
        UpTo10 = "1-10",
        /// 11 to 50.
        UpTo50 = "11-50",
        /// 51 to 200.
        UpTo200 = "51-200",
        /// 201 to 1000.
        UpTo1000 = "201-1000",
        /// More than 1000.
        MoreThan1000 = "1000+",
    }
}

words! {
    /// How many engineers are on the team that uses the product.
    TeamSize {
        /// 1 to 5.
        UpTo5 = "1-5",
        /// 6 to 20.
        UpTo20 = "6-20",
        /// 21 to 50.
        UpTo50 = "21-50",
        /// More than 50.
        MoreThan50 = "50+",
    }
}

words! {
    /// What the product is wanted for.
    UseCase {
        /// Finding out what broke, and why.
        IncidentResponse = "incident_response",
        /// Knowing what was deployed, where and by whom.
        DeploymentTracking = "deployment_tracking",
        /// Taking over from those who were on call before.
        OnCallHandover = "on_call_handover",
        /// Knowing what changed.
        ChangeAwareness = "change_awareness",
        /// Doing what is always done the same way.
        RunbookAutomation = "runbook_automation",
        /// Answering the questions that come again and again.
        KnowledgeSharing = "knowledge_sharing",
        /// Watching what the infrastructure costs.
        CostReview = "cost_review",
        /// Something else.
        Other = "other",
    }
}

words! {
    /// What the company watches its systems with.
    Observability {
        /// Datadog.
        Datadog = "datadog",
        /// Grafana, whatever is behind it.
        Grafana = "grafana",
        /// Prometheus.
        Prometheus = "prometheus",
        /// New Relic.
        NewRelic = "new_relic",
        /// Honeycomb.
        Honeycomb = "honeycomb",
        /// Elastic.
        Elastic = "elastic",
        /// Splunk.
        Splunk = "splunk",
        /// Sentry.
        Sentry = "sentry",
        /// OpenTelemetry.
        OpenTelemetry = "opentelemetry",
        /// Amazon CloudWatch.
        CloudWatch = "cloudwatch",
        /// Google Cloud's operations suite.
        GoogleCloud = "google_cloud",
        /// Azure Monitor.
        AzureMonitor = "azure_monitor",
        /// PagerDuty.
        PagerDuty = "pagerduty",
        /// Something else.
        Other = "other",
        /// Nothing yet.
        None = "none",
    }
}

/// What an organization says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// How many people work in the company.
    pub company_size: CompanySize,
    /// How many engineers use the product.
    pub team_size: TeamSize,
    /// What it is wanted for; sorted, each once.
    pub use_cases: Vec<UseCase>,
    /// What the systems are watched with; sorted, each once.
    pub observability: Vec<Observability>,
}

impl Profile {
    /// The same with its lists sorted and everything in them once, as it is stored.
    pub fn in_order(mut self) -> Self {
        self.use_cases.sort_unstable();
        self.use_cases.dedup();
        self.observability.sort_unstable();
        self.observability.dedup();
        self
    }
}
