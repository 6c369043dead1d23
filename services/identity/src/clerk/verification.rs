//! Proof that a request comes from Clerk: HMAC-SHA256 over its id, its timestamp and the raw body, as Svix signs.
//!
//! Source: <https://docs.svix.com/receiving/verifying-payloads/how-manual>.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use chrono::{DateTime, Utc};
use ring::hmac;

/// How far a request's timestamp may be from our clock, either way.
pub const TOLERANCE_SECONDS: i64 = 300;

/// A sender with more signatures than this is no sender of ours.
const MOST_SIGNATURES: usize = 16;

/// The longest `svix-id` that is taken.
const LONGEST_ID: usize = 128;

/// Dashboards show secrets with and without padding.
const SECRET: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The endpoint's signing secrets, prepared for verification: one, or two while it is changed. It has no `Debug`: it never
/// reaches a log.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<hmac::Key>);

/// What a request is signed with beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'request> {
    /// `svix-id`: the same when it is sent again.
    pub id: &'request str,
    /// `svix-timestamp`, in seconds.
    pub timestamp: &'request str,
    /// `svix-signature`: one or more, separated by spaces.
    pub signature: &'request str,
}

impl WebhookSecrets {
    /// Prepares the secrets shown as "Signing Secret" on the endpoint's page, separated by spaces or commas; nothing unless
    /// each is `whsec_` and base64.
    pub fn parse(text: &str) -> Option<Self> {
        let secrets = text.split([' ', ',']).filter(|secret| !secret.is_empty());
        let keys: Option<Vec<_>> = secrets.map(key).collect();
        keys.filter(|keys| !keys.is_empty()).map(Self)
    }

    /// Checks a request against the raw `body`, in constant time for each signature and secret.
    ///
    /// # Errors
    /// The first of [`Error`]'s reasons that applies; none of them says what the right signature would be.
    pub fn verify(&self, signed: Signed<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), Error> {
        check(signed, now)?;
        let message = message(signed.id, signed.timestamp, body);
        let mut given = signatures(signed.signature).peekable();
        if given.peek().is_none() {
            return Err(Error::MalformedSignature);
        }
        let matches = given.any(|given| self.0.iter().any(|key| hmac::verify(key, &message, &given).is_ok()));
        if matches { Ok(()) } else { Err(Error::Mismatch) }
    }

    /// The signature that Clerk would send with the first of the secrets, for simulators and tests.
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0[0], &message(id, timestamp, body));
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// Refuses what can be refused without the body, before anything is computed for it.
///
/// # Errors
/// [`Error::MalformedId`], [`Error::MalformedTimestamp`], [`Error::StaleTimestamp`].
pub fn check(signed: Signed<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    // A full stop would let the id take something of the timestamp's.
    let is_id = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
    if !(1..=LONGEST_ID).contains(&signed.id.len()) || !signed.id.bytes().all(is_id) {
        return Err(Error::MalformedId);
    }
    if !signed.timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::MalformedTimestamp);
    }
    let seconds: i64 = signed.timestamp.parse().map_err(|_| Error::MalformedTimestamp)?;
    if (now.timestamp() - seconds).abs() > TOLERANCE_SECONDS {
        return Err(Error::StaleTimestamp);
    }
    Ok(())
}

