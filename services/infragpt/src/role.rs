//! The roles that a process can have.

use std::fmt;

use clap::ValueEnum;

use crate::configuration::NatsUser;

/// One part of the system, with its own NATS user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Role {
    /// Receives Slack's events and stores them.
    Slack,
    /// Receives GitHub's webhooks and stores them.
    Github,
    /// Receives Clerk's webhooks and stores them.
    Clerk,
    /// Turns what was received into events.
    Handlers,
    /// Finds and posts answers.
    Conversations,
    /// Answers questions.
    Agent,
    /// Holds the credentials and calls the providers.
    Integrations,
    /// Writes the read models.
    Projections,
    /// Serves tools from the read models.
    Queries,
    /// Decides what administrators say about their organization, and writes what somebody was refused.
    Identity,
    /// Erases what was kept of deleted organizations and people.
    Erasure,
    /// Serves /api/v1, /healthz and /readyz, and where people come back to from Slack and GitHub.
    Api,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 12] = [
        Self::Slack,
        Self::Github,
        Self::Clerk,
        Self::Handlers,
        Self::Conversations,
        Self::Agent,
        Self::Integrations,
        Self::Projections,
        Self::Queries,
        Self::Identity,
        Self::Erasure,
        Self::Api,
    ];

    /// The NATS user that it runs as.
    pub fn user(self) -> NatsUser {
        match self {
            Self::Slack => NatsUser::Slack,
            Self::Github => NatsUser::Github,
            Self::Clerk => NatsUser::Clerk,
            Self::Handlers => NatsUser::Handlers,
            Self::Conversations => NatsUser::Conversations,
            Self::Agent => NatsUser::Agent,
            Self::Integrations => NatsUser::Integrations,
            Self::Projections => NatsUser::Projections,
            Self::Queries => NatsUser::Queries,
            Self::Identity => NatsUser::Identity,
            Self::Erasure => NatsUser::Erasure,
            Self::Api => NatsUser::Api,
        }
    }

    /// Whether other roles ask it, so that it has to outlast them.
    pub fn answers_others(self) -> bool {
        matches!(
            self,
            Self::Agent | Self::Integrations | Self::Projections | Self::Queries | Self::Identity
        )
    }

    /// Whether it serves something over HTTP.
    pub fn has_http(self) -> bool {
        matches!(self, Self::Slack | Self::Github | Self::Clerk | Self::Api)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.user().as_str())
    }
}
