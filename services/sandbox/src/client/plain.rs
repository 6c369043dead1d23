use std::fmt::Write;

use crate::{
    html::escaped,
    slack::{Message, channel},
    world::World,
};

/// The workspace for browsers that run no scripts, and for `curl`.
pub(super) fn render(world: &World) -> String {
    let mut html = String::from("<main>");
    let mut channels: Vec<(String, String)> = channel::all(world)
        .into_iter()
        .map(|it| (it.id, format!("#{}", it.name)))
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
    html.push_str("</main>");
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