fn key(secret: &str) -> Option<hmac::Key> {
    let bytes = SECRET.decode(secret.strip_prefix("whsec_")?).ok()?;
    (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The signatures of the version that is known here; those of others are not for us.
fn signatures(header: &str) -> impl Iterator<Item = [u8; 32]> {
    header.split(' ').take(MOST_SIGNATURES).filter_map(|signature| {
        let bytes = STANDARD.decode(signature.strip_prefix("v1,")?).ok()?;
        bytes.try_into().ok()
    })
}

fn message(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(id.len() + timestamp.len() + body.len() + 2);
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        message.extend_from_slice(part);
    }
    message
}

/// Why a request isn't Clerk's. All of them are answered with 401 and store nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A header isn't there.
    #[error("the request isn't signed: svix-id, svix-timestamp or svix-signature is missing")]
    Missing,
    /// The id isn't one.
    #[error("svix-id isn't an identifier")]
    MalformedId,
    /// The timestamp isn't a whole number of seconds.
    #[error("svix-timestamp isn't a number of seconds")]
    MalformedTimestamp,
    /// The timestamp is more than [`TOLERANCE_SECONDS`] away: a replay, or a wrong clock.
    #[error("svix-timestamp is more than five minutes away from this server's clock")]
    StaleTimestamp,
    /// No signature is `v1,` and the base64 of 32 bytes.
    #[error("svix-signature has no `v1,` with a signature in base64")]
    MalformedSignature,
    /// Another secret, or a changed body.
    #[error("svix-signature doesn't match the body")]
    Mismatch,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The example of Svix' documentation (link above).
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNED: Signed<'static> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };

    fn secrets(text: &str) -> WebhookSecrets {
        WebhookSecrets::parse(text).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn verified(signed: Signed<'_>, body: &[u8]) -> Result<(), Error> {
        secrets(SECRET).verify(signed, body, at(1_614_265_330))
    }

    #[test]
    fn the_published_example_verifies() {
        assert_eq!(verified(SIGNED, BODY), Ok(()));
        let made = secrets(SECRET).sign(SIGNED.id, SIGNED.timestamp, BODY);
        assert_eq!(made, SIGNED.signature);
    }

    #[test]
    fn one_good_signature_among_others_is_enough() {
        for signature in [
            "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1a,c29tZXRoaW5nIGVsc2U= v1,short v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,x",
        ] {
            assert_eq!(verified(Signed { signature, ..SIGNED }, BODY), Ok(()), "{signature}");
        }
    }

    #[test]
    fn while_the_secret_is_changed_both_are_good() {
        let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        for both in [
            format!("{SECRET},{other}"),
            format!("{other} {SECRET}"),
            format!(" {other}, {SECRET}"),
        ] {
            let secrets = secrets(&both);
            assert_eq!(secrets.verify(SIGNED, BODY, at(1_614_265_330)), Ok(()), "{both}");
        }
        let only = secrets(other).verify(SIGNED, BODY, at(1_614_265_330));
        assert_eq!(only, Err(Error::Mismatch));
        assert!(WebhookSecrets::parse(&format!("{SECRET},{}", &other[6..])).is_none());
    }

    #[test]
    fn five_minutes_either_way_is_the_limit() {
        for (now, expected) in [
            (1_614_265_630, Ok(())),
            (1_614_265_631, Err(Error::StaleTimestamp)),
            (1_614_265_030, Ok(())),
            (1_614_265_029, Err(Error::StaleTimestamp)),
        ] {
            assert_eq!(secrets(SECRET).verify(SIGNED, BODY, at(now)), expected, "at {now}");
        }
    }

    #[test]
    fn malformed_headers_are_named() {
        let with_id = |id| Signed { id, ..SIGNED };
        let with_timestamp = |timestamp| Signed { timestamp, ..SIGNED };
        let with_signature = |signature| Signed { signature, ..SIGNED };
        let long = "m".repeat(129);
        for (signed, expected) in [
            (with_id(""), Error::MalformedId),
            (with_id("msg_1.1614265330"), Error::MalformedId),
            (with_id("msg 1"), Error::MalformedId),
            (with_id(&long), Error::MalformedId),
            (with_id("msg_other"), Error::Mismatch),
            (with_timestamp(""), Error::MalformedTimestamp),
            (with_timestamp("+1614265330"), Error::MalformedTimestamp),
            (with_timestamp("-1"), Error::MalformedTimestamp),
            (with_timestamp("1614265330.5"), Error::MalformedTimestamp),
            (with_timestamp("99999999999999999999"), Error::MalformedTimestamp),
            (with_timestamp("9223372036854775807"), Error::StaleTimestamp),
            (with_timestamp("1614265331"), Error::Mismatch),
            (with_signature(""), Error::MalformedSignature),
            (with_signature("v1,"), Error::MalformedSignature),
            (with_signature("v1,AAAA"), Error::MalformedSignature),
            (
                with_signature("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                Error::MalformedSignature,
            ),
            (
                with_signature("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                Error::MalformedSignature,
            ),
        ] {
            assert_eq!(verified(signed, BODY), Err(expected), "{signed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_changed_byte_of_the_body_is_refused(
            mut body in proptest::collection::vec(any::<u8>(), 1..2000),
            index in any::<prop::sample::Index>(),
            mask in 1..=255_u8,
        ) {
            let signature = secrets(SECRET).sign(SIGNED.id, SIGNED.timestamp, &body);
            let signed = Signed { signature: &signature, ..SIGNED };
            prop_assert_eq!(verified(signed, &body), Ok(()));
            let index = index.index(body.len());
            body[index] ^= mask;
            prop_assert_eq!(verified(signed, &body), Err(Error::Mismatch));
        }

        #[test]
        fn any_changed_bit_of_the_signature_is_refused(bit in 0..256_usize) {
            let mut bytes = STANDARD.decode(&SIGNED.signature[3..]).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let signature = format!("v1,{}", STANDARD.encode(bytes));
            prop_assert_eq!(verified(Signed { signature: &signature, ..SIGNED }, BODY), Err(Error::Mismatch));
        }
    }
}
