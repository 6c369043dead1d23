use serde::Deserialize;

/// Which part of a list is wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    per_page: Option<usize>,
    page: Option<usize>,
}

impl Page {
    /// The wanted part, and the `Link` header that leads to the others.
    ///
    /// <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
    pub(super) fn of<T>(&self, all: Vec<T>, url: &str) -> (Vec<T>, Option<String>) {
        let size = self.per_page.unwrap_or(30).clamp(1, 100);
        let page = self.page.unwrap_or(1).max(1);
        let last = all.len().div_ceil(size).max(1);
        let link = |page: usize, relation: &str| format!("<{url}?per_page={size}&page={page}>; rel=\"{relation}\"");
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        let start = size.saturating_mul(page - 1);
        let listed = all.into_iter().skip(start).take(size).collect();
        (listed, Some(links.join(", ")).filter(|links| !links.is_empty()))
    }
}
