//! What Clerk calls people, organizations and memberships by.

/// The longest that is taken.
const LONGEST: usize = 64;

/// Whether `text` can be an identifier of Clerk's: they are opaque, and safe in a subject and in an address.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_one_safe_word() {
        assert!(is_identifier("user_2bYxQw3Zk9vN4mTtR8sLpHfGc1d"));
        for other in ["", "user.1", "user 1", "*", "user_ü", &"u".repeat(65)] {
            assert!(!is_identifier(other), "{other:?}");
        }
    }
}
