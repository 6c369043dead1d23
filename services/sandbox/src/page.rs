use std::fmt::Write;

use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse},
    routing::get,
};

use crate::{
    html::escaped,
    slack::Message,
    world::{Shared, World},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;\
color:#1d1c1d;background:#fff}article{margin:.75rem 0}article article{margin-left:1.5rem;padding-left:1rem;\
border-left:3px solid #ddd}header{font-size:.9rem}time,small{color:#616061}p{margin:0;white-space:pre-wrap;\
overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#1a1d21}\
article article{border-color:#444}time,small{color:#ababad}a{color:#6cb6ff}}";

/// The page that shows the workspace.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/", get(page))
}

async fn page(State(world): State<Shared>) -> impl IntoResponse {
    Html(render(&world))
}

fn render(world: &World) -> String {
    let slack = &world.configuration.slack;
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"3\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>{team} sandbox</title><style>{STYLE}</style></head><body>\
<h1>{team}</h1><p><small>A simulated Slack workspace. Connections of the app: {connections}. \
<a href=\"/control\">Control API</a>, <a href=\"/control/state\">state</a>, \
<a href=\"/github.com/apps/{slug}/installations/new\">install the GitHub App</a>, \
<a href=\"/clerk/sign-in\">sign in</a> (Clerk).</small></p><main>",
        slug = escaped(&world.configuration.github.slug),
        team = escaped(&slack.team_name),
        connections = world.hub.connections(),
    );
    let mut channels: Vec<(String, String)> = slack
        .channels
        .iter()
        .map(|it| (it.id.clone(), format!("#{}", it.name)))
        .collect();
    for message in world.messages.all() {
        if !channels.iter().any(|(id, _)| *id == message.channel) {
            channels.push((message.channel.clone(), message.channel));
        }
    }
    for (id, name) in channels {
        let messages = world.messages.channel(&id, "");
        let _ = write!(html, "<section aria-label=\"{0}\"><h2>{0}</h2>", escaped(&name));
        if messages.is_empty() {
            html.push_str("<p><small>Nobody has written here yet.</small></p>");
        }
        for root in messages.iter().filter(|message| !message.is_reply()) {
            html.push_str("<article>");
            content(world, root, &mut html);
            for reply in messages.iter().filter(|it| it.is_reply() && it.is_in_thread(&root.ts)) {
                html.push_str("<article>");
                content(world, reply, &mut html);
                html.push_str("</article>");
            }
            html.push_str("</article>");
        }
        html.push_str("</section>");
    }
    html.push_str("</main></body></html>");
    html
}

fn content(world: &World, message: &Message, html: &mut String) {
    let slack = &world.configuration.slack;
    let name = message
        .user
        .as_ref()
        .or(message.bot_id.as_ref())
        .map_or("", String::as_str);
    let known = slack
        .users
        .iter()
        .find(|user| user.id == name)
        .map(|user| user.name.as_str());
    let name = if message.bot_id.as_ref() == Some(&slack.bot_id) {
        Some(slack.bot_name.as_str())
    } else {
        known
    }
    .unwrap_or(name);
    let text = message
        .text
        .replace(&format!("<@{}>", slack.bot_user), &format!("@{}", slack.bot_name));
    let _ = write!(
        html,
        "<header><strong>{}</strong> <time>{}</time>{}</header><p>{}</p>",
        escaped(name),
        escaped(&message.ts),
        if message.edited.is_some() {
            " <small>edited</small>"
        } else {
            ""
        },
        escaped(&text),
    );
    if message.text.is_empty()
        && let Some(blocks) = &message.blocks
    {
        let _ = write!(html, "<p><small>{}</small></p>", escaped(&blocks.to_string()));
    }
    for (reaction, users) in &message.reactions {
        let _ = write!(html, "<small>:{}: {}</small> ", escaped(reaction), users.len());
    }
}
