//! A part of a list, and where the next part begins.

/// Rows in a stable order, as many as were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The rows.
    pub rows: Vec<T>,
    /// The key of the last of them where there are more: what to ask for the next page with.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// The page of what was read with [`one_more`] than `limit`.
    pub(crate) fn cut<R: Into<T>>(mut read: Vec<R>, limit: u16, key: impl FnOnce(&R) -> K) -> Self {
        let more = read.len() > usize::from(limit);
        read.truncate(usize::from(limit));
        let next = read.last().filter(|_| more).map(key);
        Self {
            rows: read.into_iter().map(Into::into).collect(),
            next,
        }
    }
}

/// How many rows to read for a page: one more than it shows says whether there are more.
pub(crate) fn one_more(limit: u16) -> i64 {
    i64::from(limit) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_next_only_where_more_was_read() {
        let cut = |read: Vec<u8>, limit| Page::<u8, u8>::cut(read, limit, |row| *row);
        let page = cut(vec![7, 8, 9], 2);
        assert_eq!((&*page.rows, page.next), (&[7, 8][..], Some(8)));
        let page = cut(vec![7, 8], 2);
        assert_eq!((&*page.rows, page.next), (&[7, 8][..], None));
        assert_eq!(cut(vec![], 2).next, None);
        assert_eq!(cut(vec![7], 0).next, None, "a page of nothing leads nowhere");
    }
}
