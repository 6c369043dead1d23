//! `GET` and `PUT /organization/rules`: what the organization allows in its chat.

use axum::Json;
use infragpt_events::{
    OrganizationId,
    policy::{Approvers, Rules},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{
    Error, Written,
    door::{Asker, Identity},
    input::{Json as Body, Nothing, Query},
};

/// The longest list of people that is read.
const MOST_APPROVERS: usize = 200;

/// What the organization allows in its chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatRules {
    /// Whether channels that are shared with other companies, and people of those, are answered.
    shared_channels: bool,
    // A field that is read by a function can't be left out: nobody gives everybody the right to approve by forgetting it.
    /// Who may let a proposed action happen, by their identifiers in the chat; `null` for everybody of the account.
    #[serde(deserialize_with = "people")]
    #[schema(min_items = 1, max_items = 200)]
    approvers: Option<Vec<Approver>>,
    /// For how many days what was said is told to agents; `null` for ever.
    #[serde(deserialize_with = "days")]
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<u32>,
}

/// A person, by the identifier in the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9]+$", example = "U0MAYA")]
pub(crate) struct Approver(String);

/// The same person may be named twice, which the rules don't count.
fn people<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Approver>>, D::Error> {
    let people = Option::<Vec<Approver>>::deserialize(deserializer)?;
    if people.as_ref().is_some_and(|people| people.len() > MOST_APPROVERS) {
        return Err(serde::de::Error::custom(format!(
            "`approvers` names at most {MOST_APPROVERS} people"
        )));
    }
    Ok(people)
}

/// JSON has one kind of numbers: 90.0 is 90.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let text = number.to_string();
    let whole = text.strip_suffix(".0").unwrap_or(&text);
    let days = whole
        .parse()
        .map_err(|_| serde::de::Error::custom("`retention_days` is a number of days"))?;
    Ok(Some(days))
}

impl From<Rules> for ChatRules {
    fn from(rules: Rules) -> Self {
        Self {
            shared_channels: rules.shared_channels,
            approvers: match rules.approvers {
                Approvers::Anyone => None,
                Approvers::Listed(people) => Some(people.into_iter().map(Approver).collect()),
            },
            retention_days: rules.retention_days,
        }
    }
}

impl From<ChatRules> for Rules {
    fn from(rules: ChatRules) -> Self {
        Self {
            shared_channels: rules.shared_channels,
            approvers: rules.approvers.map_or(Approvers::Anyone, |people| {
                Approvers::Listed(people.into_iter().map(|Approver(person)| person).collect())
            }),
            retention_days: rules.retention_days,
        }
    }
}

/// The request of `organization.v1.rules`.
#[derive(Serialize)]
struct ShowRules<'a> {
    organization: &'a OrganizationId,
}

/// Its reply.
#[derive(Deserialize)]
struct Shown {
    rules: Rules,
}

/// The request of `organization.v1.set_rules`.
#[derive(Serialize)]
struct SetRules<'a> {
    #[serde(flatten)]
    identity: Identity<'a>,
    rules: Rules,
}

/// Its reply.
#[derive(Deserialize)]
struct Set {
    position: Option<u64>,
}

/// What the organization allows in its chat
#[utoipa::path(get, path = "/organization/rules", operation_id = "show_rules", tag = "organization",
    responses((status = 200, description = "What it allows", body = ChatRules)))]
pub(crate) async fn get(asker: Asker, _: Query<Nothing>) -> Result<Json<ChatRules>, Error> {
    let request = ShowRules {
        organization: asker.organization(),
    };
    let shown: Shown = asker.ask("organization.v1.rules", &request).await?;
    Ok(Json(shown.rules.into()))
}

/// Says what the organization allows in its chat
#[utoipa::path(put, path = "/organization/rules", operation_id = "set_rules", tag = "organization",
    request_body = ChatRules,
    responses((status = 200, description = "It allows so, or did already", body = ChatRules)))]
pub(crate) async fn put(
    asker: Asker,
    _: Query<Nothing>,
    Body(rules): Body<ChatRules>,
) -> Result<Written<ChatRules>, Error> {
    let rules = Rules::from(rules);
    let request = SetRules {
        identity: asker.identity(),
        rules: rules.clone(),
    };
    let set: Set = asker.ask("organization.v1.set_rules", &request).await?;
    Ok(Written::ok(rules.into()).at(set.position))
}
