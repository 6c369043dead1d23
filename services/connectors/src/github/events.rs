//! Every webhook event of GitHub.

use crate::catalogue::catalogue;

catalogue! {
    /// What a delivery is about, `X-GitHub-Event`. <https://docs.github.com/en/webhooks/webhook-events-and-payloads>
    pub enum EventType {
        BranchProtectionConfiguration = "branch_protection_configuration",
        BranchProtectionRule = "branch_protection_rule",
        BypassRequestPushRuleset = "bypass_request_push_ruleset",
        BypassRequestSecretScanning = "bypass_request_secret_scanning",
        CheckRun = "check_run",
        CheckSuite = "check_suite",
        CodeScanningAlert = "code_scanning_alert",
        CommitComment = "commit_comment",
        ContentReference = "content_reference",
        Create = "create",
        CustomProperty = "custom_property",
        CustomPropertyPromotedToEnterprise = "custom_property_promoted_to_enterprise",
        CustomPropertyValues = "custom_property_values",
        Delete = "delete",
        DependabotAlert = "dependabot_alert",
        DeployKey = "deploy_key",
        Deployment = "deployment",
        DeploymentProtectionRule = "deployment_protection_rule",
        DeploymentReview = "deployment_review",
        DeploymentStatus = "deployment_status",
        Discussion = "discussion",
        DiscussionComment = "discussion_comment",
        DismissalRequestCodeScanning = "dismissal_request_code_scanning",
        DismissalRequestDependabot = "dismissal_request_dependabot",
        DismissalRequestSecretScanning = "dismissal_request_secret_scanning",
        ExemptionRequestPushRuleset = "exemption_request_push_ruleset",
        ExemptionRequestSecretScanning = "exemption_request_secret_scanning",
        Fork = "fork",
        GithubAppAuthorization = "github_app_authorization",
        Gollum = "gollum",
        Installation = "installation",
        InstallationRepositories = "installation_repositories",
        InstallationTarget = "installation_target",
        IssueComment = "issue_comment",
        IssueDependencies = "issue_dependencies",
        Issues = "issues",
        Label = "label",
        MarketplacePurchase = "marketplace_purchase",
        Member = "member",
        Membership = "membership",
        MergeGroup = "merge_group",
        Meta = "meta",
        Milestone = "milestone",
        OrgBlock = "org_block",
        Organization = "organization",
        Package = "package",
        PageBuild = "page_build",
        PersonalAccessTokenRequest = "personal_access_token_request",
        Ping = "ping",
        Project = "project",
        ProjectCard = "project_card",
        ProjectColumn = "project_column",
        ProjectsV2 = "projects_v2",
        ProjectsV2Item = "projects_v2_item",
        ProjectsV2StatusUpdate = "projects_v2_status_update",
        Public = "public",
        PullRequest = "pull_request",
        PullRequestReview = "pull_request_review",
        PullRequestReviewComment = "pull_request_review_comment",
        PullRequestReviewThread = "pull_request_review_thread",
        Push = "push",
        RegistryPackage = "registry_package",
        Release = "release",
        Repository = "repository",
        RepositoryAdvisory = "repository_advisory",
        RepositoryDispatch = "repository_dispatch",
        RepositoryImport = "repository_import",
        RepositoryRuleset = "repository_ruleset",
        RepositoryVulnerabilityAlert = "repository_vulnerability_alert",
        SecretScanningAlert = "secret_scanning_alert",
        SecretScanningAlertLocation = "secret_scanning_alert_location",
        SecretScanningScan = "secret_scanning_scan",
        SecurityAdvisory = "security_advisory",
        SecurityAndAnalysis = "security_and_analysis",
        Sponsorship = "sponsorship",
        Star = "star",
        Status = "status",
        SubIssues = "sub_issues",
        Team = "team",
        TeamAdd = "team_add",
        Watch = "watch",
        WorkflowDispatch = "workflow_dispatch",
        WorkflowJob = "workflow_job",
        WorkflowRun = "workflow_run",
    }
}

#[cfg(test)]
mod tests {
    use super::EventType;

    #[test]
    fn every_known_word_reads_and_writes_as_itself() {
        assert!(EventType::WORDS.len() >= 70);
        for word in EventType::WORDS {
            let kind = EventType::parse(word);
            assert_eq!(kind.as_str(), *word);
            assert_ne!(kind, EventType::Other((*word).to_owned()));
        }
    }

    #[test]
    fn an_unknown_word_is_kept() {
        let kind: EventType = serde_json::from_str("\"of_tomorrow\"").unwrap();
        assert_eq!(kind, EventType::Other("of_tomorrow".to_owned()));
        assert_eq!(kind.to_string(), "of_tomorrow");
    }
}
