use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    gesture, home,
    route::{self, Kind, Way},
    verb::{Answer, read},
};
use crate::{
    problem::Problem,
    slack::{
        interaction,
        view::{self, Modal},
    },
    world::Shared,
};

#[derive(Debug, Deserialize)]
struct Submit {
    view_id: Option<String>,
    callback_id: Option<String>,
    user: Option<String>,
    /// By block and action: a text, or what Slack has there.
    #[serde(default)]
    values: Value,
    #[serde(flatten)]
    way: Way,
}

/// Somebody submits a modal; what the app answers decides what happens to it.
///
/// <https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload#view_submission>
pub(super) async fn submit(world: &Shared, body: &[u8]) -> Answer {
    let submit: Submit = read(body)?;
    let route = submit.way.route_of(world, Kind::Interaction)?;
    let modal = opened(
        world,
        submit.view_id.as_deref(),
        submit.callback_id.as_deref(),
        submit.user.as_deref(),
    )?;
    let person = gesture::person(world, Some(&modal.user));
    let mut payload = interaction::payload(world, "view_submission", &person);
    payload["view"] = modal.view.clone();
    payload["view"]["state"] = json!({ "values": filled(&modal.view, &submit.values) });
    payload["response_urls"] = json!([]);
    let delivered = route::interact(world, &submit.way, &route, payload).await;
    let answer = delivered.payload.unwrap_or_default();
    if delivered.acked {
        follow(world, &modal, &answer);
    }
    Ok(json!({
        "acked": delivered.acked,
        "payload": answer,
        "status": delivered.status,
        "errors": if answer["response_action"] == "errors" { answer["errors"].clone() } else { Value::Null },
    }))
}

#[derive(Debug, Deserialize)]
struct Dismiss {
    view_id: Option<String>,
    callback_id: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    way: Way,
}

/// Somebody closes a modal; the app is told if the view asks for it.
pub(super) async fn dismiss(world: &Shared, body: &[u8]) -> Answer {
    let dismiss: Dismiss = read(body)?;
    let route = dismiss.way.route_of(world, Kind::Interaction)?;
    let modal = opened(
        world,
        dismiss.view_id.as_deref(),
        dismiss.callback_id.as_deref(),
        dismiss.user.as_deref(),
    )?;
    view::replace(world, modal.view["id"].as_str().unwrap_or_default(), None);
    if modal.view["notify_on_close"] != true {
        return Ok(json!({ "acked": true, "told": false }));
    }
    let person = gesture::person(world, Some(&modal.user));
    let mut payload = interaction::payload(world, "view_closed", &person);
    payload["view"] = modal.view;
    payload["is_cleared"] = false.into();
    let delivered = route::interact(world, &dismiss.way, &route, payload).await;
    Ok(json!({ "acked": delivered.acked, "told": true }))
}

/// The topmost modal of somebody that fits.
fn opened(world: &Shared, id: Option<&str>, callback: Option<&str>, user: Option<&str>) -> Result<Modal, Problem> {
    let user = home::person(world, user)?;
    let fits = |modal: &Modal| {
        modal.user == user
            && id.is_none_or(|id| modal.view["id"] == *id)
            && callback.is_none_or(|callback| modal.view["callback_id"] == *callback)
    };
    let modal = view::modals(world).into_iter().rev().find(fits);
    modal.ok_or_else(|| Problem::bad_request(format!("`{user}` has no such modal open.")))
}

fn follow(world: &Shared, modal: &Modal, answer: &Value) {
    let id = modal.view["id"].as_str().unwrap_or_default();
    match answer["response_action"].as_str() {
        Some("errors") => {}
        Some("update") => view::replace(world, id, Some(answer["view"].clone())),
        Some("push") => view::push(world, &modal.user, answer["view"].clone()),
        Some("clear") => view::close_all(world, &modal.user),
        _ => view::replace(world, id, None),
    }
}

/// `view.state.values`: what somebody entered, and the initial value of everything else.
fn filled(view: &Value, entered: &Value) -> Value {
    let mut values = json!({});
    let inputs = view["blocks"].as_array().into_iter().flatten();
    for block in inputs.filter(|block| block["type"] == "input") {
        let (Some(block_id), element) = (block["block_id"].as_str(), &block["element"]) else {
            continue;
        };
        let action = element["action_id"].as_str().unwrap_or("input");
        let kind = &element["type"];
        let given = &entered[block_id][action];
        values[block_id][action] = match given {
            Value::Object(_) => given.clone(),
            Value::String(text) => written(element, text),
            _ if kind == "plain_text_input" => json!({ "type": kind, "value": element["initial_value"] }),
            _ => json!({ "type": kind, "selected_option": element["initial_option"] }),
        };
    }
    values
}

fn written(element: &Value, text: &str) -> Value {
    let kind = &element["type"];
    if let Some(options) = element["options"].as_array() {
        let chosen = options.iter().find(|option| option["value"] == *text);
        return json!({ "type": kind, "selected_option": chosen });
    }
    // Slack says nothing where nothing was written.
    let value = Some(text).filter(|text| !text.is_empty());
    json!({ "type": kind, "value": value })
}
