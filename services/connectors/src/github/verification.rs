//! Proof that a delivery comes from GitHub: HMAC-SHA256 over the raw body.
//!
//! Source: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

/// The App's webhook secret, prepared for verification. It has no `Debug`: it never reaches a log.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    /// Prepares the secret entered as "Webhook secret" on the App's page.
    pub fn new(secret: &SecretString) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes()))
    }

    /// Checks `X-Hub-Signature-256` against the raw `body`, in constant time.
    ///
    /// # Errors
    /// The first of [`Error`]'s reasons that applies; none of them says what the right signature would be.
    pub fn verify(&self, signature: &str, body: &[u8]) -> Result<(), Error> {
        let given = decode_signature(signature)?;
        hmac::verify(&self.0, body, &given).map_err(|_| Error::Mismatch)
    }

    /// The signature that GitHub would send, for simulators and tests.
    pub fn sign(&self, body: &[u8]) -> String {
        format!("sha256={}", hex::encode(hmac::sign(&self.0, body).as_ref()))
    }
}

fn decode_signature(signature: &str) -> Result<[u8; 32], Error> {
    let digits = signature.strip_prefix("sha256=").ok_or(Error::MalformedSignature)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| Error::MalformedSignature)?;
    Ok(bytes)
}

/// Why a delivery isn't GitHub's. All of them are answered with 401 and store nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `X-Hub-Signature-256` isn't there.
    #[error("the delivery isn't signed: X-Hub-Signature-256 is missing")]
    Missing,
    /// The signature isn't `sha256=` and 64 hexadecimal digits.
    #[error("X-Hub-Signature-256 isn't `sha256=` and 64 hexadecimal digits")]
    MalformedSignature,
    /// Another secret, or a changed body.
    #[error("X-Hub-Signature-256 doesn't match the body")]
    Mismatch,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The example of GitHub's documentation (link above).
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secret() -> WebhookSecret {
        WebhookSecret::new(&SecretString::from(SECRET))
    }

    #[test]
    fn the_published_example_verifies() {
        assert_eq!(secret().verify(SIGNATURE, BODY), Ok(()));
        assert_eq!(secret().sign(BODY), SIGNATURE);
    }

    #[test]
    fn malformed_signatures_are_named() {
        for signature in [
            "",
            "757107ea",
            "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
            "sha256=757107",
            "sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ] {
            assert_eq!(
                secret().verify(signature, BODY),
                Err(Error::MalformedSignature),
                "{signature}"
            );
        }
    }

    #[test]
    fn another_secret_is_refused() {
        let other = WebhookSecret::new(&SecretString::from("another"));
        assert_eq!(other.verify(SIGNATURE, BODY), Err(Error::Mismatch));
    }

    proptest! {
        #[test]
        fn any_changed_byte_of_the_body_is_refused(
            mut body in proptest::collection::vec(any::<u8>(), 1..2000),
            index in any::<prop::sample::Index>(),
            mask in 1..=255_u8,
        ) {
            let signature = secret().sign(&body);
            prop_assert_eq!(secret().verify(&signature, &body), Ok(()));
            let index = index.index(body.len());
            body[index] ^= mask;
            prop_assert_eq!(secret().verify(&signature, &body), Err(Error::Mismatch));
        }

        #[test]
        fn any_changed_bit_of_the_signature_is_refused(bit in 0..256_usize) {
            let mut bytes = hex::decode(&SIGNATURE[7..]).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let signature = format!("sha256={}", hex::encode(bytes));
            prop_assert_eq!(secret().verify(&signature, BODY), Err(Error::Mismatch));
        }
    }
}
