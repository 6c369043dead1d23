use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    route::{self, Way},
    verb::{Answer, read},
};
use crate::{
    clock,
    problem::Problem,
    slack::{self, Gesture, Message, Outgoing, conversations},
    world::{Shared, World},
};

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    text: String,
    mention: Option<bool>,
    channel: Option<String>,
    user: Option<String>,
    thread_ts: Option<String>,
    subtype: Option<String>,
    bot_id: Option<String>,
    /// Of another app that posts.
    app_id: Option<String>,
    username: Option<String>,
    blocks: Option<Value>,
    attachments: Option<Value>,
    files: Option<Vec<Value>>,
    /// The channel has people of another workspace in it.
    #[serde(default)]
    shared: bool,
    /// The workspace of whoever writes, when it is another one.
    user_team: Option<String>,
    event_id: Option<String>,
    ts: Option<String>,
    team_id: Option<String>,
    kind: Option<Kind>,
    #[serde(flatten)]
    way: Way,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    AppMention,
    Message,
    Both,
}

impl Kind {
    /// The types of the events that one gesture causes.
    fn events(self) -> &'static [&'static str] {
        match self {
            Self::AppMention => &["app_mention"],
            Self::Message => &["message"],
            Self::Both => &["app_mention", "message"],
        }
    }
}

/// Somebody writes a message.
pub(super) async fn message(world: &Shared, body: &[u8]) -> Answer {
    let said: Said = read(body)?;
    let route = said.way.route(world)?;
    let gesture = said.gesture(world)?;
    world.messages.add(gesture.message.clone());
    let retry = said.way.retry(&route);
    let kinds = said.kind(world, &gesture.message).events();
    let install = world.slack_tokens.install();
    let mut event_ids = Vec::new();
    for (index, _) in kinds.iter().enumerate() {
        event_ids.push(match (&said.event_id, index) {
            (Some(id), 0) => id.clone(),
            // The second event of a repeated gesture has to be the same again too.
            (Some(id), _) => format!("{id}M"),
            (None, _) => clock::slack_id("Ev"),
        });
    }
    let deliveries = kinds.iter().zip(&event_ids).map(|(kind, id)| {
        let event = slack::gesture(world, kind, &gesture);
        let payload = slack::envelope_of(world, install, &gesture.team_id, id, &event);
        let outgoing = Outgoing {
            kind: "events_api",
            id: id.clone(),
            payload,
            retry: retry.clone(),
        };
        route::deliver(world, &said.way, &route, outgoing)
    });
    let delivered = join_all(deliveries).await;
    let statuses: Vec<Option<u16>> = delivered.iter().map(|it| it.status).collect();
    let mut answer = json!({
        "acked": delivered.iter().all(|it| it.acked),
        "channel": gesture.message.channel,
        "ts": gesture.message.ts,
        "thread_ts": gesture.message.thread_ts,
        "event_id": event_ids.first(),
        "event_ids": event_ids,
    });
    if matches!(route, slack::Route::Http(..)) {
        answer["status"] = statuses.first().copied().flatten().into();
        answer["statuses"] = json!(statuses);
    }
    Ok(answer)
}

impl Said {
    fn gesture(&self, world: &World) -> Result<Gesture, Problem> {
        let slack = &world.configuration.slack;
        let channel = channel(world, self.channel.as_deref())?;
        let tag = format!("<@{}>", slack.bot_user);
        let text = tagged(world, &self.text);
        let is_rich = self.blocks.is_some() || self.attachments.is_some() || self.files.is_some();
        let is_only_rich = text.is_empty() && is_rich;
        if text.is_empty() && !is_rich {
            return Err(Problem::bad_request("The body needs `text`."));
        }
        let mention = self.mention.unwrap_or(!channel.starts_with('D') && !is_only_rich);
        let text = if mention && !text.contains(&tag) {
            format!("{tag} {text}")
        } else {
            text
        };
        let person = || slack.users.first().map(|user| user.id.clone());
        let user = self
            .user
            .clone()
            .or_else(|| if self.bot_id.is_none() { person() } else { None });
        let owner = user.clone().unwrap_or_default();
        let files = self.files.iter().flatten();
        let files: Vec<Value> = files.map(|it| slack::file::attached(world, &owner, it)).collect();
        let subtype = self.subtype.clone();
        let message = Message {
            ts: self.ts.clone().unwrap_or_else(|| world.clock.next_ts()),
            thread_ts: self.thread_ts.clone(),
            user,
            bot_id: self.bot_id.clone(),
            app_id: self.app_id.clone(),
            username: self.username.clone(),
            blocks: self.blocks.clone(),
            attachments: self.attachments.clone(),
            subtype: subtype.or_else(|| (!files.is_empty()).then(|| "file_share".into())),
            files: (!files.is_empty()).then(|| json!(files)),
            shared: self.shared,
            user_team: self.user_team.clone(),
            text,
            channel,
            ..Message::default()
        };
        Ok(Gesture {
            message,
            team_id: self.team_id.clone().unwrap_or_else(|| slack.team_id.clone()),
        })
    }

    /// What Slack would send: a mention in a channel is told twice, everything else once.
    fn kind(&self, world: &World, message: &Message) -> Kind {
        let is_mention = message
            .text
            .contains(&format!("<@{}>", world.configuration.slack.bot_user));
        let can_mention = matches!(
            message.subtype.as_deref(),
            None | Some("file_share" | "thread_broadcast" | "bot_message")
        );
        self.kind
            .unwrap_or(if is_mention && can_mention && !message.channel.starts_with('D') {
                Kind::Both
            } else {
                Kind::Message
            })
    }
}

/// People write the app's name; Slack's editor turns it into the tag.
pub(super) fn tagged(world: &World, text: &str) -> String {
    let slack = &world.configuration.slack;
    text.replace(&format!("@{}", slack.bot_name), &format!("<@{}>", slack.bot_user))
}

/// The channel that a body means; a well-formed id that nobody configured is a channel too.
pub(super) fn channel(world: &World, named: Option<&str>) -> Result<String, Problem> {
    let Some(named) = named else {
        let first = world
            .configuration
            .slack
            .channels
            .first()
            .map(|channel| channel.id.clone());
        return first.ok_or_else(|| Problem::bad_request("The workspace has no channel; name one in `channel`."));
    };
    let is_id = named.starts_with(['C', 'D', 'G'])
        && named
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    conversations::resolve(world, named)
        .or_else(|| is_id.then(|| named.to_owned()))
        .ok_or_else(|| Problem::bad_request(format!("There is no channel `{named}`.")))
}

/// A person of the workspace, as commands and interactions name them.
pub(super) fn person(world: &World, id: Option<&str>) -> Value {
    let slack = &world.configuration.slack;
    let known = slack.users.iter().find(|user| id.is_none_or(|id| id == user.id));
    let id = id.or(known.map(|user| user.id.as_str())).unwrap_or("U0NOBODY");
    let name = known.map_or(id, |user| user.name.as_str());
    json!({ "id": id, "username": name, "name": name, "team_id": slack.team_id })
}
