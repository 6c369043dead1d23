//! Who may write what, as the server's configuration has it.

use infragpt_nats::definition::SERVER_CONFIGURATION;

/// The users of a server configuration, with what each may do.
#[derive(Debug)]
pub(super) struct Users(Vec<User>);

#[derive(Debug, Default)]
struct User {
    name: String,
    publish: Vec<String>,
    subscribe: Vec<String>,
}

/// What the subjects that are being read are for.
#[derive(Debug, Clone, Copy)]
enum Side {
    Publish,
    Subscribe,
}

/// What a subscription's subject ends with that shares requests with its like.
const QUEUE: &str = " q";

impl Users {
    /// The users of the configuration that this build comes with.
    pub fn embedded() -> Self {
        Self::read(SERVER_CONFIGURATION)
    }

    /// Reads the form that `nats/server.conf` is written in: a user's block begins with its name, and what it may do stands in
    /// `publish` and `subscribe`, by itself or under `allow`, which comes before `deny`.
    fn read(configuration: &str) -> Self {
        let mut users: Vec<User> = Vec::new();
        let mut allowed = None;
        for line in configuration.lines() {
            let line = line.split('#').next().unwrap_or_default();
            for (index, part) in line.split('"').enumerate() {
                if index % 2 == 1 {
                    match (allowed, users.last_mut()) {
                        (Some(Side::Publish), Some(user)) => user.publish.push(part.to_owned()),
                        (Some(Side::Subscribe), Some(user)) => user.subscribe.push(part.to_owned()),
                        _ => {}
                    }
                    continue;
                }
                let mut words = part
                    .split([' ', ',', '{', '}', '[', ']'])
                    .filter(|word| !word.is_empty());
                while let Some(word) = words.next() {
                    match word {
                        "user:" => users.push(User {
                            name: words.next().unwrap_or_default().to_owned(),
                            ..User::default()
                        }),
                        "publish:" => allowed = Some(Side::Publish),
                        "subscribe:" => allowed = Some(Side::Subscribe),
                        "deny:" => allowed = None,
                        _ => {}
                    }
                }
            }
        }
        Self(users)
    }

    /// Who may publish to a subject that `pattern` matches.
    pub fn publishers(&self, pattern: &str) -> Vec<String> {
        let may = |user: &&User| user.publish.iter().any(|subject| overlap(subject, pattern));
        self.0.iter().filter(may).map(|user| user.name.clone()).collect()
    }

    /// Who answers requests to a subject that `pattern` matches.
    pub fn servers(&self, pattern: &str) -> Vec<String> {
        let may = |user: &&User| user.served().any(|subject| overlap(subject, pattern));
        self.0.iter().filter(may).map(|user| user.name.clone()).collect()
    }

    /// Every pattern of subjects on which somebody answers requests.
    #[cfg(test)]
    pub fn served(&self) -> Vec<String> {
        self.0.iter().flat_map(User::served).map(str::to_owned).collect()
    }
}

impl User {
    fn served(&self) -> impl Iterator<Item = &str> {
        self.subscribe.iter().filter_map(|subject| subject.strip_suffix(QUEUE))
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
      subscribe: { allow: ["events.a.>", "ask.v1.* q"], deny: ["ask.v1.b q"] }
    } }"#,
        );
        assert_eq!(users.servers("ask.v1.a"), ["two"]);
        assert_eq!(users.servers("events.a.b"), [""; 0]);
        assert_eq!(users.served(), ["ask.v1.*"]);
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
