//! Text that strangers wrote, made harmless inside Markdown.

/// Escapes `text` for one line of Markdown: nothing in it formats, links, mentions or breaks the line.
///
/// An opening angle bracket becomes an entity, which both CommonMark and
/// [Slack's own markup](https://docs.slack.dev/messaging/formatting-message-text#escaping) turn back into a character,
/// so `<!channel>` stays words. Longer texts are cut at `most` characters.
pub(super) fn escaped(text: &str, most: usize) -> String {
    let line = one_line(text);
    let mut escaped = String::with_capacity(line.len() + 8);
    let mut characters = line.chars().take(most).peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        match c {
            '<' => escaped.push_str("&lt;"),
            // For readers of Markdown that know no backslash: what nobody sees keeps the two from making a link.
            ']' if characters.peek() == Some(&'(') => escaped.push_str("\\]\u{2060}"),
            // Inside a word an underscore means nothing, and `snake_case` stays readable where it is not unescaped.
            '_' if before.is_alphanumeric() && characters.peek().is_some_and(|next| next.is_alphanumeric()) => {
                escaped.push(c);
            }
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '|' => escaped.extend(['\\', c]),
            // A word joiner, which nobody sees, keeps `@channel` and `@maya` from becoming a mention.
            '@' => escaped.extend(['@', '\u{2060}']),
            _ => escaped.push(c),
        }
        before = c;
    }
    if line.chars().nth(most).is_some() {
        escaped.push('…');
    }
    escaped
}

/// Escaped text as the beginning of a line, where a `#`, a `-` or a `>` would make a heading, a list or a quotation.
pub(super) fn begun(escaped: &str) -> String {
    if escaped.starts_with(['#', '-', '+', '=', '>']) {
        format!("\\{escaped}")
    } else {
        escaped.to_owned()
    }
}

/// A link where `url` is http or https, else only the label. The label is escaped here.
pub(super) fn link(label: &str, url: Option<&str>, most: usize) -> String {
    let label = escaped(label, most);
    match url.and_then(address) {
        Some(address) if !label.is_empty() => format!("[{label}]({address})"),
        _ => label,
    }
}

/// `url` in a form that can't leave the parentheses of a link; `None` where it is no plain web address.
fn address(url: &str) -> Option<String> {
    let rest = strip_scheme(url, "https://").or_else(|| strip_scheme(url, "http://"))?;
    let has_host = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    if !has_host || url.len() > 2000 {
        return None;
    }
    let mut address = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '!' | '#'..='\'' | '*'..=';' | '=' | '?'..='[' | ']' | '_' | 'a'..='z' | '~' => address.push(c),
            _ => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let [high, low] =
                        [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                    address.extend(['%', high, low]);
                }
            }
        }
    }
    Some(address)
}

fn strip_scheme<'url>(url: &'url str, scheme: &str) -> Option<&'url str> {
    url.get(..scheme.len())
        .filter(|start| start.eq_ignore_ascii_case(scheme))
        .map(|_| &url[scheme.len()..])
}

/// White space as single spaces; no control characters, none that turn the direction of text or hide in it.
fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c })
        .filter(
            |c| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'),
        )
        .collect();
    visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_stays_text() {
        assert_eq!(
            escaped("Fix *bold* [x](y) `c` ~s~", 80),
            "Fix \\*bold\\* \\[x\\]\u{2060}(y) \\`c\\` \\~s\\~"
        );
        assert_eq!(
            escaped("keep snake_case, not _this_", 80),
            "keep snake_case, not \\_this\\_"
        );
    }

    #[test]
    fn nobody_is_mentioned() {
        assert_eq!(
            escaped("<!channel> <@U1> & @here", 80),
            "&lt;!channel> &lt;@\u{2060}U1> & @\u{2060}here"
        );
    }

    #[test]
    fn lines_are_joined_and_cut() {
        assert_eq!(escaped("a\n\n# b\u{202E}c\t d", 80), "a # bc d");
        assert_eq!(escaped("abcdef", 3), "abc…");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(
            link("a", Some("https://github.com/a/b?c=(d)&e=f"), 9),
            "[a](https://github.com/a/b?c=%28d%29&e=f)"
        );
        for url in [
            "javascript:alert(1)",
            "https:/x",
            "https://",
            "ftp://x",
            " https://x",
            "data:text/html,x",
        ] {
            assert_eq!(link("a", Some(url), 9), "a", "{url}");
        }
        assert_eq!(link("a", None, 9), "a");
    }

    proptest! {
        #[test]
        fn no_text_escapes(text in "\\PC{0,60}") {
            let line = escaped(&text, 40);
            prop_assert!(!line.contains(['<', '\n']));
            let brackets = line.replace("\\\\", "").matches(['[', ']']).count();
            prop_assert_eq!(brackets, line.replace("\\\\", "").matches("\\[").count() + line.replace("\\\\", "").matches("\\]").count());
        }

        #[test]
        fn no_address_leaves_its_parentheses(rest in "\\PC{0,60}") {
            if let Some(address) = address(&format!("https://a{rest}")) {
                prop_assert!(address.is_ascii() && !address.contains(['(', ')', '<', '>', '|', ' ', '"', '\\']));
            }
        }
    }
}
