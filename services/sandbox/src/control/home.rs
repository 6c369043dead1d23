use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    gesture,
    route::{self, Way},
    verb::{Answer, read},
};
use crate::{
    problem::Problem,
    slack::{self, Message, conversations, view},
    world::Shared,
};

#[derive(Debug, Deserialize)]
struct Home {
    user: Option<String>,
    #[serde(default)]
    tab: Tab,
    #[serde(flatten)]
    way: Way,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tab {
    #[default]
    Home,
    Messages,
}

/// Somebody opens the app's own page.
pub(super) async fn home(world: &Shared, body: &[u8]) -> Answer {
    let home: Home = read(body)?;
    let route = home.way.route(world)?;
    let user = person(world, home.user.as_deref())?;
    let tab = match home.tab {
        Tab::Home => "home",
        Tab::Messages => "messages",
    };
    let event = slack::home_opened(world, &user, tab);
    let (delivered, id) = route::tell(world, &home.way, &route, &event).await;
    let view = view::home(world, &user);
    Ok(json!({ "acked": delivered.acked, "event_id": id, "status": delivered.status, "view": view }))
}

#[derive(Debug, Deserialize)]
struct Assistant {
    user: Option<String>,
    /// The channel that the person was looking at.
    from: Option<String>,
    #[serde(flatten)]
    way: Way,
}

/// Somebody begins a conversation with the app in their direct messages.
pub(super) async fn assistant(world: &Shared, body: &[u8]) -> Answer {
    let assistant: Assistant = read(body)?;
    let route = assistant.way.route(world)?;
    let user = person(world, assistant.user.as_deref())?;
    let slack = &world.configuration.slack;
    let ts = world.clock.next_ts();
    let root = Message {
        channel: conversations::direct(&user),
        ts: ts.clone(),
        thread_ts: Some(ts.clone()),
        user: Some(slack.bot_user.clone()),
        subtype: Some("assistant_app_thread".into()),
        text: "New conversation".into(),
        ..Message::default()
    };
    let channel = root.channel.clone();
    world.messages.put(root);
    let event = slack::assistant_started(world, &user, &ts, assistant.from.as_deref());
    let (delivered, id) = route::tell(world, &assistant.way, &route, &event).await;
    let status = delivered.status;
    Ok(json!({ "acked": delivered.acked, "event_id": id, "status": status, "channel": channel, "thread_ts": ts }))
}

/// The id of a person of the workspace; the first one unless told.
pub(super) fn person(world: &Shared, user: Option<&str>) -> Result<String, Problem> {
    let person: Value = gesture::person(world, user);
    let id = person["id"].as_str().unwrap_or_default();
    let is_known = world.configuration.slack.users.iter().any(|user| user.id == id);
    is_known
        .then(|| id.to_owned())
        .ok_or_else(|| Problem::bad_request(format!("There is no person `{id}`.")))
}
