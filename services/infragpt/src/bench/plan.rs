//! How much is measured: bounded in count and in time.

use std::time::Duration;

/// Mentions at one rate, with as many bare operations at the same rate after each round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub per_second: u32,
    pub mentions: usize,
    pub rounds: usize,
}

/// Webhooks of one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// As the table calls it.
    pub name: &'static str,
    pub bytes: usize,
    pub webhooks: usize,
}

/// How much is measured.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub starts: usize,
    /// How long nothing happens before memory is looked at.
    pub idle: Duration,
    pub warm_up: usize,
    pub paces: [Pace; 2],
    /// How many mentions go to many workspaces, one after the other.
    pub sustained: usize,
    /// How many of them are worked on for so long that people see it.
    pub shown: usize,
    /// How many are asked beside an agent that sleeps, and as many without it.
    pub apart: usize,
    pub sizes: [Size; 3],
    pub rounds: usize,
    /// No further round of webhooks of one size begins after this.
    pub size_within: Duration,
    /// How many credentials the vault holds.
    pub credentials: usize,
    /// How long one of them is read again and again, and a session verified.
    pub read_for: Duration,
    /// How many rows the feed of changes has.
    pub changes: usize,
    /// How many pages of it are asked for in a round.
    pub pages: usize,
    /// How many events the log has that is scanned.
    pub events: usize,
    /// How many steps the case has that is traced.
    pub steps: usize,
    /// How often it is traced.
    pub traces: usize,
    /// How many events come one by one, at 200 a second, until each is seen in the read model.
    pub appended: usize,
    /// How long `pgbench` asks for the same in a round.
    pub pgbench_for: Duration,
}

impl Plan {
    /// About ten minutes.
    pub fn full() -> Self {
        let pace = |per_second, mentions| Pace {
            per_second,
            mentions,
            rounds: 2,
        };
        Self {
            starts: 5,
            idle: Duration::from_secs(5),
            warm_up: 20,
            paces: [pace(1, 10), pace(50, 500)],
            sustained: 3_000,
            shown: 200,
            apart: 1_000,
            sizes: sizes([6000, 5000, 4000]),
            rounds: 5,
            size_within: Duration::from_secs(40),
            credentials: 10_000,
            read_for: Duration::from_secs(2),
            changes: 1_000_000,
            pages: 10_000,
            events: 1_000_000,
            steps: 50,
            traces: 200,
            appended: 2_000,
            pgbench_for: Duration::from_secs(3),
        }
    }

    /// Says whether everything can be measured, not how fast it is.
    pub fn quick() -> Self {
        let pace = |per_second, mentions| Pace {
            per_second,
            mentions,
            rounds: 1,
        };
        Self {
            starts: 1,
            idle: Duration::from_secs(1),
            warm_up: 2,
            paces: [pace(1, 3), pace(50, 50)],
            sustained: 100,
            shown: 20,
            apart: 100,
            sizes: sizes([300, 200, 100]),
            rounds: 1,
            size_within: Duration::from_secs(5),
            credentials: 100,
            read_for: Duration::from_millis(200),
            changes: 10_000,
            pages: 300,
            events: 20_000,
            steps: 50,
            traces: 10,
            appended: 100,
            pgbench_for: Duration::from_secs(1),
        }
    }
}

fn sizes(webhooks: [usize; 3]) -> [Size; 3] {
    let size = |name, bytes, webhooks| Size { name, bytes, webhooks };
    [
        size("1.7 KB", 1_700, webhooks[0]),
        size("8 KB", 8_000, webhooks[1]),
        size("25 KB", 25_000, webhooks[2]),
    ]
}
