//! Gestures that were asked about a moment ago.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use infragpt_events::conversation;
use uuid::Uuid;

/// How many are remembered; Slack tells of a gesture twice within a second.
const MOST: usize = 4_096;

/// Slack tells of a mention twice, as `app_mention` and as `message`. The log finds the second one asked already, at the
/// price of five round trips; what this process asked itself it need not look up.
#[derive(Debug, Default)]
pub(super) struct Gestures(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    known: HashSet<Uuid>,
    order: VecDeque<Uuid>,
}

impl Gestures {
    /// Whether the log has the question of this message, as far as this process remembers.
    pub fn is_asked(&self, place: &conversation::Place, message: &str) -> bool {
        self.lock(|remembered| remembered.known.contains(&conversation::answer_id(place, message)))
    }

    /// The log has the question of this message now.
    pub fn asked(&self, place: &conversation::Place, message: &str) {
        let id = conversation::answer_id(place, message);
        self.lock(|remembered| {
            if remembered.known.insert(id) {
                remembered.order.push_back(id);
            }
            if remembered.order.len() > MOST
                && let Some(oldest) = remembered.order.pop_front()
            {
                remembered.known.remove(&oldest);
            }
        });
    }

    fn lock<T>(&self, look: impl FnOnce(&mut Remembered) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::interpretation::connector;
    use super::*;

    fn place(channel: &str) -> conversation::Place {
        conversation::Place {
            connector: connector(),
            account: "T1".into(),
            channel: channel.into(),
            thread: "1.0".into(),
        }
    }

    #[test]
    fn a_gesture_is_its_place_and_message() {
        let gestures = Gestures::default();
        gestures.asked(&place("C1"), "1.0");
        assert!(gestures.is_asked(&place("C1"), "1.0"));
        assert!(!gestures.is_asked(&place("C2"), "1.0"));
        assert!(!gestures.is_asked(&place("C1"), "1.1"));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let gestures = Gestures::default();
        for message in 0..=MOST {
            gestures.asked(&place("C1"), &message.to_string());
        }
        assert!(!gestures.is_asked(&place("C1"), "0"));
        assert!(gestures.is_asked(&place("C1"), "1"));
        assert!(gestures.is_asked(&place("C1"), &MOST.to_string()));
    }
}
