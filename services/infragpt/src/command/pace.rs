//! Work that reaches others goes step by step: not too fast, and Ctrl-C stops it between two steps.

use std::{pin::Pin, time::Duration};

use anyhow::anyhow;
use tokio::time::{Interval, MissedTickBehavior};

use crate::failure::Failure;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is time for the next.
    Next,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// Says when the next step is due.
pub struct Pace {
    interval: Interval,
    interrupted: Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>,
}

impl Pace {
    /// `rate` steps a second at most.
    ///
    /// # Errors
    /// Usage where it is no rate.
    pub fn new(rate: f64) -> Result<Self, Failure> {
        if !(0.001..=10_000.0).contains(&rate) {
            return Err(Failure::usage(anyhow!("`--rate` is how many a second: 0.001 to 10000")));
        }
        let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            interval,
            interrupted: Box::pin(tokio::signal::ctrl_c()),
        })
    }

    /// Waits until the next step is due. From the first call on, Ctrl-C ends nothing but this.
    ///
    /// # Errors
    /// When signals can't be had.
    pub async fn next(&mut self) -> Result<Step, Failure> {
        tokio::select! {
            biased;
            interrupted = &mut self.interrupted => {
                interrupted?;
                Ok(Step::Interrupted)
            }
            _ = self.interval.tick() => Ok(Step::Next),
        }
    }
}
