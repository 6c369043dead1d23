use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

use crate::clock;

/// Entries kept of each kind; older ones fall out, so that a sandbox can stay up for days.
const KEPT: usize = 10_000;

/// One call that a client made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) at: String,
    pub(crate) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The thread that it is about, as channel and timestamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thread: Option<(String, String)>,
}

/// One attempt to hand something to the app.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    /// `socket`, `http`, `github` or `clerk`.
    pub(crate) via: &'static str,
    /// Envelope type, event type or webhook event.
    pub(crate) kind: String,
    /// `event_id`, envelope id, webhook GUID or `svix-id`.
    pub(crate) id: String,
    pub(crate) attempt: u32,
    pub(crate) acked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    pub(crate) at: String,
}

/// What happened, for `state` and for the page.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    calls: VecDeque<Call>,
    deliveries: VecDeque<Delivery>,
}

impl Journal {
    pub(crate) fn call(&self, method: &str, error: Option<&str>) {
        self.call_in(method, None, error);
    }

    pub(crate) fn call_in(&self, method: &str, thread: Option<(String, String)>, error: Option<&str>) {
        let call = Call {
            method: method.into(),
            at: clock::precise(),
            ok: error.is_none(),
            error: error.map(str::to_owned),
            thread,
        };
        keep(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).calls, call);
    }

    pub(crate) fn delivery(&self, delivery: Delivery) {
        keep(
            &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).deliveries,
            delivery,
        );
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .calls
            .iter()
            .cloned()
            .collect()
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .deliveries
            .iter()
            .cloned()
            .collect()
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Entries::default();
    }
}

fn keep<T>(entries: &mut VecDeque<T>, entry: T) {
    if entries.len() == KEPT {
        entries.pop_front();
    }
    entries.push_back(entry);
}
