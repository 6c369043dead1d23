//! Subjects are made here and nowhere else, so that no outside text becomes a token unchecked.

use std::fmt;

use infragpt_events::{Aggregate, DomainEvent, OrganizationId, credential::CredentialEvent};
use uuid::Uuid;

/// One token of a subject, made from outside text: unsafe bytes become `=XX`, and emptiness `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// Encodes `text`, cut to its first 128 bytes.
    pub fn encode(text: &str) -> Self {
        if text.is_empty() {
            return Self("-".to_owned());
        }
        let mut token = String::with_capacity(text.len());
        for byte in text.bytes().take(128) {
            if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
                token.push(char::from(byte));
            } else {
                use fmt::Write as _;
                let _ = write!(token, "={byte:02X}");
            }
        }
        Self(token)
    }

    /// The text that `token` was made from, if it was made here.
    pub fn decode(token: &str) -> Option<String> {
        let mut bytes = Vec::with_capacity(token.len());
        let mut rest = token.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'=' {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).ok()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether `subject` is one that `filter` stands for: `*` is one token, `>` all that follow, one at least.
///
/// <https://docs.nats.io/nats-concepts/subjects#wildcards>
pub fn is_match(filter: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in filter.split('.') {
        match tokens.next() {
            Some(_) if wanted == ">" => return true,
            Some(token) if wanted == "*" || wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

/// Where a raw fact is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawSubject {
    stream: &'static str,
    subject: String,
}

impl RawSubject {
    /// `raw.slack.<team or enterprise>.<event type>`
    pub fn slack(account: &str, event_type: &str) -> Self {
        let subject = format!("raw.slack.{}.{}", Token::encode(account), Token::encode(event_type));
        Self {
            stream: "RAW_SLACK",
            subject,
        }
    }

    /// `raw.github.<installation or 'app'>.<event>.<action or '-'>`
    pub fn github(installation: Option<u64>, event: &str, action: Option<&str>) -> Self {
        let installation = installation.map_or_else(|| "app".to_owned(), |id| id.to_string());
        let (event, action) = (Token::encode(event), Token::encode(action.unwrap_or_default()));
        Self {
            stream: "RAW_GITHUB",
            subject: format!("raw.github.{installation}.{event}.{action}"),
        }
    }

    /// `raw.clerk.<organization or '-'>.<event type, dots to _>`
    pub fn clerk(organization: Option<&str>, event_type: &str) -> Self {
        let organization = Token::encode(organization.unwrap_or_default());
        let event_type = Token::encode(&event_type.replace('.', "_"));
        Self {
            stream: "RAW_CLERK",
            subject: format!("raw.clerk.{organization}.{event_type}"),
        }
    }

    /// The subject of a fact that is stored already, if it is one.
    pub fn parse(subject: &str) -> Option<Self> {
        let stream = match subject.strip_prefix("raw.")?.split('.').next()? {
            "slack" => "RAW_SLACK",
            "github" => "RAW_GITHUB",
            "clerk" => "RAW_CLERK",
            _ => return None,
        };
        Some(Self {
            stream,
            subject: subject.to_owned(),
        })
    }

    /// The stream that keeps it.
    pub fn stream(&self) -> &'static str {
        self.stream
    }

    /// The subject itself.
    pub fn as_str(&self) -> &str {
        &self.subject
    }
}

impl fmt::Display for RawSubject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.subject)
    }
}

/// The subjects of one aggregate: where an event goes, and what concurrency is checked against.
///
/// The server does not check that the two belong together, so both come from here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AggregateSubject {
    prefix: String,
    aggregate: &'static str,
    organization: OrganizationId,
    id: Uuid,
}

impl AggregateSubject {
    /// The subjects of aggregate `A` with this identity.
    pub fn new<A: Aggregate>(organization: &OrganizationId, id: Uuid) -> Self {
        let aggregate = <A::Event as DomainEvent>::AGGREGATE;
        Self {
            prefix: format!("events.{aggregate}.{organization}.{id}"),
            aggregate,
            organization: organization.clone(),
            id,
        }
    }

    /// `events.<aggregate>.<organization>.<id>.<event type>`
    pub fn event(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// `events.<aggregate>.<organization>.<id>.>`
    pub fn all(&self) -> String {
        format!("{}.>", self.prefix)
    }

    /// The stream that keeps it: credentials have one of their own, which only the vault may read.
    pub fn stream(&self) -> &'static str {
        if self.aggregate == CredentialEvent::AGGREGATE {
            "CREDENTIALS"
        } else {
            "EVENTS"
        }
    }

    /// The aggregate's name.
    pub fn aggregate(&self) -> &'static str {
        self.aggregate
    }

    /// Whose aggregate it is.
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The aggregate's identity.
    pub fn id(&self) -> Uuid {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn raw_subjects_have_their_shape() {
        assert_eq!(
            RawSubject::slack("T1", "app_mention").as_str(),
            "raw.slack.T1.app_mention"
        );
        assert_eq!(RawSubject::slack("", "a.b").as_str(), "raw.slack.-.a=2Eb");
        assert_eq!(
            RawSubject::github(Some(7), "push", None).as_str(),
            "raw.github.7.push.-"
        );
        assert_eq!(
            RawSubject::github(None, "star", Some("created")).as_str(),
            "raw.github.app.star.created"
        );
        assert_eq!(
            RawSubject::clerk(Some("org_1"), "organizationMembership.created").as_str(),
            "raw.clerk.org_1.organizationMembership_created"
        );
        assert_eq!(
            RawSubject::clerk(None, "user.created").as_str(),
            "raw.clerk.-.user_created"
        );
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_safe_token(text in ".*") {
            let token = Token::encode(&text).to_string();
            prop_assert!(!token.is_empty() && token.len() <= 3 * 128);
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-=".contains(&byte)));
        }

        #[test]
        fn a_short_text_comes_back(text in "[ -~]{1,40}") {
            prop_assert_eq!(Token::decode(&Token::encode(&text).to_string()), Some(text));
        }

        #[test]
        fn different_short_texts_are_different_tokens(left in "[ -~]{1,40}", right in "[ -~]{1,40}") {
            prop_assert_eq!(left == right, Token::encode(&left) == Token::encode(&right));
        }
    }
}
