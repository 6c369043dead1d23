//! Random identifiers.

use ring::rand::{SecureRandom as _, SystemRandom};

/// What nothing else is called: 16 hexadecimal digits.
pub(crate) fn identifier() -> String {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .unwrap_or_else(|_| unreachable!("the operating system gives random numbers once it has started"));
    hex::encode(bytes)
}
