//! The newest of what was said wins, in whatever order it is heard.

use chrono::{DateTime, Utc};

/// What something said is to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It is older, or the same again.
    None,
    /// It says the same as of a later time. That has to be remembered, or something of the time between could still win.
    Confirms,
    /// It says something else.
    Changes,
}

/// Compares what was said with what is known, each with the time at which it was so. Of two different things of the same time
/// the greater wins: which it is does not matter, as long as it is the same whichever is heard first.
pub(crate) fn news<T: Ord>(known: (DateTime<Utc>, &T), said: (DateTime<Utc>, &T)) -> News {
    if said <= known {
        News::None
    } else if said.1 == known.1 {
        News::Confirms
    } else {
        News::Changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wins_and_of_the_same_time_the_greater() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let known = (at(5), &"b");
        for (said, expected) in [
            ((at(4), &"c"), News::None),
            ((at(5), &"b"), News::None),
            ((at(5), &"a"), News::None),
            ((at(5), &"c"), News::Changes),
            ((at(6), &"b"), News::Confirms),
            ((at(6), &"a"), News::Changes),
        ] {
            assert_eq!(news(known, said), expected, "{said:?}");
        }
    }
}
