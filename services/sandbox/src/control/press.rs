use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    gesture,
    route::{self, Kind, Way},
    verb::{Answer, read},
};
use crate::{
    problem::Problem,
    slack::{
        self, block, interaction,
        response_url::{self, Response},
        view,
    },
    world::Shared,
};

#[derive(Debug, Deserialize)]
struct Press {
    /// The message that has the button.
    ts: Option<String>,
    channel: Option<String>,
    /// Or the view that has it.
    view_id: Option<String>,
    action_id: String,
    block_id: Option<String>,
    value: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    way: Way,
}

/// Somebody presses a button that is there, or chooses from a menu.
///
/// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
pub(super) async fn press(world: &Shared, body: &[u8]) -> Answer {
    let press: Press = read(body)?;
    let route = press.way.route_of(world, Kind::Interaction)?;
    let person = gesture::person(world, press.user.as_deref());
    let mut payload = interaction::payload(world, "block_actions", &person);
    payload["state"] = json!({ "values": {} });
    let blocks = match (&press.ts, &press.view_id) {
        (Some(ts), _) => on_message(world, &press, ts, &mut payload)?,
        (None, Some(id)) => on_view(world, id, &person, &mut payload)?,
        (None, None) => return Err(Problem::bad_request("The body needs `ts` or `view_id`.")),
    };
    let missing = || Problem::bad_request(format!("There is no such button `{}`.", press.action_id));
    let found = blocks.iter().find_map(|blocks| {
        block::action(
            blocks,
            &press.action_id,
            press.block_id.as_deref(),
            press.value.as_deref(),
        )
    });
    let mut action = found.ok_or_else(missing)?;
    action["action_ts"] = world.clock.next_ts().into();
    payload["actions"] = json!([action]);
    let trigger = payload["trigger_id"].clone();
    let delivered = route::interact(world, &press.way, &route, payload).await;
    let (acked, status) = (delivered.acked, delivered.status);
    Ok(json!({ "acked": acked, "payload": delivered.payload, "status": status, "trigger_id": trigger }))
}

/// Fills in where a message's button is; returns the blocks in which it can be.
fn on_message(world: &Shared, press: &Press, ts: &str, payload: &mut Value) -> Result<Vec<Value>, Problem> {
    let channel = gesture::channel(world, press.channel.as_deref())?;
    let unknown = || Problem::bad_request(format!("There is no message `{ts}` in `{channel}`."));
    let message = world.messages.get(&channel, ts).ok_or_else(unknown)?;
    let mut shown = slack::shown(world, &message);
    let mut blocks = Vec::new();
    if let Some(own) = &message.blocks {
        let own = block::identified(own);
        shown.insert("blocks".into(), own.clone());
        blocks.push(own);
    }
    let attached = message.attachments.iter().filter_map(Value::as_array).flatten();
    blocks.extend(attached.map(|it| it["blocks"].clone()));
    payload["container"] = json!({
        "type": "message",
        "message_ts": ts,
        "channel_id": channel,
        "is_ephemeral": message.ephemeral_to.is_some(),
    });
    if let Some(thread) = &message.thread_ts {
        payload["container"]["thread_ts"] = thread.as_str().into();
    }
    payload["channel"] = interaction::place(world, &channel);
    payload["message"] = Value::Object(shown);
    let response = Response {
        user: payload["user"]["id"].as_str().unwrap_or_default().to_owned(),
        thread_ts: message.thread_ts,
        message_ts: Some(ts.to_owned()),
        channel,
    };
    payload["response_url"] = response_url::issue(world, response).into();
    Ok(blocks)
}

/// The same for a button on App Home or in a modal.
fn on_view(world: &Shared, id: &str, person: &Value, payload: &mut Value) -> Result<Vec<Value>, Problem> {
    let user = person["id"].as_str().unwrap_or_default();
    let modals = view::modals(world).into_iter().filter(|modal| modal.user == user);
    let mut views = modals.map(|modal| modal.view).chain(view::home(world, user));
    let unknown = || Problem::bad_request(format!("`{user}` does not see a view `{id}`."));
    let view = views.find(|view| view["id"] == *id).ok_or_else(unknown)?;
    payload["container"] = json!({ "type": "view", "view_id": id });
    let blocks = view["blocks"].clone();
    payload["view"] = view;
    Ok(vec![blocks])
}
