//! Where a list goes on, as the header `Link` says. <https://www.rfc-editor.org/rfc/rfc8288>

use url::Url;

use crate::http::same_origin;

/// The next page after `here`; an error with its address where it is at another origin, which is never followed.
pub(super) fn next(header: &str, here: &Url) -> Option<Result<Url, Url>> {
    let target = header.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split(' ')
                    .any(|word| word.eq_ignore_ascii_case("next"))
        });
        is_next.then_some(target)
    })?;
    let url = here.join(target).ok()?;
    Some(if same_origin(&url, here) { Ok(url) } else { Err(url) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_of(header: &str) -> Option<Result<String, String>> {
        let here = Url::parse("https://api.github.com/installation/repositories?per_page=100").unwrap();
        next(header, &here).map(|found| found.map(String::from).map_err(String::from))
    }

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let header = r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?page=3>; rel="next", <https://api.github.com/x?page=9>; rel="last""#;
        assert_eq!(next_of(header), Some(Ok("https://api.github.com/x?page=3".to_owned())));
        assert_eq!(
            next_of(r#"</x?page=3>; title="a"; rel=next"#),
            Some(Ok("https://api.github.com/x?page=3".to_owned()))
        );
        assert_eq!(next_of(r#"<https://api.github.com/x?page=1>; rel="prev""#), None);
        assert_eq!(next_of(""), None);
    }

    #[test]
    fn another_origin_is_not_followed() {
        for target in [
            "https://evil.test/x",
            "http://api.github.com/x",
            "https://169.254.169.254/",
            "//evil.test",
        ] {
            assert!(
                matches!(next_of(&format!("<{target}>; rel=\"next\"")), Some(Err(_))),
                "{target}"
            );
        }
    }
}
