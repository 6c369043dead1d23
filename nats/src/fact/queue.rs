//! What is published next: alone, together, or not yet.

use std::collections::VecDeque;

/// Single publishes under way before others wait. Enough to keep a server busy that syncs after each.
const MOST_ALONE: usize = 8;
/// From so many on, one batch is sooner done than each alone.
const LEAST_TOGETHER: usize = 24;
/// The server takes 1000 in a batch; fewer keep everybody's wait short.
const MOST_TOGETHER: usize = 256;
/// The payloads of a batch, which the server keeps in memory until it is complete.
const MOST_BYTES: usize = 4 << 20;
/// A payload from this size on goes alone: it may be too large for the server, which must not concern others.
const LARGE: usize = 256 << 10;

/// What the queue has to know about what waits in it.
pub(super) trait Waiting {
    fn stream(&self) -> &str;
    fn bytes(&self) -> usize;
}

/// What to publish.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<T> {
    Alone(T),
    /// All for the same stream.
    Together(Vec<T>),
}

/// Which of the two, without what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Alone,
    Together,
}

impl<T> Step<T> {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Alone(_) => Kind::Alone,
            Self::Together(_) => Kind::Together,
        }
    }
}

/// What waits and what is under way, in the order of arrival.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: VecDeque<T>,
    alone: usize,
    together: bool,
    batches: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            alone: 0,
            together: false,
            batches: true,
        }
    }
}

impl<T: Waiting> Queue<T> {
    pub fn push(&mut self, item: T) {
        self.waiting.push_back(item);
    }

    /// Everything that can begin now.
    pub fn steps(&mut self) -> Vec<Step<T>> {
        std::iter::from_fn(|| self.step()).collect()
    }

    fn step(&mut self) -> Option<Step<T>> {
        if !self.batches {
            return self.waiting.pop_front().map(Step::Alone);
        }
        // What comes while a batch is written is the next one.
        if self.together {
            return None;
        }
        let count = self.batch();
        if count >= LEAST_TOGETHER {
            self.together = true;
            return Some(Step::Together(self.waiting.drain(..count).collect()));
        }
        if self.alone == MOST_ALONE {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.alone += 1;
        Some(Step::Alone(next))
    }

    /// How many from the front on can go together.
    fn batch(&self) -> usize {
        let Some(first) = self.waiting.front() else { return 0 };
        let mut bytes = 0;
        let fits = |item: &&T| {
            bytes += item.bytes();
            item.stream() == first.stream() && item.bytes() < LARGE && bytes <= MOST_BYTES
        };
        self.waiting.iter().take(MOST_TOGETHER).take_while(fits).count()
    }

    pub fn finished(&mut self, kind: Kind) {
        match kind {
            Kind::Alone => self.alone = self.alone.saturating_sub(1),
            Kind::Together => self.together = false,
        }
    }

    /// The server takes no batches: from now on everything goes alone, and at once.
    pub fn never_together(&mut self) {
        self.batches = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Item(usize, &'static str, usize);

    impl Waiting for Item {
        fn stream(&self) -> &str {
            self.1
        }

        fn bytes(&self) -> usize {
            self.2
        }
    }

    fn queue_of(items: impl IntoIterator<Item = Item>) -> Queue<Item> {
        let mut queue = Queue::default();
        items.into_iter().for_each(|item| queue.push(item));
        queue
    }

    fn small(count: usize) -> Vec<Item> {
        (0..count).map(|number| Item(number, "A", 1_000)).collect()
    }

    /// How many go in each step.
    fn sizes(steps: &[Step<Item>]) -> Vec<usize> {
        steps
            .iter()
            .map(|step| match step {
                Step::Alone(_) => 1,
                Step::Together(items) => items.len(),
            })
            .collect()
    }

    #[test]
    fn few_go_alone_and_at_once() {
        assert_eq!(sizes(&queue_of(small(3)).steps()), [1, 1, 1]);
        let mut queue = queue_of(small(LEAST_TOGETHER - 1));
        assert_eq!(sizes(&queue.steps()), [1; MOST_ALONE]);
        queue.finished(Kind::Alone);
        assert_eq!(sizes(&queue.steps()), [1]);
    }

    #[test]
    fn many_go_together_and_what_comes_meanwhile_is_next() {
        let mut queue = queue_of(small(LEAST_TOGETHER));
        assert_eq!(sizes(&queue.steps()), [LEAST_TOGETHER]);
        for item in small(3) {
            queue.push(item);
        }
        assert!(queue.steps().is_empty());
        queue.finished(Kind::Together);
        assert_eq!(sizes(&queue.steps()), [1, 1, 1]);
    }

    #[test]
    fn a_batch_is_bounded_and_of_one_stream() {
        assert_eq!(sizes(&queue_of(small(MOST_TOGETHER + 1)).steps()), [MOST_TOGETHER]);
        let heavy = (0..60).map(|number| Item(number, "A", LARGE - 1));
        assert_eq!(sizes(&queue_of(heavy).steps())[..MOST_ALONE], [1; MOST_ALONE]);
        let mixed = small(LEAST_TOGETHER)
            .into_iter()
            .chain([Item(99, "B", 1), Item(100, "A", 1)]);
        assert_eq!(sizes(&queue_of(mixed).steps()), [LEAST_TOGETHER]);
    }

    #[test]
    fn a_large_one_goes_alone_and_holds_nobody_up() {
        let items = [Item(0, "A", LARGE)].into_iter().chain(small(LEAST_TOGETHER));
        assert_eq!(sizes(&queue_of(items).steps()), [1, LEAST_TOGETHER]);
    }

    #[test]
    fn without_batches_nobody_waits() {
        let mut queue = queue_of(small(100));
        queue.never_together();
        assert_eq!(sizes(&queue.steps()), [1; 100]);
    }

    proptest! {
        #[test]
        fn everything_is_published_once_and_in_order(
            sizes in proptest::collection::vec((0..3_usize, 1..2 * LARGE), 0..400),
            finish_first in any::<bool>(),
        ) {
            let mut queue = Queue::default();
            let (mut published, mut running) = (Vec::new(), VecDeque::new());
            for (number, (stream, bytes)) in sizes.iter().enumerate() {
                queue.push(Item(number, ["A", "B", "C"][*stream], *bytes));
                if finish_first && let Some(kind) = running.pop_front() {
                    queue.finished(kind);
                }
                take(&mut queue, &mut published, &mut running);
            }
            while let Some(kind) = running.pop_front() {
                queue.finished(kind);
                take(&mut queue, &mut published, &mut running);
            }
            prop_assert_eq!(published, (0..sizes.len()).collect::<Vec<_>>());
        }
    }

    fn take(queue: &mut Queue<Item>, published: &mut Vec<usize>, running: &mut VecDeque<Kind>) {
        for step in queue.steps() {
            running.push_back(step.kind());
            match step {
                Step::Alone(item) => published.push(item.0),
                Step::Together(items) => published.extend(items.iter().map(|item| item.0)),
            }
        }
    }
}
