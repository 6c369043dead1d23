//! Where each stream's projection believes it is.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::checkpoint::{Checkpoint, STREAMS};

/// The sequence that was last committed, for each of [`STREAMS`]; shared by the projections and their watch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Positions(Arc<[AtomicU64; STREAMS.len()]>);

impl Positions {
    /// Notes what was committed, or found at the start.
    pub fn set(&self, stream: &str, sequence: u64) {
        if let Some(index) = STREAMS.iter().position(|name| *name == stream) {
            self.0[index].store(sequence, Ordering::Release);
        }
    }

    /// What is believed of one stream now.
    pub fn of(&self, stream: &str) -> u64 {
        STREAMS
            .iter()
            .position(|name| *name == stream)
            .map_or(0, |index| self.0[index].load(Ordering::Acquire))
    }

    /// What is believed now.
    pub fn now(&self) -> [u64; STREAMS.len()] {
        std::array::from_fn(|index| self.0[index].load(Ordering::Acquire))
    }
}

/// Whether somebody set `checkpoints` back. `believed` has to be taken before them: the projections only move forward.
pub(super) fn were_reset(believed: [u64; STREAMS.len()], checkpoints: &[Checkpoint]) -> bool {
    STREAMS.iter().zip(believed).any(|(stream, believed)| {
        let found = checkpoints.iter().find(|checkpoint| checkpoint.stream == *stream);
        found.map_or(0, |checkpoint| u64::try_from(checkpoint.sequence).unwrap_or(0)) < believed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stream: &str, sequence: i64) -> Checkpoint {
        Checkpoint {
            stream: stream.to_owned(),
            sequence,
            published_at: None,
        }
    }

    #[test]
    fn only_a_checkpoint_that_went_back_is_a_reset() {
        let positions = Positions::default();
        positions.set("EVENTS", 7);
        assert!(!were_reset(positions.now(), &[at("EVENTS", 7), at("RAW_SLACK", 3)]));
        assert!(!were_reset(positions.now(), &[at("EVENTS", 9)]));
        assert!(were_reset(positions.now(), &[at("EVENTS", 0)]));
        assert!(were_reset(positions.now(), &[]));
    }
}
