//! Slack's markup read as plain text. <https://docs.slack.dev/messaging/formatting-message-text>

/// Turns what a person wrote into text: mentions of `bot` are gone, links are readable, and escapes are decoded.
pub(super) fn plain(text: &str, bot: Option<&str>) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        decode(&mut plain, &rest[..open]);
        rest = &rest[open + 1..];
        let Some(close) = rest.find('>') else {
            plain.push('<');
            break;
        };
        let named = &rest[..close];
        rest = &rest[close + 1..];
        if bot.is_some_and(|bot| is_mention_of(named, bot)) {
            if plain.is_empty() || plain.ends_with(char::is_whitespace) {
                rest = rest.trim_start_matches(' ');
            }
        } else {
            reference(&mut plain, named);
        }
    }
    decode(&mut plain, rest);
    plain.trim().to_owned()
}

/// Whether `text` names `user`.
pub(super) fn mentions(text: &str, user: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        rest.split('>')
            .next()
            .is_some_and(|reference| is_mention_of(reference, user))
    })
}

/// The user whom `text` starts by naming.
pub(super) fn first_mention(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix("<@")?;
    let end = rest.find(['>', '|'])?;
    Some(&rest[..end])
}

fn is_mention_of(reference: &str, user: &str) -> bool {
    reference.strip_prefix('@').and_then(|target| target.split('|').next()) == Some(user)
}

fn reference(plain: &mut String, reference: &str) {
    let (target, label) = match reference.split_once('|') {
        Some((target, label)) => (target, Some(label).filter(|label| !label.is_empty())),
        None => (reference, None),
    };
    if let Some(user) = target.strip_prefix('@') {
        plain.push('@');
        decode(plain, label.unwrap_or(user));
    } else if let Some(channel) = target.strip_prefix('#') {
        plain.push('#');
        decode(plain, label.unwrap_or(channel));
    } else if let Some(special) = target.strip_prefix('!') {
        if let Some(label) = label {
            decode(plain, label);
        } else {
            plain.push('@');
            decode(plain, special);
        }
    } else {
        link(plain, target, label);
    }
}

fn link(plain: &mut String, target: &str, label: Option<&str>) {
    let address = target.strip_prefix("mailto:").unwrap_or(target);
    match label {
        // Slack labels a bare address that somebody typed with what they typed.
        Some(label) if label != target && bare(label) != bare(address) => {
            decode(plain, label);
            plain.push_str(" (");
            decode(plain, address);
            plain.push(')');
        }
        _ => decode(plain, address),
    }
}

/// An address as people type it.
fn bare(address: &str) -> &str {
    let bare = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))
        .unwrap_or(address);
    bare.trim_end_matches('/')
}

fn decode(plain: &mut String, escaped: &str) {
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&')]
            .into_iter()
            .find(|(escape, _)| rest.starts_with(escape))
            .map_or(('&', 1), |(escape, character)| (character, escape.len()));
        plain.push(character);
        rest = &rest[length..];
    }
    plain.push_str(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_what_a_person_sees() {
        for (text, expected) in [
            (
                "<@UBOT> what changed in acme/payments today?",
                "what changed in acme/payments today?",
            ),
            ("hey <@UBOT|infragpt>  help", "hey help"),
            ("<@UBOT>", ""),
            ("<@UBOT>\nstatus", "status"),
            ("a &lt;b&gt; &amp;amp; c && d", "a <b> &amp; c && d"),
            ("see <https://ci.example/1|run 1>", "see run 1 (https://ci.example/1)"),
            (
                "see <https://example.com|example.com> and <https://example.com/>",
                "see https://example.com and https://example.com/",
            ),
            ("<mailto:a@b.example|a@b.example>", "a@b.example"),
            (
                "<@U2> in <#C1|payments> <!here> <!subteam^S1|@sre>",
                "@U2 in #payments @here @sre",
            ),
            ("1 < 2", "1 < 2"),
        ] {
            assert_eq!(plain(text, Some("UBOT")), expected, "{text}");
        }
    }

    #[test]
    fn a_mention_is_the_whole_identifier() {
        assert!(mentions("hi <@U1>", "U1"));
        assert!(mentions("hi <@U1|ann>", "U1"));
        assert!(!mentions("hi <@U12>", "U1"));
        assert!(!mentions("hi U1", "U1"));
        assert_eq!(first_mention(" <@U1|x> hi"), Some("U1"));
        assert_eq!(first_mention("hi <@U1>"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in ".*") {
            plain(&text, Some("U1"));
        }
    }
}
