use super::{
    delivery::{Webhook, send},
    event::Event,
};
use crate::world::{Shared, World};

/// An event, and what became of telling it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) event: Event,
    /// `svix-id`, if it was sent.
    pub(crate) id: Option<String>,
    /// What the app answered; `None` when it could not be reached, or was not to be.
    pub(crate) status: Option<u16>,
}

/// Where events are told.
#[derive(Clone, Debug)]
pub(crate) enum To {
    /// The instance's webhook URL, if it has one.
    Usual,
    /// Another address.
    Url(String),
    /// Nowhere.
    Nowhere,
}

/// Tells one event after the other, each once.
pub(crate) async fn tell(world: &World, events: Vec<Event>, to: &To) -> Vec<Told> {
    let url = match to {
        To::Usual => world.clerk.settings().webhook_url,
        To::Url(url) => Some(url.clone()),
        To::Nowhere => None,
    };
    let mut all = Vec::new();
    for event in events {
        let Some(url) = &url else {
            all.push(Told {
                event,
                id: None,
                status: None,
            });
            continue;
        };
        let body = event.body(&world.configuration.clerk.instance_id).to_string();
        let webhook = Webhook::new(world, url, &event.kind, body);
        let status = send(world, &webhook).await.ok().map(|(status, _)| status);
        all.push(Told {
            event,
            id: Some(webhook.id),
            status,
        });
    }
    all
}

/// What became of telling the app who and what exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Webhooks that the app took.
    pub sent: usize,
    /// Webhooks that it refused or did not answer.
    pub failed: usize,
}

/// Tells everything that exists, as if it had just been made; nothing without an address.
pub(crate) async fn announce_everything(world: &World, to: &To) -> Announced {
    let events = world.clerk.directory.lock().created();
    let told = tell(world, events, to).await;
    let tried = told.iter().filter(|it| it.id.is_some()).count();
    let took = |it: &&Told| it.status.is_some_and(|status| (200..300).contains(&status));
    let sent = told.iter().filter(took).count();
    Announced {
        sent,
        failed: tried - sent,
    }
}

/// Tells it in the background.
pub(super) fn announce(world: &Shared, events: Vec<Event>) {
    let (tracked, world) = (world.clone(), world.clone());
    tracked.tasks.spawn(async move {
        tokio::select! {
            _ = tell(&world, events, &To::Usual) => {}
            () = world.shutdown.cancelled() => {}
        }
    });
}
