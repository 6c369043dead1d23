//! Proof that a request comes from Slack: HMAC-SHA256 over the raw body and its timestamp.
//!
//! Source: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use chrono::{DateTime, Utc};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

/// How far a request's timestamp may be from our clock, either way. Slack's own recommendation.
pub const TOLERANCE_SECONDS: i64 = 300;

const VERSION: &str = "v0";

/// The application's signing secret, prepared for verification. It has no `Debug`: it never reaches a log.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

impl SigningSecret {
    /// Prepares the secret shown as "Signing Secret" on the application's page.
    pub fn new(secret: &SecretString) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes()))
    }

    /// Checks `x-slack-request-timestamp` and `x-slack-signature` against the raw `body`, in constant time.
    ///
    /// # Errors
    /// The first of [`Error`]'s reasons that applies; none of them says what the right signature would be.
    pub fn verify(&self, timestamp: &str, signature: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), Error> {
        let seconds = check_timestamp(timestamp, now)?;
        let given = decode_signature(signature)?;
        hmac::verify(&self.0, &message(seconds, body), &given).map_err(|_| Error::Mismatch)
    }

    /// The signature that Slack would send, for simulators and tests.
    pub fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &message(timestamp, body));
        format!("{VERSION}={}", hex::encode(tag.as_ref()))
    }
}

/// Reads the timestamp and refuses one that is too far away, before anything is computed for it.
///
/// # Errors
/// [`Error::MalformedTimestamp`], [`Error::StaleTimestamp`].
pub fn check_timestamp(timestamp: &str, now: DateTime<Utc>) -> Result<i64, Error> {
    // `i64::from_str` also takes "+1" and "007": what is signed is the canonical number, so these can't match.
    let seconds: i64 = timestamp.parse().map_err(|_| Error::MalformedTimestamp)?;
    let distance = now.timestamp().saturating_sub(seconds);
    if (-TOLERANCE_SECONDS..=TOLERANCE_SECONDS).contains(&distance) {
        Ok(seconds)
    } else {
        Err(Error::StaleTimestamp)
    }
}

fn decode_signature(signature: &str) -> Result<[u8; 32], Error> {
    let digits = signature.strip_prefix("v0=").ok_or(Error::MalformedSignature)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| Error::MalformedSignature)?;
    Ok(bytes)
}

fn message(timestamp: i64, body: &[u8]) -> Vec<u8> {
    let prefix = format!("{VERSION}:{timestamp}:");
    let mut message = Vec::with_capacity(prefix.len() + body.len());
    message.extend_from_slice(prefix.as_bytes());
    message.extend_from_slice(body);
    message
}

/// Why a request isn't Slack's. All of them are answered with 401 and store nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `x-slack-signature` or `x-slack-request-timestamp` isn't there.
    #[error("the request isn't signed: x-slack-signature or x-slack-request-timestamp is missing")]
    Missing,
    /// The timestamp isn't a whole number of seconds.
    #[error("x-slack-request-timestamp isn't a number of seconds")]
    MalformedTimestamp,
    /// The timestamp is more than [`TOLERANCE_SECONDS`] away: a replay, or a wrong clock.
    #[error("x-slack-request-timestamp is more than five minutes away from this server's clock")]
    StaleTimestamp,
    /// The signature isn't `v0=` and 64 hexadecimal digits.
    #[error("x-slack-signature isn't `v0=` and 64 hexadecimal digits")]
    MalformedSignature,
    /// Another secret, or a changed body.
    #[error("x-slack-signature doesn't match the body")]
    Mismatch,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The example of Slack's documentation (link above).
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIMESTAMP: &str = "1531420618";
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn secret() -> SigningSecret {
        SigningSecret::new(&SecretString::from(SECRET))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_published_example_verifies() {
        let verified = secret().verify(TIMESTAMP, SIGNATURE, BODY, at(1_531_420_618));
        assert_eq!(verified, Ok(()));
        assert_eq!(secret().sign(1_531_420_618, BODY), SIGNATURE);
    }

    #[test]
    fn five_minutes_either_way_is_the_limit() {
        for (now, expected) in [
            (1_531_420_918, Ok(())),
            (1_531_420_919, Err(Error::StaleTimestamp)),
            (1_531_420_318, Ok(())),
            (1_531_420_317, Err(Error::StaleTimestamp)),
        ] {
            assert_eq!(
                secret().verify(TIMESTAMP, SIGNATURE, BODY, at(now)),
                expected,
                "at {now}"
            );
        }
    }

    #[test]
    fn malformed_headers_are_named() {
        let now = at(1_531_420_618);
        for (timestamp, signature, expected) in [
            ("", SIGNATURE, Error::MalformedTimestamp),
            ("1531420618.5", SIGNATURE, Error::MalformedTimestamp),
            ("99999999999999999999", SIGNATURE, Error::MalformedTimestamp),
            ("-9223372036854775808", SIGNATURE, Error::StaleTimestamp),
            (TIMESTAMP, "", Error::MalformedSignature),
            (TIMESTAMP, "v1=00", Error::MalformedSignature),
            (TIMESTAMP, "v0=a2114d57", Error::MalformedSignature),
        ] {
            assert_eq!(secret().verify(timestamp, signature, BODY, now), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn any_changed_byte_of_the_body_is_refused(
            mut body in proptest::collection::vec(any::<u8>(), 1..2000),
            index in any::<prop::sample::Index>(),
            mask in 1..=255_u8,
        ) {
            let signature = secret().sign(1_531_420_618, &body);
            let now = at(1_531_420_618);
            prop_assert_eq!(secret().verify(TIMESTAMP, &signature, &body, now), Ok(()));
            let index = index.index(body.len());
            body[index] ^= mask;
            prop_assert_eq!(secret().verify(TIMESTAMP, &signature, &body, now), Err(Error::Mismatch));
        }

        #[test]
        fn any_changed_bit_of_the_signature_is_refused(bit in 0..256_usize) {
            let mut bytes = hex::decode(&SIGNATURE[3..]).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let signature = format!("v0={}", hex::encode(bytes));
            prop_assert_eq!(
                secret().verify(TIMESTAMP, &signature, BODY, at(1_531_420_618)),
                Err(Error::Mismatch)
            );
        }

        #[test]
        fn another_timestamp_is_refused(offset in 1..=300_i64) {
            let timestamp = (1_531_420_618 + offset).to_string();
            prop_assert_eq!(
                secret().verify(&timestamp, SIGNATURE, BODY, at(1_531_420_618)),
                Err(Error::Mismatch)
            );
        }
    }
}
