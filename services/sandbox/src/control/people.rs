use serde::Deserialize;
use serde_json::{Value, json};

use super::verb::{Answer, read};
use crate::{
    clerk::{self, Change, OrganizationFields, To, Told, UserFields},
    clock,
    problem::Problem,
    world::World,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Create,
    Update,
    Delete,
}

/// Where the app is told.
#[derive(Debug, Default)]
struct Way {
    url: Option<String>,
    /// The app is told nothing, and the answer still has what would have been.
    lose: bool,
}

impl Way {
    fn to(self) -> To {
        match (self.lose, self.url) {
            (true, _) => To::Nowhere,
            (false, Some(url)) => To::Url(url),
            (false, None) => To::Usual,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    id: Option<String>,
    action: Action,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    url: Option<String>,
    #[serde(default)]
    lose: bool,
}

/// Somebody signs up, is called something else, or deletes their account.
pub(super) async fn clerk_user(world: &World, body: &[u8]) -> Answer {
    let wanted: User = read(body)?;
    let id = identified("user", wanted.id, wanted.action)?;
    let fields = UserFields {
        first_name: wanted.first_name,
        last_name: wanted.last_name,
        email: wanted.email,
    };
    let way = Way {
        url: wanted.url,
        lose: wanted.lose,
    };
    let change = match wanted.action {
        Action::Create => Change::CreateUser { id: id.clone(), fields },
        Action::Update => Change::UpdateUser { id: id.clone(), fields },
        Action::Delete => Change::DeleteUser { id: id.clone() },
    };
    changed(world, change, way, &id).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Organization {
    id: Option<String>,
    action: Action,
    name: Option<String>,
    slug: Option<String>,
    created_by: Option<String>,
    url: Option<String>,
    #[serde(default)]
    lose: bool,
}

/// Somebody creates, renames or deletes an organization.
pub(super) async fn clerk_organization(world: &World, body: &[u8]) -> Answer {
    let wanted: Organization = read(body)?;
    let id = identified("org", wanted.id, wanted.action)?;
    let fields = OrganizationFields {
        name: wanted.name,
        slug: wanted.slug,
    };
    let way = Way {
        url: wanted.url,
        lose: wanted.lose,
    };
    let change = match wanted.action {
        Action::Create => Change::CreateOrganization {
            id: id.clone(),
            fields,
            by: wanted.created_by.unwrap_or_else(|| "user_maya".to_owned()),
        },
        Action::Update => Change::UpdateOrganization { id: id.clone(), fields },
        Action::Delete => Change::DeleteOrganization { id: id.clone() },
    };
    changed(world, change, way, &id).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Membership {
    user: String,
    organization: String,
    action: Action,
    #[serde(default = "member")]
    role: String,
    url: Option<String>,
    #[serde(default)]
    lose: bool,
}

fn member() -> String {
    "member".to_owned()
}

/// Somebody joins an organization, gets another role there, or leaves.
pub(super) async fn clerk_membership(world: &World, body: &[u8]) -> Answer {
    let wanted: Membership = read(body)?;
    let way = Way {
        url: wanted.url,
        lose: wanted.lose,
    };
    let (user, organization, role) = (wanted.user, wanted.organization, wanted.role);
    let change = match wanted.action {
        Action::Create => Change::CreateMembership {
            user,
            organization,
            role,
        },
        Action::Update => Change::UpdateMembership {
            user,
            organization,
            role,
        },
        Action::Delete => Change::DeleteMembership { user, organization },
    };
    let events = clerk::apply(&world.clerk, change, clock::milliseconds()).map_err(Problem::bad_request)?;
    let id = events.first().map_or(Value::Null, |event| event.data["id"].clone());
    Ok(json!({ "id": id, "deliveries": told(world, events, way).await }))
}

/// The id that a body has; a new thing gets one without.
fn identified(prefix: &str, id: Option<String>, action: Action) -> Result<String, Problem> {
    match (id, action) {
        (Some(id), _) => Ok(id),
        (None, Action::Create) => Ok(format!("{prefix}_{}", hex::encode(&clock::random()[..12]))),
        (None, Action::Update | Action::Delete) => Err(Problem::bad_request("The action needs `id`.")),
    }
}

async fn changed(world: &World, change: Change, way: Way, id: &str) -> Answer {
    let events = clerk::apply(&world.clerk, change, clock::milliseconds()).map_err(Problem::bad_request)?;
    Ok(json!({ "id": id, "deliveries": told(world, events, way).await }))
}

async fn told(world: &World, events: Vec<clerk::Event>, way: Way) -> Vec<Value> {
    let shown = |it: &Told| {
        json!({
            "type": it.event.kind,
            "data": it.event.data,
            "at": it.event.at,
            "id": it.id,
            "status": it.status,
        })
    };
    clerk::tell(world, events, &way.to()).await.iter().map(shown).collect()
}
