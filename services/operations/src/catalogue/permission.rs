//! Who may write what, as the server's configuration has it.

use infragpt_nats::definition::SERVER_CONFIGURATION;

/// The users of a server configuration, with the subjects that each may publish to.
#[derive(Debug)]
pub(super) struct Users(Vec<(String, Vec<String>)>);

impl Users {
    /// The users of the configuration that this build comes with.
    pub fn embedded() -> Self {
        Self::read(SERVER_CONFIGURATION)
    }

    /// Reads the form that `nats/server.conf` is written in: a user's block begins with its name, and what may be published
    /// stands in `publish`, by itself or under `allow`.
    fn read(configuration: &str) -> Self {
        let mut users: Vec<(String, Vec<String>)> = Vec::new();
        let mut allowed = false;
        for line in configuration.lines() {
            let line = line.split('#').next().unwrap_or_default();
            for (index, part) in line.split('"').enumerate() {
                if index % 2 == 1 {
                    if let (true, Some((_, subjects))) = (allowed, users.last_mut()) {
                        subjects.push(part.to_owned());
                    }
                    continue;
                }
                let mut words = part
                    .split([' ', ',', '{', '}', '[', ']'])
                    .filter(|word| !word.is_empty());
                while let Some(word) = words.next() {
                    match word {
                        "user:" => users.push((words.next().unwrap_or_default().to_owned(), Vec::new())),
                        "publish:" => allowed = true,
                        "subscribe:" | "deny:" => allowed = false,
                        _ => {}
                    }
                }
            }
        }
        Self(users)
    }

    /// Who may publish to a subject that `pattern` matches.
    pub fn publishers(&self, pattern: &str) -> Vec<String> {
        let may = |subjects: &[String]| subjects.iter().any(|subject| overlap(subject, pattern));
        let users = self.0.iter().filter(|(_, subjects)| may(subjects));
        users.map(|(user, _)| user.clone()).collect()
    }
}

/// Whether a subject exists that both patterns match.
pub(super) fn overlap(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) | (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some(one), Some(other)) if one == other || one == "*" || other == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_published_is_read_without_what_is_denied() {
        let users = Users::read(
            r#"users: [
    # "events.>" is not for everybody.
    { user: one, password: $ONE, permissions: {
      publish: ["events.a.>", "$KV.x.*"]
      subscribe: ["events.>"]
    } }
    { user: two, password: $TWO, permissions: {
      publish: {
        allow: [
          "events.b.*.*.done"
        ]
        deny: ["events.a.>"]
      }
      subscribe: { allow: ["events.a.>"] }
    } }"#,
        );
        assert_eq!(users.publishers("events.a.*.*.done"), ["one"]);
        assert_eq!(users.publishers("events.b.*.*.done"), ["two"]);
        assert_eq!(users.publishers("events.*.*.*.done"), ["one", "two"]);
        assert_eq!(users.publishers("events.c.*.*.done"), [""; 0]);
    }

    #[test]
    fn patterns_overlap_where_a_subject_matches_both() {
        for (left, right, expected) in [
            ("events.>", "events.user.*.*.deleted", true),
            ("events.user.-.*.deleted", "events.user.*.*.deleted", true),
            ("events.user.-.*.deleted", "events.user.*.*.erased", false),
            ("events.user.-.*", "events.user.-.*.deleted", false),
            ("events", "events.>", false),
        ] {
            assert_eq!(overlap(left, right), expected, "{left} {right}");
            assert_eq!(overlap(right, left), expected, "{right} {left}");
        }
    }
}
