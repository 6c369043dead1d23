//! Markdown told in Slack's older markup: what notifications show, and what stands where blocks are refused.
//!
//! Source: <https://docs.slack.dev/messaging/formatting-message-text>.

/// Translates headings, emphasis, strikethrough, links and bullets; the rest reads well as it is.
pub(super) fn to_mrkdwn(markdown: &str) -> String {
    let mut fenced = false;
    let lines: Vec<String> = markdown
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                "```".to_owned()
            } else if fenced {
                escape(line)
            } else {
                whole_line(line)
            }
        })
        .collect();
    lines.join("\n")
}

fn whole_line(line: &str) -> String {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    let heading = text.trim_start_matches('#');
    if heading.len() < text.len() && heading.starts_with(' ') {
        return format!("*{}*", inline(&heading.trim().replace("**", "")));
    }
    if let Some(item) = ["- ", "* ", "+ "]
        .into_iter()
        .find_map(|bullet| text.strip_prefix(bullet))
    {
        return format!("{indent}• {}", inline(item));
    }
    inline(line)
}

fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['*', '~', '[', '`']) {
        out.push_str(&escape(&rest[..at]));
        rest = &rest[at..];
        rest = if let Some(after) = rest.strip_prefix("**") {
            out.push('*');
            after
        } else if let Some(after) = rest.strip_prefix("~~") {
            out.push('~');
            after
        } else if let Some((code, after)) = code_span(rest) {
            out.push_str(&escape(code));
            after
        } else if let Some((label, url, after)) = link(rest) {
            let label = escape(&label.replace(['|', '*'], ""));
            out.extend(["<", &escape(url), "|", &label, ">"]);
            after
        } else {
            let (character, after) = rest.split_at(1);
            // A single star is emphasis in Markdown and strong in mrkdwn.
            out.push_str(if character == "*" { "_" } else { character });
            after
        };
    }
    out.push_str(&escape(rest));
    out
}

/// A span of code with its backticks, and what follows.
fn code_span(text: &str) -> Option<(&str, &str)> {
    let end = text.strip_prefix('`')?.find('`')?;
    Some(text.split_at(end + 2))
}

/// `[label](url)`, and what follows.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (url, rest) = rest.split_once(')')?;
    let usable = !label.contains(['[', '\n']) && url.contains(':') && !url.contains(char::is_whitespace);
    usable.then_some((label, url, rest))
}

/// Text in which nothing is markup.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::to_mrkdwn;

    #[test]
    fn markdown_reads_well_in_the_older_markup() {
        for (markdown, expected) in [
            ("## Today in **acme**", "*Today in acme*"),
            (
                "- **CI** failed: [run 1](https://ci.example/1?a=1&b=2)",
                "• *CI* failed: <https://ci.example/1?a=1&amp;b=2|run 1>",
            ),
            ("  * nested", "  • nested"),
            ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
            ("~~gone~~ *soft* `**code** <T>`", "~gone~ _soft_ `**code** &lt;T&gt;`"),
            ("[not a link] (x) [#42]", "[not a link] (x) [#42]"),
            (
                "```rust\nlet a: Vec<u8> = **b;\n```",
                "```\nlet a: Vec&lt;u8&gt; = **b;\n```",
            ),
            ("#hashtag", "#hashtag"),
        ] {
            assert_eq!(to_mrkdwn(markdown), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_nothing_special_gets_through(text in ".*") {
            prop_assert!(!to_mrkdwn(&text).contains("<!"));
        }
    }
}
