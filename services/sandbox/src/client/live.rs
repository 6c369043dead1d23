use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};

use crate::world::Shared;

/// Changes that come closer together than this are told once.
const TOGETHER: Duration = Duration::from_millis(30);

/// Tells the page that there is something new, once at the start and after every change.
pub(super) async fn events(State(world): State<Shared>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (messages, surface) = (world.messages.changes(), world.surface.changes());
    let connections = world.hub.live();
    let changes = stream::unfold(
        (messages, surface, connections, false),
        |(mut messages, mut surface, mut connections, is_late)| async move {
            if is_late {
                let outcome = tokio::select! {
                    changed = messages.changed() => changed,
                    changed = surface.changed() => changed,
                    changed = connections.changed() => changed,
                };
                outcome.ok()?;
                tokio::time::sleep(TOGETHER).await;
            }
            let seen = (
                *messages.borrow_and_update(),
                *surface.borrow_and_update(),
                *connections.borrow_and_update(),
            );
            let event = Event::default()
                .event("change")
                .data(format!("{}.{}.{}", seen.0, seen.1, seen.2));
            Some((Ok(event), (messages, surface, connections, true)))
        },
    );
    // An open page must not keep the sandbox from stopping.
    let until = world.shutdown.clone().cancelled_owned();
    Sse::new(changes.take_until(until)).keep_alive(KeepAlive::default())
}
