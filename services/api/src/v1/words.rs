//! The words that the API gives and takes, as the events have them: each set has a name in the OpenAPI document.

use infragpt_events::{action, change, integration, organization};
use infragpt_projections::audit;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

macro_rules! words {
    ($($(#[$documentation:meta])* $name:ident of $all:expr;)+) => {$(
        $(#[$documentation])*
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some($all)).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

words! {
    /// What somebody is in an organization.
    Role of [organization::Role::Member, organization::Role::Admin].map(organization::Role::as_str);
    /// How many people work in the company.
    CompanySize of organization::CompanySize::ALL.iter().map(|it| it.as_str());
    /// How many engineers use the product.
    TeamSize of organization::TeamSize::ALL.iter().map(|it| it.as_str());
    /// What the product is wanted for.
    UseCase of organization::UseCase::ALL.iter().map(|it| it.as_str());
    /// What systems are watched with.
    Observability of organization::Observability::ALL.iter().map(|it| it.as_str());
    /// Whether a connection works.
    ConnectionState of [
        integration::Lifecycle::NotStarted,
        integration::Lifecycle::Pending,
        integration::Lifecycle::Active,
        integration::Lifecycle::Degraded,
        integration::Lifecycle::Suspended,
        integration::Lifecycle::Disconnected,
    ]
    .map(integration::Lifecycle::as_str);
    /// What kind of change.
    ChangeKind of change::ChangeKind::ALL.map(change::ChangeKind::as_str);
    /// What became of a proposed action.
    ActionState of action::State::ALL.map(action::State::as_str);
    /// Whether a question was answered.
    AnswerState of ["requested", "posted", "failed", "stopped", "merged"];
    /// What came of something that is in the audit.
    Outcome of audit::Outcome::ALL.map(audit::Outcome::as_str);
}
