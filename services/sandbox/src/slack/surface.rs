use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    assistant::{Prompts, Status},
    channel::Channel,
    file::Upload,
    response_url::Issued,
    stream::Limits,
    view::{Modal, Trigger},
};

/// A thread: the channel, and the timestamp of its first message.
pub(super) type Thread = (String, String);

/// What people see of the app besides messages, and what leads to it. Nothing of it survives a restart.
#[derive(Debug)]
pub(crate) struct Surface {
    kept: Mutex<Kept>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Channels that somebody made after the start.
    pub(super) channels: Vec<Channel>,
    pub(super) statuses: BTreeMap<Thread, Status>,
    pub(super) prompts: BTreeMap<Thread, Prompts>,
    /// The view on each person's App Home.
    pub(super) homes: BTreeMap<String, Value>,
    /// Open modals, the topmost last.
    pub(super) modals: Vec<Modal>,
    pub(super) triggers: HashMap<String, Trigger>,
    pub(super) responses: HashMap<String, Issued>,
    pub(super) uploads: HashMap<String, Upload>,
    pub(super) limits: Limits,
}

impl Default for Surface {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Surface {
    /// Reads, without telling anybody.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes it, and tells whoever watches.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let changed = change(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        changed
    }

    /// Sees a new value after every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// As at the start.
    pub(crate) fn clear(&self) {
        self.change(|kept| *kept = Kept::default());
    }
}
