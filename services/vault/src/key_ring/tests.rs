//! What is taken for a key, what is refused, and what is derived.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

/// Bytes whose base64 has both characters in which the alphabets differ.
const BYTES: [u8; 32] = [
    0xfb, 0xff, 0xbf, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31,
];

fn parse(text: &str) -> Result<KeyRing, KeyRingError> {
    KeyRing::parse(&text.into())
}

#[test]
fn derivation_is_that_of_the_rfc() {
    // RFC 5869, A.1: the first 32 of the 42 bytes, which do not depend on how many are asked for.
    let salt = hex::decode("000102030405060708090a0b0c").unwrap();
    let information = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
    let derived = expand(&salt, &[0x0b; 22], &[&information[..4], &information[4..]]);
    assert_eq!(
        hex::encode(derived.as_slice()),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    );
}

/// Computed with another implementation: a change would make every wrapped data key and every signature worthless.
#[test]
fn what_is_derived_stays_the_same_for_ever() {
    let ring = parse(&STANDARD.encode(BYTES)).unwrap();
    assert_eq!(ring.current_id(), "86585257409377f4");
    assert_eq!(
        hex::encode(ring.current().encryption.as_slice()),
        "8efe3c9ab92e1988555d03c854fe878dea2889db66567e1cddc6e8decc533bb6"
    );
    let signed = hmac::sign(&ring.derive("authorization-state")[0], b"text");
    assert_eq!(
        hex::encode(signed),
        "5f04103341848ad14f2c2b105d467ea3dde15e4ee5c1999d28c7f1529164ce33"
    );
}

#[test]
fn both_alphabets_are_read_with_and_without_padding() {
    let expected = parse(&STANDARD.encode(BYTES)).unwrap().ids();
    for text in [
        STANDARD_NO_PAD.encode(BYTES),
        URL_SAFE.encode(BYTES),
        URL_SAFE_NO_PAD.encode(BYTES),
        format!(" {}\n", STANDARD.encode(BYTES)),
    ] {
        assert_eq!(parse(&text).unwrap().ids(), expected, "{text}");
    }
}

#[test]
fn what_is_no_key_is_refused_by_its_position() {
    let good = STANDARD.encode(BYTES);
    let refused = |text: &str| parse(text).unwrap_err();
    assert_eq!(refused(""), KeyRingError::Missing);
    assert_eq!(refused(" \n"), KeyRingError::Missing);
    assert_eq!(refused(&format!("{good},")), KeyRingError::Empty { position: 2 });
    assert_eq!(
        refused(&format!("{good},not base64!")),
        KeyRingError::NotBase64 { position: 2 }
    );
    let mixed = good.replace('/', "_");
    assert!(mixed.contains(['+', '-']) && mixed != good);
    assert_eq!(refused(&mixed), KeyRingError::NotBase64 { position: 1 });
    assert_eq!(
        refused(&STANDARD.encode(&BYTES[..16])),
        KeyRingError::Length { position: 1, bytes: 16 }
    );
    assert_eq!(
        refused(&STANDARD.encode([1; 33])),
        KeyRingError::Length { position: 1, bytes: 33 }
    );
    assert_eq!(refused(&STANDARD.encode([7; 32])), KeyRingError::Weak { position: 1 });
    assert_eq!(
        refused(&format!("{good},{}", URL_SAFE.encode(BYTES))),
        KeyRingError::Repeated { position: 2, first: 1 }
    );
}

#[test]
fn a_refusal_does_not_repeat_the_entry() {
    let short = STANDARD.encode(&BYTES[..16]);
    for text in [short.as_str(), "secret but not base64", &STANDARD.encode([7; 32])] {
        let error = parse(text).unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains(text), "{shown}");
        }
    }
    assert_eq!(
        parse(&short).unwrap_err().to_string(),
        "entry 1 of INFRAGPT_ENCRYPTION_KEYS has 16 bytes, not 32"
    );
}

#[test]
fn a_generated_key_is_taken_and_another_one_each_time() {
    let (one, other) = (KeyRing::generate(), KeyRing::generate());
    let ring = parse(&format!("{},{}", one.expose_secret(), other.expose_secret())).unwrap();
    assert_eq!(ring.ids().len(), 2);
    assert_eq!(ring.current_id(), KeyRing::parse(&one).unwrap().current_id());
}

#[test]
fn purposes_and_keys_give_unrelated_signatures() {
    let ring = parse(&format!(
        "{},{}",
        STANDARD.encode(BYTES),
        KeyRing::generate().expose_secret()
    ))
    .unwrap();
    let sign = |purpose| {
        ring.derive(purpose)
            .iter()
            .map(|key| hmac::sign(key, b"text").as_ref().to_vec())
            .collect::<Vec<_>>()
    };
    let mut all = [sign("one"), sign("other")].concat();
    assert_eq!(sign("one"), all[..2], "the same each time");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[test]
fn a_key_ring_shows_identifiers_only() {
    let ring = parse(&STANDARD.encode(BYTES)).unwrap();
    assert_eq!(format!("{ring:?}"), format!("KeyRing([{:?}])", ring.current_id()));
}
