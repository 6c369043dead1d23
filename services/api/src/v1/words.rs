//! The words that the API gives and takes, as the events have them.

use infragpt_events::{
    action,
    change::ChangeKind,
    integration::Lifecycle,
    organization::{CompanySize, Observability, Role, TeamSize, UseCase},
};
use infragpt_projections::audit::Outcome;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type};

fn one_of(words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .into()
}

fn several_of(words: RefOr<Schema>) -> RefOr<Schema> {
    ArrayBuilder::new().items(words).into()
}

pub(super) fn role() -> RefOr<Schema> {
    one_of([Role::Member, Role::Admin].map(Role::as_str))
}

pub(super) fn company_size() -> RefOr<Schema> {
    one_of(CompanySize::ALL.iter().map(|it| it.as_str()))
}

pub(super) fn team_size() -> RefOr<Schema> {
    one_of(TeamSize::ALL.iter().map(|it| it.as_str()))
}

pub(super) fn use_cases() -> RefOr<Schema> {
    several_of(one_of(UseCase::ALL.iter().map(|it| it.as_str())))
}

pub(super) fn observability() -> RefOr<Schema> {
    several_of(one_of(Observability::ALL.iter().map(|it| it.as_str())))
}

pub(super) fn lifecycle() -> RefOr<Schema> {
    one_of(
        [
            Lifecycle::NotStarted,
            Lifecycle::Pending,
            Lifecycle::Active,
            Lifecycle::Degraded,
            Lifecycle::Suspended,
            Lifecycle::Disconnected,
        ]
        .map(Lifecycle::as_str),
    )
}

pub(super) fn change_kind() -> RefOr<Schema> {
    one_of(ChangeKind::ALL.map(ChangeKind::as_str))
}

pub(super) fn change_kinds() -> RefOr<Schema> {
    ArrayBuilder::new()
        .items(change_kind())
        .min_items(Some(1))
        .max_items(Some(32))
        .into()
}

pub(super) fn action_state() -> RefOr<Schema> {
    one_of(action::State::ALL.map(action::State::as_str))
}

pub(super) fn answer_state() -> RefOr<Schema> {
    one_of(["requested", "posted", "failed"])
}

pub(super) fn outcome() -> RefOr<Schema> {
    one_of(Outcome::ALL.map(Outcome::as_str))
}
