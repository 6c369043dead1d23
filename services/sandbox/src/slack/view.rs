use serde_json::{Map, Value, json};

use super::{arguments::Arguments, block, web_api::Answer};
use crate::{clock, world::World};

/// Slack refuses larger views, in bytes.
const LARGEST: usize = 250_000;

/// Slack knows a trigger that is too old for what it is; after this time, in milliseconds, the sandbox forgets it.
const REMEMBERED: i64 = 600_000;

/// What a gesture allows the app to open, once and soon.
#[derive(Debug)]
pub(super) struct Trigger {
    user: String,
    /// Milliseconds since the epoch.
    at: i64,
    exchanged: bool,
}

/// A modal that somebody has open.
#[derive(Clone, Debug)]
pub(crate) struct Modal {
    pub(crate) user: String,
    pub(crate) view: Value,
}

/// A trigger of what this person does now.
pub(crate) fn trigger(world: &World, user: &str) -> String {
    let at = clock::milliseconds();
    let id = format!("{at}.{}.{}", clock::seconds(), hex::encode(clock::random()));
    let trigger = Trigger {
        user: user.to_owned(),
        at,
        exchanged: false,
    };
    world.surface.change(|kept| {
        kept.triggers.retain(|_, before| at - before.at < REMEMBERED);
        kept.triggers.insert(id.clone(), trigger);
    });
    id
}

/// <https://docs.slack.dev/reference/methods/views.open>
pub(super) fn open(world: &World, arguments: &Arguments) -> Answer {
    let view = read(world, arguments, "modal")?;
    let trigger = arguments.text("trigger_id").ok_or("invalid_arguments")?;
    let user = exchange(world, &trigger)?;
    let external = &view["external_id"];
    let is_taken = |modal: &Modal| external != "" && modal.view["external_id"] == *external;
    world.surface.change(|kept| {
        if kept.modals.iter().any(is_taken) {
            return Err("duplicate_external_id");
        }
        kept.modals.push(Modal {
            user,
            view: view.clone(),
        });
        Ok(())
    })?;
    Ok(json!({ "view": view }))
}

/// <https://docs.slack.dev/reference/methods/views.update>
pub(super) fn update(world: &World, arguments: &Arguments) -> Answer {
    let mut view = read(world, arguments, "modal")?;
    let (id, external) = (arguments.text("view_id"), arguments.text("external_id"));
    let hash = arguments.text("hash");
    world.surface.change(|kept| {
        let named = |modal: &&mut Modal| match (&id, &external) {
            (Some(id), _) => modal.view["id"] == **id,
            (None, Some(external)) => modal.view["external_id"] == **external,
            (None, None) => false,
        };
        let modal = kept.modals.iter_mut().find(named).ok_or("not_found")?;
        if hash.is_some_and(|hash| modal.view["hash"] != *hash) {
            return Err("hash_conflict");
        }
        for same in ["id", "root_view_id"] {
            view[same] = modal.view[same].clone();
        }
        modal.view = view.clone();
        Ok(())
    })?;
    Ok(json!({ "view": view }))
}

/// <https://docs.slack.dev/reference/methods/views.publish>
pub(super) fn publish(world: &World, arguments: &Arguments) -> Answer {
    let user = arguments.text("user_id").ok_or("invalid_arguments")?;
    let view = read(world, arguments, "home")?;
    let hash = arguments.text("hash");
    world.surface.change(|kept| {
        let before = kept.homes.get(&user);
        if hash.is_some_and(|hash| before.is_some_and(|view| view["hash"] != *hash)) {
            return Err("hash_conflict");
        }
        kept.homes.insert(user, view.clone());
        Ok(())
    })?;
    Ok(json!({ "view": view }))
}

/// The view on somebody's App Home.
pub(crate) fn home(world: &World, user: &str) -> Option<Value> {
    world.surface.look(|kept| kept.homes.get(user).cloned())
}

/// The view on each person's App Home.
pub(crate) fn homes(world: &World) -> Map<String, Value> {
    let all = |homes: &std::collections::BTreeMap<String, Value>| homes.clone().into_iter().collect();
    world.surface.look(|kept| all(&kept.homes))
}

/// Open modals, the topmost last.
pub(crate) fn modals(world: &World) -> Vec<Modal> {
    world.surface.look(|kept| kept.modals.clone())
}

/// Puts another view where a modal is, or closes it.
pub(crate) fn replace(world: &World, id: &str, with: Option<Value>) {
    world.surface.change(|kept| match with {
        Some(view) => {
            if let Some(modal) = kept.modals.iter_mut().find(|modal| modal.view["id"] == *id) {
                let view = completed(world, view, "modal");
                modal.view = view;
            }
        }
        None => kept.modals.retain(|modal| modal.view["id"] != *id),
    });
}

/// Closes everything that somebody has open.
pub(crate) fn close_all(world: &World, user: &str) {
    world
        .surface
        .change(|kept| kept.modals.retain(|modal| modal.user != user));
}

/// Opens a view above another one.
pub(crate) fn push(world: &World, user: &str, view: Value) {
    let view = completed(world, view, "modal");
    let user = user.to_owned();
    world.surface.change(|kept| kept.modals.push(Modal { user, view }));
}

fn exchange(world: &World, id: &str) -> Result<String, &'static str> {
    let lifetime = world.configuration.slack.acknowledgement_timeout.as_millis();
    world.surface.change(|kept| {
        let trigger = kept.triggers.get_mut(id).ok_or("invalid_trigger_id")?;
        if trigger.exchanged {
            return Err("exchanged_trigger_id");
        }
        if clock::milliseconds().abs_diff(trigger.at) > u64::try_from(lifetime).unwrap_or(u64::MAX) {
            return Err("expired_trigger_id");
        }
        trigger.exchanged = true;
        Ok(trigger.user.clone())
    })
}

fn read(world: &World, arguments: &Arguments, kind: &str) -> Result<Value, &'static str> {
    let view = arguments
        .json("view", "invalid_arguments")?
        .ok_or("invalid_arguments")?;
    if !view.is_object() || view["type"] != kind || !view["blocks"].is_array() {
        return Err("invalid_arguments");
    }
    if kind == "modal" && !view["title"]["text"].is_string() {
        return Err("invalid_arguments");
    }
    if view.to_string().len() > LARGEST {
        return Err("view_too_large");
    }
    Ok(completed(world, view, kind))
}

/// A view with everything that Slack adds to it.
fn completed(world: &World, mut view: Value, kind: &str) -> Value {
    let slack = &world.configuration.slack;
    let id = clock::slack_id("V");
    view["blocks"] = block::identified(&view["blocks"]);
    view["id"] = id.as_str().into();
    view["root_view_id"] = id.into();
    view["type"] = kind.into();
    view["team_id"] = slack.team_id.as_str().into();
    view["app_id"] = slack.app_id.as_str().into();
    view["bot_id"] = slack.bot_id.as_str().into();
    view["hash"] = format!("{}.{}", clock::seconds(), hex::encode(&clock::random()[..4])).into();
    for (name, usual) in [
        ("private_metadata", json!("")),
        ("callback_id", json!("")),
        ("external_id", json!("")),
        ("state", json!({ "values": {} })),
        ("clear_on_close", json!(false)),
        ("notify_on_close", json!(false)),
    ] {
        if view[name].is_null() {
            view[name] = usual;
        }
    }
    view
}
